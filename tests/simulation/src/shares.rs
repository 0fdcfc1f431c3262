//! What the process says of the locations it shares, against what is known of them.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use teamwire_core::{Error, Moment, Now, ShareDuration};
use teamwire_sandbox::world::org;

use super::{
    disk::SavedShares,
    environment::Universe,
    process::Process,
    violation::{Broken, broken},
    workload::{Chore, Task},
};

/// The shares that the ledger is to have, by chat.
pub(super) type Shares = BTreeMap<&'static str, Share>;

/// Where a share began, and when it ends by each of the clocks of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    lat: i64,
    ends: Moment,
    ends_at: DateTime<Utc>,
}

impl Share {
    fn lasting(lat: i64, now: Now, left: Duration) -> Self {
        Self { lat, ends: now.moment.plus(left), ends_at: now.utc + left }
    }

    /// How long it lasts by the clock that says less.
    fn left(self, now: Now) -> Duration {
        self.ends.since(now.moment).min((self.ends_at - now.utc).to_std().unwrap_or_default())
    }

    fn is_active(self, now: Now) -> bool {
        !self.left(now).is_zero()
    }
}

impl Process<'_> {
    /// A chore has ended: what the ledger is to have by that.
    pub(super) fn note_shares(&mut self, run: &mut Universe, chore: &Chore<'_>, result: &Result<(), Error>) {
        let (well, now) = (result.is_ok(), run.client_now());
        match chore.task {
            // What may have begun counts until the server says otherwise.
            Task::Share(tid, lat) if well || result.as_ref().is_err_and(Error::may_have_arrived) => {
                self.shares.insert(tid, Share::lasting(lat, now, ShareDuration::QuarterHour.as_duration()));
            }
            Task::StopSharing(tid) if well => drop(self.shares.remove(tid)),
            // What the server was not asked about, it says nothing of.
            Task::Move(_) if well => self.shares.retain(|tid, share| {
                chore.known.get(tid) != Some(share) || chore.active.iter().any(|active| active == tid)
            }),
            _ if !chore.task.is_about_shares() => return,
            _ => {}
        }
        self.shares.retain(|_, share| share.is_active(now));
        let saved = self.client.chats().save_shared_locations();
        let json = serde_json::to_string(&saved).expect("a ledger can be written");
        run.disk.shares = Some(SavedShares { json, shares: self.shares.clone(), at: now });
    }

    pub(super) fn restore_shares(&mut self, run: &Universe) -> Result<(), Broken> {
        let Some(saved) = &run.disk.shares else { return Ok(()) };
        let Ok(ledger) = serde_json::from_str(&saved.json) else {
            return broken("a saved ledger can be read again", || saved.json.clone());
        };
        self.client.chats().restore_shared_locations(ledger);
        // The ledger goes by the clock of the day, which may have been set in between; but no share becomes longer by that.
        let now = run.client_now();
        let passed = (now.utc - saved.at.utc).to_std().unwrap_or_default();
        let left = |share: &Share| share.left(saved.at).saturating_sub(passed);
        self.shares = saved.shares.iter().map(|(tid, it)| (*tid, Share::lasting(it.lat, now, left(it)))).collect();
        Ok(())
    }

    pub(super) fn check_shares(&mut self, run: &Universe) -> Result<(), Broken> {
        let (chats, now) = (self.client.chats(), run.client_now());
        let active = chats.location_sharing_active_chats();
        if chats.has_location_sharing_active_chats() == active.is_empty() {
            return broken("the two getters of the ledger agree", || format!("{active:?}"));
        }
        for tid in [org::LOBBY, org::NOTICES] {
            let says = active.iter().any(|chat| chat.tid().as_str() == tid);
            match self.shares.get(tid).map(|share| share.is_active(now)) {
                Some(false) if says => {
                    return broken("a share is never called active after its end by either clock", || tid.into());
                }
                None if says => {
                    return broken("the ledger has no share that never was, or was stopped", || tid.into());
                }
                Some(true) if !says => return broken("a share that is known is in the ledger", || tid.into()),
                _ => {}
            }
        }
        // It has ended for good, wherever a clock is set later.
        self.shares.retain(|_, share| share.is_active(now));
        Ok(())
    }
}
