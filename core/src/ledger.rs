//! Where this session shares the bot's location, as far as it knows: asked without a request.

use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    clock::{Moment, Now},
    model::ThreadId,
    shared::Shared,
};

/// The shares of a session that have neither expired nor been stopped. Clones are the same ledger.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(Shared<BTreeMap<ThreadId, Moment>>);

/// The active shares, to be saved when a program ends and [restored](crate::Chats::restore_shared_locations) when it starts
/// again. It holds no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedLocations {
    /// When each ends, by the wall clock: the only one that two processes have in common.
    shares: BTreeMap<ThreadId, DateTime<Utc>>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self(Shared::new(BTreeMap::new()))
    }

    /// A share began. It replaces the one there may have been in that chat, as it does on the server.
    pub(crate) fn begin(&self, tid: ThreadId, now: Now, lasts: Duration) {
        self.0.with(|shares| shares.insert(tid, now.moment.plus(lasts)));
    }

    pub(crate) fn end(&self, tid: &ThreadId) {
        self.0.with(|shares| shares.remove(tid));
    }

    /// Of those that were known when the server was asked, it says which ones there are. What began since stays.
    pub(crate) fn keep(&self, known: &BTreeMap<ThreadId, Moment>, active: &[ThreadId]) {
        self.0.with(|shares| shares.retain(|tid, ends| known.get(tid) != Some(ends) || active.contains(tid)));
    }

    /// All that are known, and when they end.
    pub(crate) fn known(&self) -> BTreeMap<ThreadId, Moment> {
        self.0.with(|shares| shares.clone())
    }

    pub(crate) fn active(&self, now: Now) -> Vec<ThreadId> {
        self.0.with(|shares| {
            shares.retain(|_, ends| *ends > now.moment);
            shares.keys().cloned().collect()
        })
    }

    pub(crate) fn save(&self, now: Now) -> SharedLocations {
        let ends = |ends: &Moment| {
            let left = TimeDelta::from_std(ends.since(now.moment)).unwrap_or(TimeDelta::MAX);
            now.utc.checked_add_signed(left).unwrap_or(DateTime::<Utc>::MAX_UTC)
        };
        let active = |shares: &mut BTreeMap<ThreadId, Moment>| {
            let active = shares.iter().filter(|(_, ends)| **ends > now.moment);
            active.map(|(tid, moment)| (tid.clone(), ends(moment))).collect()
        };
        SharedLocations { shares: self.0.with(active) }
    }

    /// What was saved is there again, as far as it has not ended since. What began in the meantime stays.
    pub(crate) fn restore(&self, now: Now, saved: SharedLocations) {
        self.0.with(|shares| {
            for (tid, ends) in saved.shares {
                if let Ok(left) = (ends - now.utc).to_std() {
                    shares.entry(tid).or_insert_with(|| now.moment.plus(left));
                }
            }
        });
    }
}
