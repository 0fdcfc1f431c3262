//! The choice of the next call.

use alloc::{format, string::String, vec::Vec};
use core::{ops::Bound, time::Duration};

use super::{Exit, Replica, State, Tenure};
use crate::{
    claim::{Call, ClaimRequest, Release, Save, share::Share},
    effect::Moment,
};

/// Maximum number of feeds in a call.
pub(super) const MAX_BATCH: usize = 500;

/// The claims that are due.
struct Pace {
    /// Number of feeds that are missing in the share.
    missing: usize,
    /// Time between two claims of the same feed.
    interval: Duration,
}

impl Replica {
    pub(super) fn next_call(&mut self, now: Moment) -> Option<Call> {
        if !self.is_leaving() && !self.feeds.is_empty() && now >= self.renewal() {
            return Some(Call::Renew);
        }
        if !self.releases.is_empty() {
            let batch = self.releases.iter().take(MAX_BATCH).cloned();
            return Some(Call::Release(batch.collect()));
        }
        let saves = self.next_saves();
        if !saves.is_empty() {
            return Some(Call::Save(saves));
        }
        if self.is_leaving() { self.joined.map(|_| Call::Leave) } else { self.claim(now) }
    }

    /// Returns the saves of a call: in turns, as feeds that are saved all the time would hold up the others.
    fn next_saves(&mut self) -> Vec<Save> {
        let last = self.last_saved.take().unwrap_or_default();
        let mut saves = Vec::new();
        for range in [(Bound::Excluded(&*last), Bound::Unbounded), (Bound::Unbounded, Bound::Included(&*last))] {
            let held = self.feeds.range_mut::<str, _>(range).filter_map(|(_, tenure)| tenure.held_mut());
            let left = MAX_BATCH - saves.len();
            saves.extend(held.filter_map(|held| held.next_save()).take(left));
        }
        self.last_saved = saves.get(MAX_BATCH - 1).map(|save| save.claim.feed.clone());
        saves
    }

    /// Returns the time at which a call may be due. Changes may make one due earlier.
    pub(super) fn next_time(&self) -> Option<Moment> {
        let hangs = self.feeds.values().filter(|tenure| tenure.held().is_some());
        let hangs = hangs.filter_map(|tenure| Some(tenure.busy_since?.saturating_add(self.handler_timeout)));
        let tries = self.feeds.values().filter(|tenure| tenure.is_claimable());
        let pace = self.pace();
        let tries = tries.map(|tenure| self.next_try(tenure, &pace));
        let renewal = Some(self.renewal()).filter(|_| !self.feeds.is_empty());
        hangs.chain(tries).chain(renewal).min()
    }

    fn renewal(&self) -> Moment {
        let has_all = self.feeds.values().all(|tenure| tenure.held().is_some());
        self.lease.renewal(match (has_all, self.feeds.len()) {
            (false, _) => self.lease.short_interval(),
            (true, 0 | 1) => self.lease.interval(),
            (true, _) => self.lease.share_interval(),
        })
    }

    pub(super) fn share(&self) -> Share {
        let rank = self.members.iter().position(|id| *id == self.member.id).unwrap_or(self.members.len());
        Share::new(self.feeds.len(), self.members.len().max(rank + 1), rank)
    }

    fn held_count(&self) -> usize {
        self.feeds.values().filter(|tenure| !matches!(tenure.state, State::Waiting)).count()
    }

    fn pace(&self) -> Pace {
        let held = self.held_count();
        let missing = self.share().quota.saturating_sub(held);
        let (short, long) = (self.lease.short_interval(), self.lease.duration());
        if missing == 0 {
            return Pace { missing, interval: long };
        }
        // All of a few feeds fit into one call. With many, the rounds become rarer until something changes.
        let is_one_call = self.feeds.len() <= MAX_BATCH;
        let calls_per_round = self.feeds.len().saturating_sub(held).div_ceil(MAX_BATCH).max(1);
        let rounds = if is_one_call { 0 } else { (self.idle_claims / calls_per_round).min(16) };
        Pace { missing, interval: short.saturating_mul(1 << rounds).min(long.max(short)) }
    }

