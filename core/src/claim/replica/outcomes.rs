//! The outcomes of calls.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Exit, Replica, State};
use crate::{
    claim::{Call, ClaimRequest, Claimed, Grant, Outcome, Release, Save, Saved, StoreError, StoreErrorKind, View},
    effect::{Moment, Now},
};

/// The wait after the first failure, which doubles up to the time between renewals.
const MIN_BACKOFF: Duration = Duration::from_millis(100);

impl Replica {
    /// Handles the outcome of the last call, which was sent at `sent`. Ignored if it is not one of that call.
    pub fn handle(&mut self, sent: Now, now: Now, outcome: Outcome) {
        let Some(call) = self.call.take() else { return };
        let result = match (&call, outcome) {
            (Call::Renew, Outcome::Renew(result)) => result.map(|view| self.on_view(sent, now, view)),
            (Call::Claim(wanted, _), Outcome::Claim(result)) => {
                result.map(|claimed| self.on_claimed(now.moment, wanted, claimed))
            }
            (Call::Save(saves), Outcome::Save(result)) => result.map(|saved| self.on_saved(saves, &saved)),
            (Call::Release(released), Outcome::Release(result)) => {
                result.map(|()| self.releases.drain(..released.len().min(self.releases.len())).for_each(drop))
            }
            (Call::Leave, Outcome::Leave(result)) => result.map(|()| self.exit = Exit::Left),
            _ => {
                self.call = Some(call);
                return;
            }
        };
        match result {
            Ok(()) => (self.failures, self.retry_at, self.outage) = (0, None, None),
            Err(error) if error.kind == StoreErrorKind::Unavailable => self.on_outage(now.moment, &call, error),
            Err(error) => self.failure = Some(error),
        }
    }

    fn on_view(&mut self, sent: Now, now: Now, view: View) {
        // The store knows whether the lease has expired. Should it have lost that, the clocks of this process tell.
        let was_safe = self.lease.is_safe(now);
        self.lease.renew(sent);
        if self.joined.replace(view.joined) != Some(view.joined) || !was_safe {
            // Its claims may have been granted to others. Those that have not begun are simply claimed again.
            for tenure in self.feeds.values_mut() {
                let Some(held) = tenure.held_mut() else { continue };
                held.is_verified = false;
                if held.is_save_uncertain() {
                    self.releases.push(Release { claim: held.grant.claim.clone(), is_unfinished: false });
                    tenure.state = State::Waiting;
                }
            }
        }
        if self.members == view.members {
            return;
        }
        let is_new = |id: &_| *id != self.member.id && !self.members.contains(id);
        let has_grown = view.members.iter().any(is_new);
        (self.members, self.changed_at, self.idle_claims) = (view.members, now.moment, 0);
        self.has_to_share |= has_grown;
        // A dead member's feeds are free.
        for tenure in self.feeds.values_mut() {
            if tenure.holder.as_ref().is_some_and(|holder| !self.members.contains(holder)) {
                (tenure.holder, tenure.tried_at) = (None, None);
            }
        }
    }

    fn on_claimed(&mut self, now: Moment, wanted: &[ClaimRequest], claimed: Vec<Claimed>) {
        let mut is_idle = true;
        for claimed in claimed {
            let claim = claimed.claim().clone();
            let requested = wanted.iter().find(|wanted| wanted.feed == claim.feed);
            let tenure = self.feeds.get_mut(&claim.feed);
            match (claimed, tenure) {
                (Claimed::Held { checkpoint, seq, tries, .. }, Some(tenure)) if tenure.is_claiming(&claim.id) => {
                    is_idle = false;
                    let grant = Grant { claim: claim.clone(), checkpoint, tries };
                    if !tenure.granted(grant, seq) {
                        self.releases.push(Release { claim, is_unfinished: false });
                    }
                }
                // It was unfollowed meanwhile, and that has released the claim.
                (Claimed::Held { .. }, _) => {}
                (Claimed::Taken { by, checkpoint, .. }, tenure) => {
                    // A late request of this member, whose claim nothing uses.
                    if by == self.member.id && requested.is_some_and(|wanted| wanted.id != claim.id) {
                        self.releases.push(Release { claim, is_unfinished: false });
                    }
                    if let Some(tenure) = tenure {
                        tenure.taken(by, checkpoint.is_some());
                    }
                }
            }
        }
        for ClaimRequest { feed, id } in wanted {
            if let Some(tenure) = self.feeds.get_mut(feed)
                && tenure.is_claiming(id)
            {
                tenure.state = State::Waiting;
                tenure.tried_at = Some(now);
            }
        }
        self.idle_claims = if is_idle { self.idle_claims.saturating_add(1) } else { 0 };
    }

    fn on_saved(&mut self, saves: &[Save], saved: &[Saved]) {
        for (save, saved) in saves.iter().zip(saved) {
            let Some(tenure) = self.feeds.get_mut(&save.claim.feed) else { continue };
            match saved {
                Saved::Yes => tenure.saved(save.clone()),
                Saved::Lost if tenure.held_as(&save.claim.id).is_some() => {
                    tenure.state = State::Waiting;
                    tenure.tried_at = None;
                }
                Saved::Lost => {}
            }
        }
    }

    fn on_outage(&mut self, now: Moment, call: &Call, error: StoreError) {
        self.failures = self.failures.saturating_add(1);
        let backoff = MIN_BACKOFF.saturating_mul(1 << (self.failures - 1).min(16));
        self.retry_at = Some(now.saturating_add(backoff.min(self.lease.interval())));
        self.outage = Some(error);
        // Claims of feeds that were unfollowed meanwhile may have been granted after their release.
        if let Call::Claim(wanted, _) = call {
            for ClaimRequest { feed, id } in wanted.iter().filter(|wanted| !self.feeds.contains_key(&wanted.feed)) {
                let claim = crate::claim::Claim { feed: feed.clone(), id: id.clone(), fence: 0 };
                self.releases.push(Release { claim, is_unfinished: false });
            }
        }
    }
}
