//! The events of a claimed feed that are being handled.

use alloc::{collections::BTreeMap, string::String};
use core::{fmt, time::Duration};

use super::{Grant, Work};
use crate::{
    effect::Moment,
    feed::{Checkpoint, FeedEvent, Handling, InChat, Postponed, Tracker},
};

/// The wait before an event is handled again, which doubles up to the maximum.
const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// The events of a claimed feed that are being handled: a [`Tracker`] whose failed events come again, for one claim
/// after the other.
///
/// It knows the handlers of earlier claims that still run. The feed is not claimed again while there are any, because
/// their events would be handled twice at the same time.
pub struct Window<T> {
    limit: usize,
    tracker: Tracker<T>,
    /// Id of the current claim.
    claim: Option<String>,
    /// Number of claims so far. Handlers of earlier ones have no effect on the tracker.
    tenure: u64,
    /// Tries of the current claim, until its checkpoint has moved.
    tries: u32,
    /// Start of each handler that runs, by the claim and the number of the event.
    running: BTreeMap<EventNumber, Moment>,
    /// Failures of the events that are not handled yet, by their number.
    failures: BTreeMap<u64, u32>,
    postponed: BTreeMap<(Moment, u64), Postponed>,
}

/// An event that was handed out.
#[derive(Debug)]
#[must_use = "no checkpoint passes the event until it is finished"]
pub struct EventHandle {
    number: EventNumber,
    handling: Handling,
    claims: u32,
    tries: u32,
}

/// The number of an event that was handed out, of any claim of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventNumber(u64, u64);

impl EventHandle {
    /// Returns its number.
    pub const fn number(&self) -> EventNumber {
        self.number
    }

    /// Returns the number of times that the event has been handed out, with this one, as far as is known: with each
    /// claim since the checkpoint moved, and after each failure.
    pub const fn tries(&self) -> u32 {
        self.tries
    }

    /// Returns the number of claims under which the event may have been handed out, with this one: those since the
    /// checkpoint moved.
    pub const fn claims(&self) -> u32 {
        self.claims
    }
}

impl<T: InChat> Window<T> {
    /// Creates a window without a claim, for at most `limit` handlers at the same time.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            tracker: Tracker::new(limit),
            claim: None,
            tenure: 0,
            tries: 0,
            running: BTreeMap::new(),
            failures: BTreeMap::new(),
            postponed: BTreeMap::new(),
        }
    }

    /// Sets the maximum number of handlers, for the next claim.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Starts with a new claim.
    pub fn begin(&mut self, grant: &Grant) {
        self.abandon();
        (self.claim, self.tries) = (Some(grant.claim.id.clone()), grant.tries);
    }

    /// Drops all events that are not handled, because the claim is lost.
    pub fn abandon(&mut self) {
        self.claim = None;
        self.tenure += 1;
        self.tracker = Tracker::new(self.limit);
        (self.failures, self.postponed) = (BTreeMap::new(), BTreeMap::new());
    }

    /// Returns `true` if the next event can be taken from the feed.
    pub fn wants_more(&self) -> bool {
        self.tracker.wants_more()
    }

    /// Adds the next event of the feed.
    pub fn push(&mut self, event: FeedEvent<T>) {
        self.tracker.push(event);
    }

    /// Returns the next event to handle.
    pub fn start(&mut self, now: Moment) -> Option<(EventHandle, FeedEvent<T>)> {
        while let Some(first) = self.postponed.first_entry().filter(|first| first.key().0 <= now) {
            self.tracker.retry(first.remove());
        }
        let (handling, event) = self.tracker.start()?;
        let number = handling.number();
        let failures = self.failures.get(&number).copied().unwrap_or_default();
        let claims = self.tries.max(1);
        let tries = claims.saturating_add(failures);
        let number = EventNumber(self.tenure, number);
        self.running.insert(number, now);
        Some((EventHandle { number, handling, claims, tries }, event))
    }

    /// Records that an event has been handled.
    pub fn finish(&mut self, handed: EventHandle) {
        if self.ends(&handed) {
            self.failures.remove(&handed.number.1);
            self.tracker.finish(handed.handling);
        }
    }

    /// Records that an event could not be handled. It comes again after a backoff; its chat waits for it.
    pub fn fail(&mut self, handed: EventHandle, event: FeedEvent<T>, now: Moment) {
        if !self.ends(&handed) {
            return;
        }
        let failures = self.failures.entry(handed.number.1).or_default();
        let backoff = MIN_BACKOFF.saturating_mul(1 << (*failures).min(16)).min(MAX_BACKOFF);
        *failures = failures.saturating_add(1);
        let due = now.saturating_add(backoff);
        self.postponed.insert((due, handed.number.1), self.tracker.postpone(handed.handling, event));
    }

    /// Records the end of a handler. Returns `true` if it is one of the current claim.
    fn ends(&mut self, handed: &EventHandle) -> bool {
        self.running.remove(&handed.number);
        handed.number.0 == self.tenure
    }

    /// Returns `true` if all events before this one are handled, and its claim is not lost.
    pub const fn is_first(&self, number: EventNumber) -> bool {
        number.0 == self.tenure && number.1 == self.tracker.passed()
    }

    /// Returns the newest checkpoint up to which all is handled, and the id of the claim under which it is to be saved;
    /// `None` if it was returned before.
    pub fn take_checkpoint(&mut self) -> Option<(String, Checkpoint)> {
        let claim = self.claim.clone()?;
        let checkpoint = self.tracker.take_checkpoint()?;
        self.tries = 1;
        Some((claim, checkpoint))
    }

    /// Returns the handlers that run.
    pub fn work(&self) -> Work {
        Work {
            busy_since: self.running.values().min().copied(),
            is_unfinished: !self.running.is_empty() || !self.postponed.is_empty(),
        }
    }

    /// Returns `true` if no handler of the current claim runs and none can be started before a failed event comes
    /// again.
    pub fn is_idle(&self) -> bool {
        self.tracker.is_idle()
    }

    /// Returns the number of handlers that run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Returns the time at which the next failed event comes again.
    pub fn next_retry(&self) -> Option<Moment> {
        self.postponed.keys().next().map(|(due, _)| *due)
    }
}

impl<T> fmt::Debug for Window<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window")
            .field("tracker", &self.tracker)
            .field("running", &self.running.len())
            .field("postponed", &self.postponed.len())
            .finish_non_exhaustive()
    }
}