    /// Claims feeds: those whose claim may have been granted, then the missing ones of the share. A feed beyond the
    /// share is tried once per lease, because the member whose share it is might not follow it. Of many feeds, that is
    /// one call per lease, with those that were tried the longest time ago.
    fn claim(&mut self, now: Moment) -> Option<Call> {
        let repeated = self.feeds.iter().filter_map(|(feed, tenure)| match &tenure.state {
            State::Claiming(id) => Some(ClaimRequest { feed: feed.clone(), id: id.clone() }),
            State::Waiting | State::Held(_) => None,
        });
        let mut wanted: Vec<ClaimRequest> = repeated.take(MAX_BATCH).collect();
        if !wanted.is_empty() {
            // None of them is new, as that could be more than the share.
            return Some(Call::Claim(wanted, 0));
        }
        let pace = self.pace();
        let due = |(_, tenure): &(&String, &Tenure)| tenure.is_claimable() && now >= self.next_try(tenure, &pace);
        let feeds = self.feeds.iter().cycle().skip(self.share().start).take(self.feeds.len());
        let mut feeds: Vec<_> = feeds.filter(due).map(|(feed, tenure)| (tenure.tried_at, feed)).collect();
        if pace.missing == 0 {
            feeds.sort();
        }
        let feeds: Vec<String> = feeds.into_iter().take(MAX_BATCH).map(|(_, feed)| feed.clone()).collect();
        if pace.missing == 0 && !feeds.is_empty() {
            self.tried_beyond_at = now;
        }
        for feed in feeds {
            self.claims += 1;
            let id = format!("{}.{}", self.member.id, self.claims);
            if let Some(tenure) = self.feeds.get_mut(&feed) {
                tenure.tried_at = Some(now);
                tenure.state = State::Claiming(id.clone());
            }
            wanted.push(ClaimRequest { feed, id });
        }
        (!wanted.is_empty()).then_some(Call::Claim(wanted, pace.missing.max(1)))
    }

    /// Returns the time at which a feed may be claimed again.
    fn next_try(&self, tenure: &Tenure, pace: &Pace) -> Moment {
        if pace.missing > 0 {
            return tenure.tried_at.map_or(Moment::EPOCH, |tried_at| tried_at.saturating_add(pace.interval));
        }
        let last = tenure.tried_at.unwrap_or(self.changed_at).max(self.changed_at);
        let last = if self.feeds.len() > MAX_BATCH { last.max(self.tried_beyond_at) } else { last };
        last.saturating_add(pace.interval)
    }

    /// Gives up the claims of feeds whose handler hangs.
    pub(super) fn give_up_hanging(&mut self, now: Moment) {
        let handler_timeout = self.handler_timeout;
        for tenure in self.feeds.values_mut() {
            let hangs = tenure.busy_since.is_some_and(|since| now >= since.saturating_add(handler_timeout));
            if let (true, State::Held(held)) = (hangs, &tenure.state) {
                self.releases.push(Release { claim: held.grant.claim.clone(), is_unfinished: true });
                tenure.state = State::Waiting;
                tenure.tried_at = Some(now);
            }
        }
    }

    /// Releases the claims that are to be yielded, once nothing of them is in progress, and forgets the feeds that are
    /// followed no more.
    pub(super) fn release_yielded(&mut self) {
        let releases = &mut self.releases;
        self.feeds.retain(|_, tenure| {
            let is_busy = tenure.busy_since.is_some();
            if let Some(held) = tenure.held().filter(|held| held.is_yielding && held.is_saved() && !is_busy) {
                let claim = held.grant.claim.clone();
                releases.push(Release { claim, is_unfinished: tenure.is_unfinished });
                tenure.state = State::Waiting;
            }
            !(tenure.is_ending && matches!(tenure.state, State::Waiting))
        });
    }

    /// Returns `true` if the replica is leaving, and the store was away for too long.
    pub(super) fn has_to_give_up(&mut self, now: Moment) -> bool {
        let since = match self.exit {
            Exit::No | Exit::Left => return false,
            Exit::Requested => now,
            Exit::Since(since) => since,
        };
        self.exit = Exit::Since(since);
        self.joined.is_none() || self.failures > 0 && now >= since.saturating_add(self.lease.duration())
    }

    /// Yields the feeds beyond the share if a member has joined, so that it gets its own: first those that others
    /// look for first.
    pub(super) fn yield_surplus(&mut self, now: Moment) {
        let is_unknown = |tenure: &Tenure| matches!(tenure.state, State::Claiming(_));
        // It is not known yet which feeds it has.
        if !self.has_to_share || self.feeds.values().any(is_unknown) {
            return;
        }
        self.has_to_share = false;
        let share = self.share();
        if self.held_count() <= share.most {
            return;
        }
        let order: Vec<String> = self.feeds.keys().cycle().skip(share.start).take(self.feeds.len()).cloned().collect();
        let mut kept = 0;
        for feed in order {
            let Some(tenure) = self.feeds.get_mut(&feed) else { continue };
            tenure.tried_at = Some(now);
            if let Some(held) = tenure.held_mut() {
                kept += 1;
                held.is_yielding |= kept > share.quota;
            }
        }
    }
}
