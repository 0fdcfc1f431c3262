//! The location shares of this session, tracked locally.

use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    effect::{Moment, Now},
    model::{ThreadId, Version},
    shared::Shared,
};

/// Maximum duration of a share.
const MAX_DURATION: Duration = Duration::from_secs(8 * 60 * 60);

/// The shares of a session that have neither expired nor been stopped. Clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(Shared<Snapshot>);

/// The known shares by chat.
pub(crate) type Snapshot = BTreeMap<ThreadId, Share>;

/// The times of a share on both clocks. It has ended once its end has passed on either: the monotonic clock may stop
/// while the machine is suspended, and the wall clock may be set back. A wall clock that is set forward ends a share
/// too early, which is the lesser error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    started: Moment,
    ends: Moment,
    ends_at: DateTime<Utc>,
}

impl Share {
    /// Creates a share that ends after this time.
    fn lasting(now: Now, left: Duration) -> Self {
        let left = left.min(MAX_DURATION);
        Self { started: now.moment, ends: now.moment.saturating_add(left), ends_at: after(now.utc, left) }
    }

    /// Returns the remaining time, by the clock on which less remains.
    fn left(&self, now: Now) -> Duration {
        let by_wall_clock = (self.ends_at - now.utc).to_std().unwrap_or_default();
        self.ends.saturating_duration_since(now.moment).min(by_wall_clock)
    }

    fn is_active(&self, now: Now) -> bool {
        !self.left(now).is_zero()
    }
}

/// The active location shares, to be saved when a program ends and [restored](crate::Chats::import_location_shares)
/// when it starts again. They contain no secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationShares {
    #[serde(default)]
    version: Version<1>,
    /// The end of each share on the wall clock, the only clock that two processes have in common.
    shares: BTreeMap<ThreadId, DateTime<Utc>>,
    /// The time at which they were saved, so that no share becomes longer if the clock is set back. Earlier versions
    /// did not save it.
    #[serde(default)]
    saved_at: Option<DateTime<Utc>>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self(Shared::new(BTreeMap::new()))
    }

    /// Adds a share that started `age` ago. It replaces an earlier one in the same chat, as on the server.
    pub(crate) fn start(&self, tid: ThreadId, now: Now, age: Duration, duration: Duration) {
        let started = Moment::from_epoch(now.moment.since_epoch().saturating_sub(age));
        let share = Share { started, ..Share::lasting(now, duration.saturating_sub(age)) };
        self.0.with(|shares| {
            if shares.get(&tid).is_none_or(|other| other.started <= started) {
                shares.insert(tid, share);
            }
        });
    }

    pub(crate) fn end(&self, tid: &ThreadId) {
        self.0.with(|shares| shares.remove(tid));
    }

    /// Removes the shares that were known at the time of the request and are not `active` on the server. Newer ones
    /// stay.
    pub(crate) fn reconcile(&self, known: &Snapshot, active: &[ThreadId]) {
        self.0.with(|shares| shares.retain(|tid, share| known.get(tid) != Some(share) || active.contains(tid)));
    }

    /// Replaces the known shares by those that are `active` on the server, with their remaining times. Changes since
    /// the request take precedence. If the list is not complete, no share is removed.
    pub(crate) fn replace(&self, known: &Snapshot, now: Now, active: Vec<(ThreadId, Duration)>, is_complete: bool) {
        if is_complete {
            let chats: Vec<_> = active.iter().map(|(tid, _)| tid.clone()).collect();
            self.reconcile(known, &chats);
        }
        self.0.with(|shares| {
            for (tid, left) in active {
                if shares.get(&tid) == known.get(&tid) {
                    shares.insert(tid, Share::lasting(now, left));
                }
            }
        });
    }

    /// Returns all known shares.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.0.with(|shares| shares.clone())
    }

    pub(crate) fn active(&self, now: Now) -> Vec<ThreadId> {
        self.0.with(|shares| {
            // Removed for good, so that a clock that is set back later does not make them active again.
            shares.retain(|_, share| share.is_active(now));
            shares.keys().cloned().collect()
        })
    }

    pub(crate) fn export(&self, now: Now) -> LocationShares {
        let active = |shares: &mut Snapshot| {
            shares.retain(|_, share| share.is_active(now));
            shares.iter().map(|(tid, share)| (tid.clone(), after(now.utc, share.left(now)))).collect()
        };
        LocationShares { version: Version, shares: self.0.with(active), saved_at: Some(now.utc) }
    }

    /// Restores the saved shares that have not ended since. None lasts longer than the time that remained when it was
    /// saved, even if the wall clock has been set back. Newer shares stay.
    pub(crate) fn import(&self, now: Now, saved: LocationShares) {
        self.0.with(|shares| {
            for (tid, ends_at) in saved.shares {
                let since = saved.saved_at.map_or(now.utc, |saved_at| saved_at.max(now.utc));
                match (ends_at - since).to_std() {
                    Ok(left) if !left.is_zero() => {
                        shares.entry(tid).or_insert_with(|| Share::lasting(now, left));
                    }
                    _ => {}
                }
            }
        });
    }
}

fn after(utc: DateTime<Utc>, time: Duration) -> DateTime<Utc> {
    let time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    utc.checked_add_signed(time).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
