//! The rules of a store, for one record at a time.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{Claim, ClaimRequest, Claimed, Member, Release, Save, Saved};
use crate::feed::Checkpoint;

/// The record of a feed, with the rules of a store of claims (`ClaimStore` of `teamwire-std`): for stores that read a
/// record, change it, and write it back in one atomic step, such as a transaction that has locked its row.
///
/// A feed without a record has the [default](Self::default) one. Times are microseconds of the store's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<Holder>,
    /// The fence of the last claim.
    fence: u64,
    /// Number of claims since the checkpoint moved.
    tries: u32,
    /// Number of the last save.
    seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<Checkpoint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    claim: String,
    member: String,
}

impl FeedRecord {
    /// Returns the member that holds the feed.
    pub fn holder(&self) -> Option<&str> {
        Some(&self.holder.as_ref()?.member)
    }

    /// Returns the fence of the last claim. It has changed if a claim was granted.
    pub const fn fence(&self) -> u64 {
        self.fence
    }

    /// Claims the feed. `is_active` states whether its [holder](Self::holder) lives, and `may_be_new` whether the call
    /// may grant a further claim. Returns `None` if it may not.
    pub fn claim(
        &mut self,
        member: &Member,
        wanted: &ClaimRequest,
        now: u64,
        is_active: bool,
        may_be_new: bool,
    ) -> Option<Claimed> {
        match &self.holder {
            Some(holder) if holder.claim == wanted.id => {}
            Some(holder) if is_active => {
                let claim = Claim { feed: wanted.feed.clone(), id: holder.claim.clone(), fence: self.fence };
                return Some(Claimed::Taken { claim, by: holder.member.clone(), checkpoint: self.checkpoint.clone() });
            }
            _ if !may_be_new => return None,
            _ => {
                self.holder = Some(Holder { claim: wanted.id.clone(), member: member.id.clone() });
                self.fence = now.max(self.fence.saturating_add(1));
                self.tries = self.tries.saturating_add(1);
            }
        }
        let claim = Claim { feed: wanted.feed.clone(), id: wanted.id.clone(), fence: self.fence };
        Some(Claimed::Held { claim, checkpoint: self.checkpoint.clone(), seq: self.seq, tries: self.tries })
    }

    /// Saves a checkpoint.
    pub fn save(&mut self, save: &Save) -> Saved {
        if !self.is_held_as(&save.claim) {
            return Saved::Lost;
        }
        if save.seq > self.seq {
            (self.seq, self.tries, self.checkpoint) = (save.seq, 1, Some(save.checkpoint.clone()));
        }
        Saved::Yes
    }

    /// Returns `true` if this save, or a later one under its claim, has been done. Then the bot's own rows of an
    /// earlier attempt, whose outcome was unknown, are there.
    pub fn has_saved(&self, save: &Save) -> bool {
        self.is_held_as(&save.claim) && (1..=self.seq).contains(&save.seq)
    }

    /// Releases a claim.
    pub fn release(&mut self, release: &Release) {
        if self.is_held_as(&release.claim) {
            self.holder = None;
            self.tries = self.tries.saturating_sub(u32::from(!release.is_unfinished));
        }
    }

    /// Returns `true` if this is the current claim.
    pub fn is_held_as(&self, claim: &Claim) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.claim == claim.id)
    }
}

/// The record of a member, with the rules of a renewal. Times are microseconds of the store's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    joined: u64,
    #[serde(rename = "beaten")]
    renewed: u64,
    lease: u64,
}

impl MemberRecord {
    /// Returns the record of a member after a renewal. `earlier` is its record before, and `newest` the greatest
    /// [`joined`](Self::joined) of all records.
    pub fn renew(earlier: Option<Self>, member: &Member, now: u64, newest: u64) -> Self {
        let lease = u64::try_from(member.lease.as_micros()).unwrap_or(u64::MAX);
        let active = earlier.filter(|record| record.is_active(now));
        let joined = active.map_or_else(|| now.max(newest.saturating_add(1)), |record| record.joined);
        Self { joined, renewed: now, lease }
    }

    /// Returns the time at which the member joined, by which members are ordered.
    pub const fn joined(&self) -> u64 {
        self.joined
    }

    /// Returns `true` until the lease has expired.
    pub fn is_active(&self, now: u64) -> bool {
        now.saturating_sub(self.renewed) < self.lease
    }

    /// Counts the last renewal as one of now if the clock is behind it. Returns `true` if that changes the record.
    pub fn adjust(&mut self, now: u64) -> bool {
        let is_ahead = self.renewed > now;
        self.renewed = self.renewed.min(now);
        is_ahead
    }
}
