//! Compares the client's record of its location shares with the expected ones.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use teamwire_core::{
    Error,
    effect::{Moment, Now},
    model::ShareDuration,
};
use teamwire_sandbox::world::org;

use super::{
    disk::SavedShares,
    environment::Environment,
    process::Process,
    violation::{Violation, violation},
    workload::{Action, Operation},
};

/// The shares that the client has to know, by chat.
pub(super) type Shares = BTreeMap<&'static str, Share>;

/// The first latitude of a share, and its end by each of the clocks of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    latitude: i64,
    ends_at: Moment,
    ends_at_utc: DateTime<Utc>,
}

impl Share {
    fn new(latitude: i64, now: Now, duration: Duration) -> Self {
        Self { latitude, ends_at: now.moment.saturating_add(duration), ends_at_utc: now.utc + duration }
    }

    /// Returns the remaining duration by the clock that leaves less of it.
    fn remaining(self, now: Now) -> Duration {
        self.ends_at
            .saturating_duration_since(now.moment)
            .min((self.ends_at_utc - now.utc).to_std().unwrap_or_default())
    }

    fn is_active(self, now: Now) -> bool {
        !self.remaining(now).is_zero()
    }
}

impl Process<'_> {
    /// Updates the expected shares after an operation, and saves the client's.
    pub(super) fn update_expected_shares(
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

    pub(super) fn restore_shares(&mut self, env: &Environment) -> Result<(), Violation> {
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

    pub(super) fn check_shares(&mut self, env: &Environment) -> Result<(), Violation> {
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
