//! The thread that makes all calls to the store.

use std::{
    collections::BTreeMap,
    sync::{Arc, MutexGuard, PoisonError},
};

use teamwire_core::{
    Error,
    claim::{ClaimStatus, Replica, ReplicaStep, StoreError},
    effect::Now,
    observe::Observer,
};

use super::{
    FleetBuilder, Shared, Wake, already_followed, keeper_ended,
    reporter::{Report, Reporter},
};
use crate::claims::{ClaimStore, perform};

/// The state of a member.
pub(super) struct State {
    pub(super) replica: Replica,
    settings: FleetBuilder,
    /// The id of the process. Its members have this and a number, because it is a new one after it has left.
    id: String,
    members: u64,
    followed: BTreeMap<String, Followed>,
    reporter: Reporter,
    /// Set if the keeper has to end.
    pub(super) is_closed: bool,
    /// Set once it has.
    pub(super) end: Option<StoreError>,
}

/// A feed that is followed.
pub(super) struct Followed {
    begins: bool,
    wake: Wake,
    /// The state that its follower has last seen; `None` if it has not looked.
    seen: Option<Seen>,
}

/// The state on which the next turn of a follower depends.
#[derive(Debug)]
struct Seen {
    /// Id of the claim.
    claim: Option<String>,
    is_open: bool,
    has_failed: bool,
    /// Failures of the store in a row, unless events are handed out.
    failures: u32,
}

impl Seen {
    fn new(status: ClaimStatus<'_>, failures: u32) -> Self {
        let (claim, is_open, has_failed) = parts(status);
        let failures = if is_open { 0 } else { failures };
        Self { claim: claim.map(ToOwned::to_owned), is_open, has_failed, failures }
    }

    /// Returns `true` if nothing has changed.
    fn is_current(&self, status: ClaimStatus<'_>, failures: u32) -> bool {
        let (claim, is_open, has_failed) = parts(status);
        let failures = if is_open { 0 } else { failures };
        (self.claim.as_deref(), self.is_open, self.has_failed, self.failures) == (claim, is_open, has_failed, failures)
    }
}

/// Returns the id of the claim, and whether events may be handed out, and whether following has failed.
const fn parts(status: ClaimStatus<'_>) -> (Option<&str>, bool, bool) {
    match status {
        ClaimStatus::Waiting => (None, false, false),
        ClaimStatus::Held { grant, is_open } => (Some(grant.claim.id.as_str()), is_open, false),
        ClaimStatus::Failed(_) => (None, false, true),
    }
}

impl State {
    pub(super) fn new(settings: FleetBuilder, id: String) -> Self {
        let replica = settings.replica(id.clone());
        let (followed, reporter) = (BTreeMap::new(), Reporter::default());
        Self { replica, settings, id, members: 0, followed, reporter, is_closed: false, end: None }
    }

