//! Where this session shares the bot's location, as far as it knows: asked without a request.

use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    effect::{Moment, Now},
    model::ThreadId,
    shared::Shared,
};

/// The longest that a location is shared.
const MAX_DURATION: Duration = Duration::from_secs(8 * 60 * 60);

/// The shares of a session that have neither expired nor been stopped. Clones are the same ledger.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(Shared<Snapshot>);

/// What is known of the shares, by chat.
pub(crate) type Snapshot = BTreeMap<ThreadId, Share>;

/// A share, by both clocks. It has ended as soon as one of them says so: the monotonic one may stand still while the machine is
/// suspended, and the wall clock may be set back. A clock that is set forward ends a share too early: to say that somebody's
/// location is not shared, and to ask the server in doubt, is the lesser error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    started: Moment,
    ends: Moment,
    ends_at: DateTime<Utc>,
}

impl Share {
    /// One that ends after this time.
    fn lasting(now: Now, left: Duration) -> Self {
        let left = left.min(MAX_DURATION);
        Self { started: now.moment, ends: now.moment.saturating_add(left), ends_at: after(now.utc, left) }
    }

    /// Returns how long it still lasts, by the clock that says less.
    fn left(&self, now: Now) -> Duration {
        let by_wall_clock = (self.ends_at - now.utc).to_std().unwrap_or_default();
        self.ends.saturating_duration_since(now.moment).min(by_wall_clock)
    }

    fn is_active(&self, now: Now) -> bool {
        !self.left(now).is_zero()
    }
}

/// The active shares, to be saved when a program ends and [restored](crate::Chats::import_location_shares) when it starts
/// again. It holds no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationShares {
    /// When each ends, by the wall clock: the only one that two processes have in common.
    shares: BTreeMap<ThreadId, DateTime<Utc>>,
    /// When that was, by the same clock: should it be set back, no share becomes longer. Earlier versions did not save it.
    #[serde(default)]
    saved_at: Option<DateTime<Utc>>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self(Shared::new(BTreeMap::new()))
    }

    /// A share began this long ago. It replaces an earlier one in that chat, as it does on the server.
    pub(crate) fn start(&self, tid: ThreadId, now: Now, age: Duration, lasts: Duration) {
        let begun = Moment::from_epoch(now.moment.since_epoch().saturating_sub(age));
        let share = Share { started: begun, ..Share::lasting(now, lasts.saturating_sub(age)) };
        self.0.with(|shares| {
            if shares.get(&tid).is_none_or(|other| other.started <= begun) {
                shares.insert(tid, share);
            }
        });
    }

    pub(crate) fn end(&self, tid: &ThreadId) {
        self.0.with(|shares| shares.remove(tid));
    }

    /// Of those that were known when the server was asked, it says which ones there are. What began since stays.
    pub(crate) fn reconcile(&self, known: &Snapshot, active: &[ThreadId]) {
        self.0.with(|shares| shares.retain(|tid, share| known.get(tid) != Some(share) || active.contains(tid)));
    }

    /// Takes over what the server has, and how long each still lasts. What began or ended since it was asked stays so, and
    /// what is known does unless this is complete.
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

    /// All that are known.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.0.with(|shares| shares.clone())
    }

    pub(crate) fn active(&self, now: Now) -> Vec<ThreadId> {
        self.0.with(|shares| {
            // For good: a clock that is set back later makes none active again.
            shares.retain(|_, share| share.is_active(now));
            shares.keys().cloned().collect()
        })
    }

    pub(crate) fn export(&self, now: Now) -> LocationShares {
        let active = |shares: &mut Snapshot| {
            shares.retain(|_, share| share.is_active(now));
            shares.iter().map(|(tid, share)| (tid.clone(), after(now.utc, share.left(now)))).collect()
        };
        LocationShares { shares: self.0.with(active), saved_at: Some(now.utc) }
    }

    /// What was saved is there again, as far as it has not ended since: for no longer than was left then, whatever the wall clock
    /// says now. What began in the meantime stays.
    pub(crate) fn import(&self, now: Now, saved: LocationShares) {
        self.0.with(|shares| {
            for (tid, ends) in saved.shares {
                let since = saved.saved_at.map_or(now.utc, |saved_at| saved_at.max(now.utc));
                match (ends - since).to_std() {
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
