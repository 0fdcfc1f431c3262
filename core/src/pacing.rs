//! Paces a session's requests after the server has limited one: a pause for all of them, then one after the other.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::{effect::Moment, error::Error, shared::Shared};

/// Maximum pause, so that an absurd `Retry-After` does not stop a session or a feed for good.
pub(crate) const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);
/// Maximum pause that operations wait for, unless the retry policy allows a longer one: a caller should learn of a
/// longer one immediately.
pub(crate) const MAX_WAITED_PAUSE: Duration = Duration::from_secs(60);
/// Bounds of the gap between two requests when pacing starts, and its maximum.
const MIN_FIRST_GAP: Duration = Duration::from_millis(50);
const MAX_FIRST_GAP: Duration = Duration::from_secs(1);
const MAX_GAP: Duration = Duration::from_secs(4);
/// Minimum gap while requests wait. Without it, all of them would be sent at once when the gap has shrunk to zero.
const MIN_GAP: Duration = Duration::from_millis(5);
/// Time without a rate limit error after which the gap is halved.
const RELEASE_AFTER: Duration = Duration::from_secs(10);
/// Maximum time after which a waiting request checks its position again, as others may have been cancelled.
const RECHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The pace that all requests of a session share. Without it, each of many requests would exceed the limit separately.
///
/// After a pause, waiting requests are sent in the order in which they were started, with a gap between them. A request
/// that is limited again keeps its turn, so that it is the next one. If that happens despite the gap, the gap triples.
/// It shrinks while no request is limited, and ends when no request waits.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// The numbers of the waiting requests, in ascending order.
    queue: VecDeque<u64>,
    /// The number of turns assigned so far.
    turns: u64,
    /// The time at which the next request may be sent.
    next: Moment,
    gap: Duration,
    /// The time at which a request was last limited.
    limited_at: Moment,
    /// The time at which the gap last changed.
    changed_at: Moment,
    /// The pause until which nothing is sent.
    pause: Option<Pause>,
}

/// A pause that the server asked for, and the error with which it did.
#[derive(Debug)]
struct Pause {
    until: Moment,
    error: Error,
}

impl Pacer {
    /// Records that a request sent at `sent_at` was limited, and starts a pause.
    fn on_rate_limited(&mut self, now: Moment, sent_at: Moment, pause: Duration, error: &Error) {
        // Requests that were sent together change the gap only once.
        if self.is_first_of_round(sent_at) {
            let gap = if self.gap.is_zero() { (pause / 8).clamp(MIN_FIRST_GAP, MAX_FIRST_GAP) } else { self.gap * 3 };
            (self.gap, self.changed_at) = (gap.min(MAX_GAP), now);
        }
        self.limited_at = now;
        self.next = self.next.max(now.saturating_add(pause));
        // Without the backoff of the client, which is added to every `Retry-After`.
        let until = now.saturating_add(error.retry_after().unwrap_or_default().min(pause));
        if self.pause.as_ref().is_none_or(|pause| pause.until < until) {
            self.pause = Some(Pause { until, error: error.clone() });
        }
    }

    /// Returns `true` unless another request was limited after this one was sent: those that are in flight together
    /// exceed the limit together.
    fn is_first_of_round(&self, sent_at: Moment) -> bool {
        self.gap.is_zero() || sent_at > self.limited_at
    }

    /// Returns the error that started the current pause, if more than `max` of it remains.
    fn pause_beyond(&mut self, now: Moment, max: Duration) -> Option<Error> {
        self.pause.take_if(|pause| pause.until <= now);
        let pause = self.pause.as_ref()?;
        let remaining = pause.until.saturating_duration_since(now);
        (remaining > max).then(|| pause.error.clone().with_retry_after(remaining))
    }

    /// Returns `true` if the request may be sent immediately. Otherwise it is enqueued.
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

    /// Returns the time of the next check; `None` once the request may be sent.
    fn wait_until(&mut self, now: Moment, number: u64) -> Option<Moment> {
        self.release(now);
        let before = self.queue.binary_search(&number).ok()?;
        let their_gaps = self.gap.saturating_mul(u32::try_from(before).unwrap_or(u32::MAX));
        // If the requests before it are cancelled, it may be sent at `next`.
        Some(self.next.saturating_add(their_gaps).min(self.next.max(now.saturating_add(RECHECK_INTERVAL))))
    }

    /// Releases the requests that may be sent by now: not all at once, even if this was not called for a long time.
    fn release(&mut self, now: Moment) {
        self.shrink(now);
        let earliest = Moment::from_epoch(now.since_epoch().saturating_sub(self.gap));
        while self.next <= now && self.queue.pop_front().is_some() {
            self.next = self.next.max(earliest).saturating_add(self.gap);
        }
    }

    fn shrink(&mut self, now: Moment) {
        let halvings = now.saturating_duration_since(self.changed_at).as_secs() / RELEASE_AFTER.as_secs();
        if halvings == 0 || self.gap.is_zero() {
            return;
        }
        let gap = self.gap / (1 << halvings.min(16));
        let has_ended = self.queue.is_empty() && gap < MIN_FIRST_GAP;
        (self.gap, self.changed_at) = (if has_ended { Duration::ZERO } else { gap.max(MIN_GAP) }, now);
    }
}

/// The turn of a request in the order of a session's requests. Dropping it removes the request from the queue.
pub(crate) struct Turn {
    pacer: Shared<Pacer>,
    number: u64,
}

impl Turn {
    /// Assigns the next turn.
    pub(crate) fn new(pacer: &Shared<Pacer>) -> Self {
        let number = pacer.with(|pacer| {
            pacer.turns += 1;
            pacer.turns
        });
        Self { pacer: pacer.clone(), number }
    }

    /// Returns `true` if the request may be sent immediately. Otherwise it waits: see [`wait_until`](Self::wait_until).
    pub(crate) fn enter(&self, now: Moment) -> bool {
        self.pacer.with(|pacer| pacer.enter(now, self.number))
    }

    /// Returns the time of the next check; `None` once the request may be sent.
    pub(crate) fn wait_until(&self, now: Moment) -> Option<Moment> {
        self.pacer.with(|pacer| pacer.wait_until(now, self.number))
    }

    /// Returns `true` unless another request was limited after this one was sent.
    pub(crate) fn is_first_of_round(&self, sent_at: Moment) -> bool {
        self.pacer.with(|pacer| pacer.is_first_of_round(sent_at))
    }

    /// Records that this request, sent at `sent_at`, was limited: all requests pause.
    pub(crate) fn on_rate_limited(&self, now: Moment, sent_at: Moment, pause: Duration, error: &Error) {
        self.pacer.with(|pacer| pacer.on_rate_limited(now, sent_at, pause, error));
    }

    /// Returns the error that started the current pause, if more than `max` of it remains.
    pub(crate) fn pause_beyond(&self, now: Moment, max: Duration) -> Option<Error> {
        self.pacer.with(|pacer| pacer.pause_beyond(now, max))
    }

    /// Enqueues the request for another attempt, at the same turn.
    pub(crate) fn requeue(&self) {
        self.pacer.with(|pacer| pacer.enqueue(self.number));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pacer.with(|pacer| {
            if let Ok(at) = pacer.queue.binary_search(&self.number) {
                pacer.queue.remove(at);
            }
        });
    }
}
