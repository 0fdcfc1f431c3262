//! Compares the client's record of its location shares with the expected ones.

use teamwire_core::{Error, model::ShareDuration};
use teamwire_sandbox::world::org;

use super::Process;
use crate::{
    disk::SavedShares,
    environment::Environment,
    shares::Share,
    violation::{Violation, violation},
    workload::{Action, Operation},
};

impl Process<'_> {
    /// Updates the expected shares after an operation, and saves the client's.
    pub(crate) fn update_expected_shares(
        &mut self,
        env: &mut Environment,
        operation: &Operation<'_>,
        result: &Result<(), Error>,
    ) {
        let (succeeded, now) = (result.is_ok(), env.client_now());
        match operation.action {
            // A share that may have started counts until the server denies it.
            Action::StartSharing(tid, lat) if succeeded || result.as_ref().is_err_and(Error::outcome_unknown) => {
                self.shares.insert(tid, Share::new(lat, now, ShareDuration::QuarterHour.as_duration()));
            }
            Action::StopSharing(tid) if succeeded => drop(self.shares.remove(tid)),
            // The response only covers shares that were known when the request was sent.
            Action::UpdateLocation(_) if succeeded => self.shares.retain(|tid, share| {
                operation.known_shares.get(tid) != Some(share)
                    || operation.active_chats.iter().any(|active| active == tid)
            }),
            _ if !operation.action.affects_shares() => return,
            _ => {}
        }
        self.shares.retain(|_, share| share.is_active(now));
        let saved = self.client.chats().export_location_shares();
        let json = serde_json::to_string(&saved).expect("the shares are serializable");
        env.disk.shares = Some(SavedShares { json, shares: self.shares.clone(), saved_at: now });
    }

    pub(crate) fn restore_shares(&mut self, env: &Environment) -> Result<(), Violation> {
        let Some(saved) = &env.disk.shares else { return Ok(()) };
        let Ok(saved_shares) = serde_json::from_str(&saved.json) else {
            return violation("saved shares can be loaded", || saved.json.clone());
        };
        self.client.chats().import_location_shares(saved_shares);
        // Saved shares end by the wall clock, which may have been set since. That must not prolong a share.
        let now = env.client_now();
        let elapsed = (now.utc - saved.saved_at.utc).to_std().unwrap_or_default();
        let restored =
            |share: &Share| Share::new(share.latitude, now, share.remaining(saved.saved_at).saturating_sub(elapsed));
        self.shares = saved.shares.iter().map(|(tid, share)| (*tid, restored(share))).collect();
        Ok(())
    }

    pub(crate) fn check_shares(&mut self, env: &Environment) -> Result<(), Violation> {
        let (chats, now) = (self.client.chats(), env.client_now());
        let active = chats.location_sharing_active_chats();
        if chats.has_location_sharing_active_chats() == active.is_empty() {
            return violation("both getters of the shares agree", || format!("{active:?}"));
        }
        for tid in [org::LOBBY, org::NOTICES] {
            let is_listed = active.iter().any(|chat| chat.tid().as_str() == tid);
            match self.shares.get(tid).map(|share| share.is_active(now)) {
                Some(false) if is_listed => {
                    return violation("no share is listed after its end by either clock", || tid.into());
                }
                None if is_listed => {
                    return violation("no unknown or stopped share is listed", || tid.into());
                }
                Some(true) if !is_listed => return violation("every known share is listed", || tid.into()),
                _ => {}
            }
        }
        // A share that has ended stays ended, even if a clock is set back later.
        self.shares.retain(|_, share| share.is_active(now));
        Ok(())
    }
}
