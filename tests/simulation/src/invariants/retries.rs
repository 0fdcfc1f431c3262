//! The retries of a feed: they are counted, wait for a growing time, and respect `Retry-After`.

use std::time::Duration;

use teamwire_core::{
    Error,
    effect::{Now, TransportErrorKind},
    error::Cause,
    feed::Retrying,
    machine::Ticket,
};

use crate::{
    scenario::Topic,
    violation::{Violation, violation},
};

const MIN_BACKOFF: Duration = Duration::from_millis(250);
const INITIAL_BACKOFF: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Retries {
    /// Consecutive failures.
    failures: u32,
    /// The failures that increase the backoff.
    outages: u32,
    /// The last request, and when it was first sent, on the clock of the process.
    last_request: Option<(Ticket, Duration)>,
    /// The earliest time of the next request, on the clock of the process.
    not_before: Duration,
}

impl Retries {
    pub(super) const fn reset(&mut self) {
        (self.failures, self.outages) = (0, 0);
    }

    /// Checks that a request is not sent before the announced time.
    pub(super) fn check_wait(&self, now: Now, topic: Topic) -> Result<(), Violation> {
        if now.moment.since_epoch() < self.not_before {
            return violation("a retry waits as announced", || {
                format!("{topic:?} should have waited until {:?}", self.not_before)
            });
        }
        Ok(())
    }

    pub(super) fn on_request(&mut self, now: Now, ticket: Ticket) {
        if self.last_request.is_none_or(|(last, _)| last != ticket) {
            self.last_request = Some((ticket, now.moment.since_epoch()));
        }
    }

    /// Checks a retry event. `requested` is the wait that the server has asked for.
    pub(super) fn on_notice(
        &mut self,
        now: Now,
        requested: Option<Duration>,
        notice: &Retrying,
    ) -> Result<(), Violation> {
        self.failures += 1;
        if notice.attempt != self.failures {
            return violation("failed attempts are counted", || {
                format!("this is number {}, but the event is {notice:?}", self.failures)
            });
        }
        // The event may have been ready for some time before it was polled.
        let wait = notice.retry_at.saturating_duration_since(now.moment);
        self.not_before = notice.retry_at.since_epoch();
        let request_duration =
            self.last_request.map_or(Duration::ZERO, |(_, sent_at)| now.moment.since_epoch().saturating_sub(sent_at));
        // A long poll that is interrupted after a while is repeated at once.
        if wait == MIN_BACKOFF
            && requested.is_none()
            && request_duration >= Duration::from_secs(1)
            && may_be_interrupted(&notice.error)
        {
            return Ok(());
        }
        self.outages += 1;
        let backoff = INITIAL_BACKOFF.saturating_mul(1 << self.outages.min(8).saturating_sub(1)).min(MAX_BACKOFF);
        let minimum = MIN_BACKOFF * (1 << (self.outages - 1).min(5));
        let own_wait = wait.saturating_sub(requested.unwrap_or_default());
        if own_wait < (backoff / 2).max(minimum) || own_wait > backoff.max(minimum) {
            return violation("the backoff grows, and `Retry-After` is respected", || {
                format!("the server asked for {requested:?}, the wait is {wait:?} after attempt {}", self.failures)
            });
        }
        Ok(())
    }
}

/// Returns `true` if a proxy may have ended the exchange.
fn may_be_interrupted(error: &Error) -> bool {
    match error.cause() {
        Cause::Transport(fault) => {
            fault.kind == TransportErrorKind::Disconnected && fault.received == 0 && fault.head.is_none()
        }
        Cause::Api(rejection) => matches!(rejection.status, 408 | 502..=504) && rejection.code.is_none(),
        _ => false,
    }
}
