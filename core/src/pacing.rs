//! Paces a session's requests after the server has limited one: a pause for all of them, then a slow start.

use alloc::{collections::VecDeque, sync::Arc};
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

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
/// Minimum gap while requests are paced. Without it, all waiting requests would be sent at once after it has shrunk.
const MIN_GAP: Duration = Duration::from_millis(5);
/// Share of the gap that a response takes off once the gap is near the one that was too short.
const STEADY_SHARE: u32 = 64;
/// Time without a rate limit error after which the limit may have changed.
const FORGET_AFTER: Duration = Duration::from_secs(30);
/// Maximum time that the other requests wait for the response to a probe.
const MAX_PROBE: Duration = Duration::from_secs(2);
/// Time after which the next request checks whether the probe has its response.
const PROBE_CHECK: Duration = Duration::from_millis(100);
/// Maximum time after which a waiting request checks its position again, as others may have been cancelled.
const RECHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Time after which a request passes others that could have been sent but are not polled.
const MAX_DELAY: Duration = Duration::from_secs(1);

/// The pace that all requests of a session share. Without it, each of many requests would exceed the limit separately.
/// Clones are the same pacer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pacer {
    /// True while requests are paced. It is separate so that the others take no lock.
    is_active: Arc<AtomicBool>,
    schedule: Shared<Schedule>,
}

/// After a pause, waiting requests are sent in the order in which they were started. The first of them is a probe: the
/// others wait for its response, but not for long. Then they are sent with a gap between them, which halves with each
/// round trip. If a request is limited nevertheless, it keeps its position, the gap doubles, and shrinks more slowly
/// from there.
#[derive(Debug, Default)]
struct Schedule {
    /// The numbers of the waiting requests, in ascending order.
    queue: VecDeque<u64>,
    /// The time at which the next request may be sent.
    next: Moment,
    /// Zero if requests are not paced.
    gap: Duration,
    /// The gap from which it shrinks slowly; zero if none was too short yet.
    steady_gap: Duration,
    /// The time at which the gap last changed.
    changed_at: Moment,
    /// True if the last request was sent as soon as the gap allowed. Otherwise its success says nothing about the gap.
    is_gap_used: bool,
    /// The time at which a request was last limited.
    limited_at: Moment,
    probe: Probe,
    /// The end of the pause that the server asked for, and the error with which it did.
    pause: Option<(Moment, Error)>,
}

/// The request that is sent alone after a pause.
#[derive(Clone, Copy, Debug, Default)]
enum Probe {
    #[default]
    Accepted,
    /// The next request is the probe.
    Next,
    /// Others wait for the response to this request until this time. Then the next one is the probe.
    Sent(u64, Moment),
}

impl Pacer {
    /// Returns `false` if requests are sent without a turn.
    pub(crate) fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Relaxed)
    }

    /// Creates the turn of a request. Turns with lower numbers are first.
    pub(crate) fn turn(&self, number: u64) -> Turn {
        Turn { pacer: self.clone(), number }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Schedule) -> R) -> R {
        self.schedule.with(|schedule| {
            let result = f(schedule);
            self.is_active.store(!schedule.gap.is_zero(), Ordering::Relaxed);
            result
        })
    }
}

impl Schedule {
    fn on_rate_limited(&mut self, now: Moment, sent_at: Moment, pause: Duration, error: &Error) {
        // Requests that were sent together change the gap only once.
        if self.is_first_of_round(sent_at) {
            if self.gap.is_zero() {
                self.gap = (pause / 8).clamp(MIN_FIRST_GAP, MAX_FIRST_GAP);
            } else {
                self.gap = (self.gap * 2).min(MAX_GAP);
                self.steady_gap = self.gap;
            }
            self.changed_at = now;
        }
        (self.limited_at, self.probe) = (now, Probe::Next);
        self.next = self.next.max(now.saturating_add(pause));
        // Without the backoff of the client, which is added to every `Retry-After`.
        let until = now.saturating_add(error.retry_after().unwrap_or_default().min(pause));
        if self.pause.as_ref().is_none_or(|(end, _)| *end < until) {
            self.pause = Some((until, error.clone()));
        }
    }

    /// Returns `true` unless another request was limited after this one was sent: those that are in flight together
    /// exceed the limit together.
    fn is_first_of_round(&self, sent_at: Moment) -> bool {
        self.gap.is_zero() || sent_at > self.limited_at
    }

    /// Returns the error that started the current pause, if more than `max` of it remains.
    fn pause_beyond(&mut self, now: Moment, max: Duration) -> Option<Error> {
        self.pause.take_if(|(end, _)| *end <= now);
        let (end, error) = self.pause.as_ref()?;
        let remaining = end.saturating_duration_since(now);
        (remaining > max).then(|| {
            let mut error = error.clone().with_retry_after(remaining);
            // It ends a request that has not been sent, whatever became of the one that it is the response to.
            error.set_without_effect();
            error
        })
    }

