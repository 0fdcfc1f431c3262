use core::time::Duration;

use crate::{
    effect::{Moment, TransportErrorKind},
    error::{Error, ErrorKind},
};

/// The shortest wait that a poll asks for, and the unit: the contract has full seconds.
pub(super) const MIN_LONG_POLL: Duration = Duration::from_secs(1);
/// Cuts in a row after which the wait is shortened. A single one may be a restart of what is in between.
const CUTS_BEFORE_SHORTENING: u32 = 2;
/// Polls that lasted and went well after which the wait is a second longer.
const POLLS_BEFORE_GROWTH: u32 = 10;
/// Time after which waits that were cut are tried again: the limit may have been raised.
const FORGET_AFTER: Duration = Duration::from_secs(60 * 60);

/// The wait that long polls ask the server for, fitted to what is in between: a load balancer that ends each exchange after
/// some seconds would otherwise cut every quiet poll.
///
/// ```text
///   longest ──cut twice after t──► 3/4 of t ──10 polls went well──► 1 s more, up to t - 1 s
///                                     ▲                                       │ after an hour, also beyond
///                                     └──────────────cut twice────────────────┘
/// ```
#[derive(Debug)]
pub(super) struct LongPollDuration {
    longest: Duration,
    current: Duration,
    /// Cuts in a row, and the shortest time after which one came.
    cuts: u32,
    cut_after: Duration,
    /// Polls that lasted and went well since the wait was last changed.
    good: u32,
    /// A wait that was cut, and until when it is not tried again.
    too_long: Option<(Duration, Moment)>,
}

impl LongPollDuration {
    pub(super) const fn new(longest: Duration) -> Self {
        Self { longest, current: longest, cuts: 0, cut_after: Duration::MAX, good: 0, too_long: None }
    }

    /// Returns the wait that the next poll asks for: full seconds.
    pub(super) const fn current(&self) -> Duration {
        self.current
    }

    /// Takes note of a poll that lasted so long and then failed. Returns `true` if it was cut in a way that a shorter wait can
    /// prevent; `false` for any other failure.
    pub(super) fn is_cut(&mut self, error: &Error, lasted: Duration, now: Moment) -> bool {
        let early = lasted < self.current.saturating_add(MIN_LONG_POLL);
        if !is_cut_by_intermediary(error) || lasted < MIN_LONG_POLL || !early || self.current <= MIN_LONG_POLL {
            (self.cuts, self.cut_after) = (0, Duration::MAX);
            return false;
        }
        self.cuts += 1;
        self.cut_after = self.cut_after.min(lasted);
        if self.cuts >= CUTS_BEFORE_SHORTENING {
            self.too_long = Some((self.cut_after, now.saturating_add(FORGET_AFTER)));
            // With room to spare for a slow network; and shorter in any case, so that this comes to an end.
            let shorter = Duration::from_secs((self.cut_after * 3 / 4).as_secs());
            self.change(shorter.min(self.current.saturating_sub(MIN_LONG_POLL)).max(MIN_LONG_POLL));
        }
        true
    }

    /// Takes note of a poll that lasted so long and went well.
    pub(super) fn on_success(&mut self, lasted: Duration, now: Moment) {
        // What came at once proves nothing about what waits.
        if lasted.saturating_add(MIN_LONG_POLL) < self.current {
            return;
        }
        (self.cuts, self.cut_after) = (0, Duration::MAX);
        if self.current == self.longest {
            return;
        }
        self.good += 1;
        let longer = (self.current + MIN_LONG_POLL).min(self.longest);
        // With a second to spare: the network takes some of it.
        let is_below = |too_long| longer.saturating_add(MIN_LONG_POLL) <= too_long;
        let may_grow = self.too_long.is_none_or(|(too_long, until)| is_below(too_long) || now >= until);
        if self.good >= POLLS_BEFORE_GROWTH && may_grow {
            self.change(longer);
        }
    }

    fn change(&mut self, to: Duration) {
        self.current = to;
        (self.cuts, self.cut_after, self.good) = (0, Duration::MAX, 0);
    }
}

/// Returns `true` if something in between may have ended the exchange: the response is not in the server's form, or the
/// connection was closed before any of it.
fn is_cut_by_intermediary(error: &Error) -> bool {
    match error {
        Error::Api(refusal) => {
            matches!(refusal.status, 408 | 502..=504) && refusal.code.is_none() && refusal.retry_after.is_none()
        }
        Error::Connection(fault) => {
            fault.kind == TransportErrorKind::Disconnected && fault.received == 0 && fault.head.is_none()
        }
        _ => false,
    }
}

/// Returns `true` for an error that a feed reports and waits out.
pub(super) fn is_retryable(error: &Error) -> bool {
    match error {
        // A certificate that has expired is renewed some day.
        Error::Connection(fault) if fault.kind == TransportErrorKind::Tls => true,
        // What something in between says, too: only a problem of the contract ends a feed. But a login that is refused
        // ends it, by the server or by a proxy: each further poll would be another failed login.
        Error::Api(refusal) if !refusal.meaning.is_of_contract => refusal.status != 401,
        error => error.is_transient() || error.kind() == ErrorKind::UnexpectedResponse,
    }
}
