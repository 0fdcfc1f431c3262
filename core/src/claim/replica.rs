//! The state of one replica: which call to the store is next, and which feeds may be handed out.

mod calls;
mod outcomes;

use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use super::{
    Call, Claim, Grant, Member, Release, ReplicaStep, StoreError,
    lease::Lease,
    tenure::{Held, State, Tenure},
};
use crate::{
    effect::{Moment, Now},
    feed::Checkpoint,
};

/// Default time after which a handler that has not returned costs the claim.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// One replica of a bot: claims feeds in a store, and decides which events may be handed out. It is pure: a keeper
/// performs its [calls](Self::next) one after the other, with times of both clocks.
///
/// ```text
///            ┌──────────── lost, hanging, or no share any more ◄─────────────┐
///            ▼                                                               │
///         waiting ──claim──► held, at the saved checkpoint ──start saved──► open ──► events are handed out
///            ▲                     │                                         │ ▲
///            └──taken──────────────┘           two thirds of the lease passed│ │ the store has renewed it
///                                                                            ▼ │
///                                                                         suspended
/// ```
///
/// - Events are handed out for two thirds of the lease after the last renewal was *sent*. So a replica that was paused,
///   or whose store is away, hands out nothing that another replica may have.
/// - A new tenure resumes at the checkpoint that the store returned, never at one from memory. A feed without one
///   begins only if that was asked for, and its start is saved before anything is handed out.
/// - A save whose outcome is unknown is repeated with the same number, and a claim with the same id.
/// - The feeds are shared by the active members, and each keeps what it has as far as possible.
#[derive(Debug)]
pub struct Replica {
    member: Member,
    lease: Lease,
    handler_timeout: Duration,
    feeds: BTreeMap<String, Tenure>,
    /// The last feed of a call with as many saves as possible: the next one begins behind it.
    last_saved: Option<String>,
    releases: Vec<Release>,
    /// The active members, oldest first, and the number of this one.
    members: Vec<String>,
    joined: Option<u64>,
    /// Time of the last change of the members.
    changed_at: Moment,
    /// Set if a member has joined, which has to get its share, or the feeds have changed.
    has_to_share: bool,
    /// Number of claims so far, which makes their ids.
    claims: u64,
    /// Time of the last claim of feeds beyond the share.
    tried_beyond_at: Moment,
    /// Number of calls with claims, without success since the last change.
    idle_claims: usize,
    call: Option<Call>,
    failures: u32,
    retry_at: Option<Moment>,
    outage: Option<StoreError>,
    /// Set if the store cannot be used.
    failure: Option<StoreError>,
    exit: Exit,
}

/// The end of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    No,
    /// It has to leave.
    Requested,
    /// It has been leaving since this time.
    Since(Moment),
    Left,
}

/// The state of a feed for its follower.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub enum ClaimStatus<'a> {
    /// The replica does not hold the feed. What has arrived of it is dropped.
    Waiting,
    /// It holds the feed.
    Held {
        /// The claim. If it is another one than before, the feed resumes at its checkpoint.
        grant: &'a Grant,
        /// Set if events may be handed out now. Otherwise they wait.
        is_open: bool,
    },
    /// The feed cannot be followed.
    Failed(&'a StoreError),
}

/// The handlers of a feed that run, as its follower reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Start of the oldest handler that runs; `None` if there is none.
    pub busy_since: Option<Moment>,
    /// Set if an event was handed out and is not handled: its handler runs, or has failed.
    pub is_unfinished: bool,
}

impl Replica {
    /// Creates a replica. Its member id must be new: two processes with the same one would take each other's claims for
    /// their own.
    pub const fn new(member: Member) -> Self {
        Self {
            lease: Lease::new(member.lease),
            member,
            handler_timeout: HANDLER_TIMEOUT,
            feeds: BTreeMap::new(),
            last_saved: None,
            releases: Vec::new(),
            members: Vec::new(),
            joined: None,
            changed_at: Moment::EPOCH,
            has_to_share: false,
            claims: 0,
            tried_beyond_at: Moment::EPOCH,
            idle_claims: 0,
            call: None,
            failures: 0,
            retry_at: None,
            outage: None,
            failure: None,
            exit: Exit::No,
        }
    }

    /// Sets the time after which a handler that has not returned costs the claim. Default: five minutes.
    #[must_use]
    pub const fn with_handler_timeout(mut self, handler_timeout: Duration) -> Self {
        self.handler_timeout = handler_timeout;
        self
    }

    /// Returns this member of the fleet.
    pub const fn member(&self) -> &Member {
        &self.member
    }

    /// Returns the active members that the store has last reported, oldest first.
    pub fn members(&self) -> &[String] {
        &self.members
    }

    /// Starts to follow a feed. Returns `false` if it is followed already.
    ///
    /// If the store has no checkpoint of it, it fails unless it `begins`. A checkpoint that has been there and is gone
    /// is always a failure: the store was emptied, and to begin would skip what happened since.
    pub fn follow(&mut self, feed: impl Into<String>, begins: bool) -> bool {
        let feed = feed.into();
        if self.is_leaving() {
            if let Some(tenure) = self.feeds.get_mut(&feed) {
                tenure.on_claim_lost();
            }
            return false;
        }
        (self.idle_claims, self.has_to_share) = (0, true);
        match self.feeds.entry(feed) {
            Entry::Vacant(entry) => drop(entry.insert(Tenure::new(begins))),
            Entry::Occupied(mut entry) if entry.get().is_ending => entry.get_mut().restart(begins),
            Entry::Occupied(_) => return false,
        }
        true
    }