    /// Returns the time of the next check; `None` if the request may be sent.
    fn poll(&mut self, now: Moment, number: u64) -> Option<Moment> {
        self.forget(now);
        if self.gap.is_zero() {
            return None;
        }
        let before = self.queue.binary_search(&number).unwrap_or_else(|at| {
            self.queue.insert(at, number);
            at
        });
        let due = self.due(now);
        if due <= now && (before == 0 || due.saturating_add(MAX_DELAY) <= now) {
            // Those before it return to their positions when they are polled.
            self.queue.drain(..=before);
            self.is_gap_used = now <= due.saturating_add(self.gap / 2);
            self.next = now.saturating_add(self.gap);
            if !matches!(self.probe, Probe::Accepted) {
                self.probe = Probe::Sent(number, now.saturating_add(MAX_PROBE));
            }
            return None;
        }
        let earliest = due.max(now.saturating_add(MIN_GAP));
        let their_gaps = self.gap.saturating_mul(u32::try_from(before).unwrap_or(u32::MAX));
        // If the requests before it are cancelled, it may be sent as soon as one is due.
        Some(earliest.saturating_add(their_gaps).min(earliest.max(now.saturating_add(RECHECK_INTERVAL))))
    }

    /// Returns the time at which the next request may be sent, or at which that may have changed.
    fn due(&self, now: Moment) -> Moment {
        match self.probe {
            Probe::Sent(_, until) => self.next.max(until.min(now.saturating_add(PROBE_CHECK))),
            Probe::Accepted | Probe::Next => self.next,
        }
    }

    /// Forgets a limit that may have changed.
    fn forget(&mut self, now: Moment) {
        if now.saturating_duration_since(self.limited_at.max(self.next)) >= FORGET_AFTER && self.queue.is_empty() {
            (self.gap, self.probe) = (Duration::ZERO, Probe::Accepted);
        }
        if now.saturating_duration_since(self.limited_at) >= FORGET_AFTER {
            self.steady_gap = Duration::ZERO;
        }
    }

    /// Ends the wait of the others if this request is the probe. If the server `has_accepted` it, the gap shrinks.
    fn on_reply(&mut self, now: Moment, number: u64, sent_at: Moment, has_accepted: bool) {
        if self.is_probe(number) {
            self.probe = Probe::Next;
            self.next = self.next.max(now);
        }
        // A response to an earlier request shows neither that the pause is over nor that the gap is long enough.
        if !has_accepted || sent_at <= self.limited_at {
            return;
        }
        self.probe = Probe::Accepted;
        if self.is_gap_used && sent_at >= self.changed_at {
            let share = if self.gap > self.steady_gap { 2 } else { STEADY_SHARE };
            (self.gap, self.changed_at) = (self.gap.saturating_sub(self.gap / share).max(MIN_GAP.min(self.gap)), now);
        }
    }

    fn is_probe(&self, number: u64) -> bool {
        matches!(self.probe, Probe::Sent(probe, _) if probe == number)
    }

    fn remove(&mut self, number: u64) {
        if self.is_probe(number) {
            self.probe = Probe::Next;
        }
        if let Ok(at) = self.queue.binary_search(&number) {
            self.queue.remove(at);
        }
    }
}

/// The turn of a request among the paced requests of a session. Dropping it lets the others continue.
pub(crate) struct Turn {
    pacer: Pacer,
    number: u64,
}

impl Turn {
    /// Returns the time of the next check; `None` if the request may be sent.
    pub(crate) fn poll(&self, now: Moment) -> Option<Moment> {
        self.pacer.with(|schedule| schedule.poll(now, self.number))
    }

    /// Returns `true` unless another request was limited after this one was sent.
    pub(crate) fn is_first_of_round(&self, sent_at: Moment) -> bool {
        self.pacer.with(|schedule| schedule.is_first_of_round(sent_at))
    }

    /// Records that this request, sent at `sent_at`, was limited: all requests pause.
    pub(crate) fn on_rate_limited(&self, now: Moment, sent_at: Moment, pause: Duration, error: &Error) {
        self.pacer.with(|schedule| schedule.on_rate_limited(now, sent_at, pause, error));
    }

    /// Records that the exchange of this request, sent at `sent_at`, has ended.
    pub(crate) fn on_reply(&self, now: Moment, sent_at: Moment, has_accepted: bool) {
        self.pacer.with(|schedule| schedule.on_reply(now, self.number, sent_at, has_accepted));
    }

    /// Returns the error that started the current pause, if more than `max` of it remains.
    pub(crate) fn pause_beyond(&self, now: Moment, max: Duration) -> Option<Error> {
        self.pacer.with(|schedule| schedule.pause_beyond(now, max))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pacer.with(|schedule| schedule.remove(self.number));
    }
}
