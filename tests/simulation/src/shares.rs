//! What the process says of the locations it shares, against what is known of them.

use std::{collections::BTreeMap, time::Duration};

use teamwire_core::{Error, ShareDuration};
use teamwire_sandbox::world::org;

use super::{
    broken::{Broken, broken},
    chore::{Chore, Task},
    disk::SavedShares,
    process::Process,
    universe::Universe,
};

/// The shares that the ledger is to have: for each chat where the share began, and when it ends, on the run's clock.
pub(super) type Shares = BTreeMap<&'static str, (i64, Duration)>;

impl Process<'_> {
    /// A chore has ended: what the ledger is to have by that.
    pub(super) fn note_shares(&mut self, run: &mut Universe, chore: &Chore<'_>, result: &Result<(), Error>) {
        let well = result.is_ok();
        match chore.task {
            // What may have begun counts until the server says otherwise.
            Task::Share(tid, lat) if well || result.as_ref().is_err_and(Error::may_have_arrived) => {
                self.shares.insert(tid, (lat, run.clock + ShareDuration::QuarterHour.as_duration()));
            }
            Task::StopSharing(tid) if well => drop(self.shares.remove(tid)),
            // What the server was not asked about, it says nothing of.
            Task::Move(_) if well => self.shares.retain(|tid, share| {
                chore.known.get(tid) != Some(share) || chore.active.iter().any(|active| active == tid)
            }),
            _ if !chore.task.is_about_shares() => return,
            _ => {}
        }
        self.shares.retain(|_, (_, ends)| *ends > run.clock);
        let saved = self.client.chats().save_shared_locations();
        let json = serde_json::to_string(&saved).expect("a ledger can be written");
        run.disk.shares = Some(SavedShares { json, shares: self.shares.clone(), skew: run.skew, at: run.clock });
    }

    pub(super) fn restore_shares(&mut self, run: &Universe) -> Result<(), Broken> {
        let Some(saved) = &run.disk.shares else { return Ok(()) };
        let Ok(ledger) = serde_json::from_str(&saved.json) else {
            return broken("a saved ledger can be read again", || saved.json.clone());
        };
        self.client.chats().restore_shared_locations(ledger);
        self.shares.clone_from(&saved.shares);
        // The ledger goes by the clock of the day, which may have been set in between; but no share becomes longer by that.
        let at = saved.at;
        let later = saved.skew - run.skew;
        for (_, ends) in self.shares.values_mut() {
            let left = ends.saturating_sub(at);
            *ends = match later.to_std() {
                Ok(later) => (*ends + later).min(run.clock + left),
                Err(_) => ends.saturating_sub(later.abs().to_std().unwrap_or_default()),
            };
        }
        Ok(())
    }

    pub(super) fn check_shares(&self, run: &Universe) -> Result<(), Broken> {
        let chats = self.client.chats();
        let active = chats.location_sharing_active_chats();
        if chats.has_location_sharing_active_chats() == active.is_empty() {
            return broken("the two getters of the ledger agree", || format!("{active:?}"));
        }
        for tid in [org::LOBBY, org::NOTICES] {
            let says = active.iter().any(|chat| chat.tid().as_str() == tid);
            let known = self.shares.get(tid).filter(|(_, ends)| *ends > run.clock);
            match known {
                None if says => {
                    return broken("the ledger has no share that never was, was stopped, or is over", || tid.into());
                }
                Some(_) if !says => return broken("a share that is known is in the ledger", || tid.into()),
                _ => {}
            }
        }
        Ok(())
    }
}
