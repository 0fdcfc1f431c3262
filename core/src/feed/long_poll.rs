use core::time::Duration;

use crate::{
    effect::{Moment, TransportErrorKind},
    error::{Cause, Error},
};

/// Minimum duration of a long poll, and its granularity: protocols use whole seconds.
pub(super) const MIN_LONG_POLL: Duration = Duration::from_secs(1);
/// Number of consecutive cuts after which the duration is shortened. A single one may be a restart of the intermediary.
const CUTS_BEFORE_SHORTENING: u32 = 2;
/// Number of successful full-length polls after which the duration grows by a second.
const POLLS_BEFORE_GROWTH: u32 = 10;
/// Time after which longer durations are tried again, as the limit of the intermediary may have been raised.
const FORGET_AFTER: Duration = Duration::from_secs(60 * 60);

/// The duration of long polls, adapted to intermediaries: a load balancer that ends each exchange after some seconds
/// would otherwise cut every idle poll.
///
/// ```text
///   max_wait ──cut twice after t─► 3/4 of t ──10 polls succeed──► 1 s more, up to t - 1 s
///                                     ▲                                     │ after an hour, beyond that
///                                     └──────────────cut twice──────────────┘
/// ```
#[derive(Debug)]
pub(super) struct LongPollDuration {
    max_wait: Duration,
    current: Duration,
    /// Number of consecutive cuts, and the shortest time after which one occurred.
    cuts: u32,
    cut_after: Duration,
    /// Number of successful full-length polls since the last change of the duration.
    successes: u32,
    /// A duration that was cut, and the time until which it is not tried again.
    too_long: Option<(Duration, Moment)>,
}

impl LongPollDuration {
    pub(super) const fn new(max_wait: Duration) -> Self {
        Self { max_wait, current: max_wait, cuts: 0, cut_after: Duration::MAX, successes: 0, too_long: None }
    }

    /// Returns the duration that was requested.
    pub(super) const fn longest(&self) -> Duration {
        self.max_wait
    }

    /// Returns the duration of the next poll, in whole seconds.
    pub(super) const fn current(&self) -> Duration {
        self.current
    }

    /// Records a poll that failed after `elapsed`. Returns `true` if it was cut off in a way that a shorter duration
    /// can prevent.
    pub(super) fn on_failure(&mut self, error: &Error, elapsed: Duration, now: Moment) -> bool {
        let early = elapsed < self.current.saturating_add(MIN_LONG_POLL);
        if !is_cut_by_intermediary(error) || elapsed < MIN_LONG_POLL || !early || self.current <= MIN_LONG_POLL {
            (self.cuts, self.cut_after) = (0, Duration::MAX);
            return false;
        }
        self.cuts += 1;
        self.cut_after = self.cut_after.min(elapsed);
        if self.cuts >= CUTS_BEFORE_SHORTENING {
            self.too_long = Some((self.cut_after, now.saturating_add(FORGET_AFTER)));
            // Three quarters leave a margin for a slow network. Always shorter than before, so that this terminates.
            let shorter = Duration::from_secs((self.cut_after * 3 / 4).as_secs());
            self.set(shorter.min(self.current.saturating_sub(MIN_LONG_POLL)).max(MIN_LONG_POLL));
        }
        true
    }

    /// Records a poll that succeeded after `elapsed`.
    pub(super) fn on_success(&mut self, elapsed: Duration, now: Moment) {
        // A response that came early shows nothing about full-length polls.
        if elapsed.saturating_add(MIN_LONG_POLL) < self.current {
            return;
        }
        (self.cuts, self.cut_after) = (0, Duration::MAX);
        if self.current == self.max_wait {
            return;
        }
        self.successes += 1;
        let longer = (self.current + MIN_LONG_POLL).min(self.max_wait);
        // With a margin of one second for the network.
        let is_below = |too_long| longer.saturating_add(MIN_LONG_POLL) <= too_long;
        let may_grow = self.too_long.is_none_or(|(too_long, until)| is_below(too_long) || now >= until);
        if self.successes >= POLLS_BEFORE_GROWTH && may_grow {
            self.set(longer);
        }
    }

    fn set(&mut self, to: Duration) {
        self.current = to;
        (self.cuts, self.cut_after, self.successes) = (0, Duration::MAX, 0);
    }
}

/// Returns `true` if an intermediary may have ended the exchange: the error response is not one of the protocol, or the
/// connection was closed before any response.
fn is_cut_by_intermediary(error: &Error) -> bool {
    match error.cause() {
        Cause::Api(api_error) => {
            matches!(api_error.status, 408 | 502..=504) && api_error.code.is_none() && api_error.retry_after.is_none()
        }
        Cause::Transport(cause) => {
            cause.kind == TransportErrorKind::Disconnected && cause.received == 0 && cause.head.is_none()
        }
        _ => false,
    }
}