    /// Starts to follow a feed.
    pub(super) fn follow(
        &mut self,
        feed: &str,
        begins: bool,
        wake: Wake,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<(), Error> {
        if self.followed.contains_key(feed) {
            return Err(already_followed(feed));
        }
        self.followed.insert(feed.to_owned(), Followed { begins, wake, seen: None });
        self.reporter.follow(feed, observer);
        self.replica.follow(feed, begins);
        Ok(())
    }

    /// Stops following a feed. A member without feeds leaves, so that the others do not wait for it.
    pub(super) fn unfollow(&mut self, feed: &str) {
        self.followed.remove(feed);
        self.reporter.unfollow(feed);
        self.replica.unfollow(feed);
        if self.followed.is_empty() {
            self.replica.leave();
        }
    }

    /// Records what the follower of a feed sees. It is woken when that has changed.
    pub(super) fn look(&mut self, feed: &str, now: Now) {
        let Self { replica, end, followed, .. } = self;
        let (status, failures) = (status(replica, end.as_ref(), feed, now), failures(replica));
        if let Some(followed) = followed.get_mut(feed)
            && !followed.seen.as_ref().is_some_and(|seen| seen.is_current(status, failures))
        {
            followed.seen = Some(Seen::new(status, failures));
        }
    }

    /// Starts again as another member, after the replica has left.
    fn rejoin(&mut self) {
        self.members += 1;
        self.replica = self.settings.replica(format!("{}-{}", self.id, self.members));
        for (feed, Followed { begins, .. }) in &self.followed {
            self.replica.follow(feed, *begins);
        }
    }

    /// Returns the wakers of the followers for which something has changed.
    fn wakes(&self, now: Now) -> Vec<Wake> {
        let failures = failures(&self.replica);
        let is_outdated = |(feed, followed): &(&String, &Followed)| {
            let status = status(&self.replica, self.end.as_ref(), feed, now);
            !followed.seen.as_ref().is_some_and(|seen| seen.is_current(status, failures))
        };
        self.followed.iter().filter(is_outdated).map(|(_, followed)| Wake::clone(&followed.wake)).collect()
    }
}

fn status<'s>(replica: &'s Replica, end: Option<&'s StoreError>, feed: &str, now: Now) -> ClaimStatus<'s> {
    end.map_or_else(|| replica.status(feed, now), ClaimStatus::Failed)
}

fn failures(replica: &Replica) -> u32 {
    replica.outage().map_or(0, |(_, failures, _)| failures)
}

/// Performs the calls of the replica until the fleet is dropped.
pub(super) fn keep(shared: &Shared, mut store: impl ClaimStore) {
    let _ended = Ended(shared);
    let mut state = shared.lock();
    loop {
        if state.is_closed {
            state.replica.leave();
        }
        state = match state.replica.next(shared.clock.now()) {
            ReplicaStep::Call(call) => {
                let member = state.replica.member().clone();
                drop(state);
                let sent = shared.clock.now();
                let outcome = perform(&mut store, &member, &call);
                let (mut state, now) = (shared.lock(), shared.clock.now());
                let State { replica, reporter, .. } = &mut *state;
                let observed = reporter.is_watching().then(|| outcome.clone());
                replica.handle(sent, now, outcome);
                let changes = observed.map(|outcome| reporter.changes(replica, now, &call, &outcome));
                report(shared, state, now, &changes.unwrap_or_default())
            }
            ReplicaStep::Wait(until) => wait(shared, state, until.map(|until| shared.clock.until(until))),
            ReplicaStep::Left if state.is_closed => return,
            ReplicaStep::Left if state.replica.is_leaving() && !state.followed.is_empty() => {
                state.rejoin();
                state
            }
            // Until something is followed again, or the fleet is dropped because the store cannot be used.
            ReplicaStep::Left => wait(shared, state, None),
        };
    }
}

/// Reports changes, and wakes the followers.
fn report<'s>(shared: &'s Shared, state: MutexGuard<'s, State>, now: Now, changes: &[Report]) -> MutexGuard<'s, State> {
    if changes.is_empty() {
        return wake(shared, state);
    }
    drop(state);
    for change in changes {
        change.send(now);
    }
    wake(shared, shared.lock())
}

/// Wakes the followers for which something has changed. A waker may follow or unfollow, so the state is not locked
/// meanwhile.
fn wake<'s>(shared: &'s Shared, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
    let wakes = state.wakes(shared.clock.now());
    drop(state);
    for wake in wakes {
        wake();
    }
    shared.lock()
}

/// Waits for a change, or this time.
fn wait<'s>(
    shared: &'s Shared,
    state: MutexGuard<'s, State>,
    time: Option<std::time::Duration>,
) -> MutexGuard<'s, State> {
    match time {
        Some(time) => shared.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0,
        None => shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
    }
}

/// Reports the end of the keeper, also after a panic of the store.
struct Ended<'s>(&'s Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let Self(shared) = self;
        let mut state = shared.lock();
        state.end = Some(keeper_ended());
        shared.ended.notify_all();
        drop(wake(shared, state));
    }
}
