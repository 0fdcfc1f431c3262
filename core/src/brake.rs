//! The pace of a session's requests after the server has limited them: one pause for all of them, then one after the other.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::{effect::Moment, error::Error, shared::Shared};

/// The longest wait that a server is given: a header that says a year must not stop a session, or a feed, for good.
pub(crate) const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);
/// The longest pause that operations wait for, unless the retry policy allows more: a caller that waits longer is better told.
pub(crate) const MAX_WAITED_PAUSE: Duration = Duration::from_secs(60);
/// The shortest time between two requests when pacing starts, and the longest: both then, and at all.
const MIN_FIRST_GAP: Duration = Duration::from_millis(50);
const MAX_FIRST_GAP: Duration = Duration::from_secs(1);
const MAX_GAP: Duration = Duration::from_secs(4);
/// The shortest time between two requests as long as others wait: without it, all that wait would be sent at once.
const MIN_GAP: Duration = Duration::from_millis(5);
/// Time without a limit after which the gap is halved.
const RELEASE_AFTER: Duration = Duration::from_secs(10);
/// The longest time after which a request that waits looks again how many are before it: some may have been cancelled.
const RECHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The shared pace. Without it, each of many requests would run into the limit for itself, at the same time as the others.
///
/// After a pause, the requests that wait are let through in the order in which they were begun, with a gap in between. A request
/// that is limited again keeps its place, so that it is the next one. Limited in spite of the gap, the gap doubles; while nothing is
/// limited it shrinks, and ends when no request waits.
#[derive(Debug, Default)]
pub(crate) struct Brake {
    /// The numbers of the requests that wait, in their order.
    queue: VecDeque<u64>,
    /// How many places were given.
    places: u64,
    /// When the next request is let through.
    next: Moment,
    gap: Duration,
    /// When a request was last limited, and when the gap last changed.
    limited_at: Moment,
    changed_at: Moment,
    pause: Option<Pause>,
}

/// The pause that the server asked for.
#[derive(Debug)]
struct Pause {
    until: Moment,
    error: Error,
}

impl Brake {
    /// Takes note that a request that was sent at that time was limited, and of the pause that follows.
    fn on_rate_limited(&mut self, now: Moment, sent_at: Moment, pause: Duration, error: &Error) {
        // Of those that were sent together, only one counts.
        if self.gap.is_zero() || sent_at > self.limited_at {
            let gap = if self.gap.is_zero() { (pause / 8).clamp(MIN_FIRST_GAP, MAX_FIRST_GAP) } else { self.gap * 2 };
            (self.gap, self.changed_at) = (gap.min(MAX_GAP), now);
        }
        self.limited_at = now;
        let until = now.saturating_add(pause);
        self.next = self.next.max(until);
        if self.pause.as_ref().is_none_or(|pause| pause.until < until) {
            self.pause = Some(Pause { until, error: error.clone() });
        }
    }

    /// Returns the error that has begun a pause which lasts longer than `max` from now.
    fn pause_beyond(&mut self, now: Moment, max: Duration) -> Option<Error> {
        self.pause.take_if(|pause| pause.until <= now);
        let pause = self.pause.as_ref()?;
        let remaining = pause.until.saturating_duration_since(now);
        (remaining > max).then(|| pause.error.clone().with_retry_after(remaining))
    }

    /// Returns `true` if the request may be sent at once, as none is paced; else it waits.
    fn enter(&mut self, now: Moment, number: u64) -> bool {
        self.release(now);
        if self.queue.is_empty() && self.next <= now {
            if !self.gap.is_zero() {
                self.next = now.saturating_add(self.gap);
            }
            return true;
        }
        self.enqueue(number);
        false
    }

    fn enqueue(&mut self, number: u64) {
        if let Err(at) = self.queue.binary_search(&number) {
            self.queue.insert(at, number);
        }
    }

    /// Returns when to ask again; `None` once the request may be sent.
    fn wait_until(&mut self, now: Moment, number: u64) -> Option<Moment> {
        self.release(now);
        let before = self.queue.binary_search(&number).ok()?;
        let all_of_them = self.gap.saturating_mul(u32::try_from(before).unwrap_or(u32::MAX));
        // Without those before it, it would be let through at the next opportunity.
        Some(self.next.saturating_add(all_of_them).min(self.next.max(now.saturating_add(RECHECK_INTERVAL))))
    }

    /// Lets through those whose time has come: not many at once, however long nobody has asked.
    fn release(&mut self, now: Moment) {
        self.shrink(now);
        let last_but_one = Moment::from_epoch(now.since_epoch().saturating_sub(self.gap));
        while self.next <= now && self.queue.pop_front().is_some() {
            self.next = self.next.max(last_but_one).saturating_add(self.gap);
        }
    }

    fn shrink(&mut self, now: Moment) {
        let halvings = now.saturating_duration_since(self.changed_at).as_secs() / RELEASE_AFTER.as_secs();
        if halvings == 0 || self.gap.is_zero() {
            return;
        }
        let gap = self.gap / (1 << halvings.min(16));
        let is_over = self.queue.is_empty() && gap < MIN_FIRST_GAP;
        (self.gap, self.changed_at) = (if is_over { Duration::ZERO } else { gap.max(MIN_GAP) }, now);
    }
}

/// A request's place in the order of a session's requests. Dropped, it leaves the queue.
pub(crate) struct Place {
    brake: Shared<Brake>,
    number: u64,
}

impl Place {
    /// The last place.
    pub(crate) fn new(brake: &Shared<Brake>) -> Self {
        let number = brake.with(|brake| {
            brake.places += 1;
            brake.places
        });
        Self { brake: brake.clone(), number }
    }

    /// Returns `true` if the request may be sent at once; else it [waits](Self::waits).
    pub(crate) fn enter(&self, now: Moment) -> bool {
        self.brake.with(|brake| brake.enter(now, self.number))
    }

    /// Returns when to ask again; `None` once the request may be sent.
    pub(crate) fn wait_until(&self, now: Moment) -> Option<Moment> {
        self.brake.with(|brake| brake.wait_until(now, self.number))
    }

    /// Takes note that the request, which was sent at that time, was limited: all others pause.
    pub(crate) fn on_rate_limited(&self, now: Moment, sent_at: Moment, pause: Duration, error: &Error) {
        self.brake.with(|brake| brake.on_rate_limited(now, sent_at, pause, error));
    }

    /// Returns the error that has begun a pause which lasts longer than `max` from now.
    pub(crate) fn pause_beyond(&self, now: Moment, max: Duration) -> Option<Error> {
        self.brake.with(|brake| brake.pause_beyond(now, max))
    }

    /// Waits for another attempt, at the same place.
    pub(crate) fn requeue(&self) {
        self.brake.with(|brake| brake.enqueue(self.number));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.brake.with(|brake| {
            if let Ok(at) = brake.queue.binary_search(&self.number) {
                brake.queue.remove(at);
            }
        });
    }
}