    /// Stops following a feed. Its claim is released once everything that was handled is saved.
    pub fn unfollow(&mut self, feed: &str) {
        let Some(tenure) = self.feeds.get_mut(feed) else { return };
        self.has_to_share = true;
        tenure.is_ending = true;
        match &mut tenure.state {
            State::Held(held) => {
                held.is_yielding = true;
                // Its handlers do not report any more.
                tenure.busy_since = None;
            }
            State::Claiming(id) => {
                let claim = Claim { feed: feed.to_string(), id: core::mem::take(id), fence: 0 };
                self.releases.push(Release { claim, is_unfinished: false });
                self.feeds.remove(feed);
            }
            State::Waiting => drop(self.feeds.remove(feed)),
        }
    }

    /// Returns the state of a feed.
    pub fn status(&self, feed: &str, now: Now) -> ClaimStatus<'_> {
        let Some(tenure) = self.feeds.get(feed) else { return ClaimStatus::Waiting };
        if let Some(error) = self.failure.as_ref().or(tenure.failure.as_ref()) {
            return ClaimStatus::Failed(error);
        }
        match tenure.held().filter(|held| !held.is_claim_lost) {
            Some(held) => {
                let is_open = held.is_open() && !self.is_hanging(tenure, now.moment) && self.lease.is_safe(now);
                ClaimStatus::Held { grant: &held.grant, is_open }
            }
            None => ClaimStatus::Waiting,
        }
    }

    /// Requests that a checkpoint is saved under the claim with this id. It replaces an earlier one that has not been
    /// sent. Ignored if the claim is lost.
    pub fn save(&mut self, feed: &str, claim: &str, checkpoint: Checkpoint) {
        if let Some(held) = self.held_as(feed, claim) {
            held.save(checkpoint);
        }
    }

    /// Returns the number of a save that the bot performs itself, such as in the transaction of its own rows; `None` if
    /// the claim is lost.
    pub fn reserve(&mut self, feed: &str, claim: &str) -> Option<u64> {
        self.held_as(feed, claim).map(Held::reserve)
    }

    /// Records that the bot has saved this checkpoint itself.
    pub fn saved(&mut self, feed: &str, claim: &str, checkpoint: Checkpoint) {
        if let Some(held) = self.held_as(feed, claim) {
            held.saved_elsewhere(checkpoint);
        }
    }

    /// Reports the handlers of a feed that run, of all its claims.
    pub fn set_work(&mut self, feed: &str, work: Work) {
        if let Some(tenure) = self.feeds.get_mut(feed).filter(|tenure| !tenure.is_ending) {
            (tenure.busy_since, tenure.is_unfinished) = (work.busy_since, work.is_unfinished);
        }
    }

    /// Returns the failure of the store since its last success, the number of failures in a row, and the time of the
    /// next attempt.
    pub fn outage(&self) -> Option<(&StoreError, u32, Moment)> {
        Some((self.outage.as_ref()?, self.failures, self.retry_at?))
    }

    /// Leaves the fleet: what was handled is saved, all claims are released, and the member is removed. If the store is
    /// away, the replica gives up after the time of a lease, when its claims have expired.
    pub fn leave(&mut self) {
        if self.is_leaving() {
            return;
        }
        self.exit = Exit::Requested;
        let feeds: Vec<String> = self.feeds.keys().cloned().collect();
        for feed in feeds {
            self.unfollow(&feed);
        }
    }

    /// Returns `true` if the replica is leaving or has left.
    pub fn is_leaving(&self) -> bool {
        self.exit != Exit::No
    }

    /// Returns the next action. Until [`handle`](Self::handle) is called, it is the same call again.
    pub fn next(&mut self, now: Now) -> ReplicaStep {
        if self.exit == Exit::Left || self.failure.is_some() {
            return ReplicaStep::Left;
        }
        if self.call.is_none() {
            self.give_up_hanging(now.moment);
            self.yield_surplus(now.moment);
            self.release_yielded();
            if self.has_to_give_up(now.moment) {
                self.exit = Exit::Left;
                return ReplicaStep::Left;
            }
            if let Some(until) = self.retry_at.filter(|until| now.moment < *until) {
                return ReplicaStep::Wait(Some(until));
            }
            self.call = self.next_call(now.moment);
        }
        match &self.call {
            Some(call) => ReplicaStep::Call(call.clone()),
            None => ReplicaStep::Wait(self.next_time()),
        }
    }

    fn held_as(&mut self, feed: &str, claim: &str) -> Option<&mut Held> {
        self.feeds.get_mut(feed)?.held_as(claim)
    }

    fn is_hanging(&self, tenure: &Tenure, now: Moment) -> bool {
        tenure.busy_since.is_some_and(|since| now >= since.saturating_add(self.handler_timeout))
    }
}
