//! The decision after a failed attempt.

use alloc::boxed::Box;
use core::{mem, time::Duration};

use http::{Response, StatusCode};

use super::{Call, State, login::is_login_expired};
use crate::{
    effect::{Moment, Now, TransportError, TransportErrorKind},
    error::{Cause, Error, ErrorKind, GaveUp},
    flow::backoff,
    pacing::MAX_PAUSE,
    protocol::Endpoint,
};

impl<T> Call<T> {
    /// Schedules a retry if the request may be repeated, the policy allows one, and the server's `Retry-After` is
    /// acceptable.
    pub(super) fn retry(&mut self, now: Now, error: Error) -> State<T> {
        self.outcome_unknown |= error.outcome_unknown();
        // Without its key, the server would not recognise the repetition.
        let is_once = !self.is_key_sent || self.endpoint.as_ref().is_none_or(Endpoint::is_once);
        if error.outcome_unknown() && is_once {
            return self.fail_limited(now, error, GaveUp::NotRepeatable);
        }
        if self.is_refused_again(&error) {
            return self.fail_limited(now, error, GaveUp::NotTransient);
        }
        // A server sends 408 before it closes an idle connection; others may be as old (RFC 9110, section 15.5.9).
        self.requires_new_connection |=
            invalidates_idle_connections(&error) || error.status() == Some(StatusCode::REQUEST_TIMEOUT.as_u16());
        // Servers close idle connections: once per call, this costs neither a wait nor an attempt.
        if is_stale_connection(&error) && mem::take(&mut self.may_replace_stale_connection) {
            self.note_retry(&error, now.moment);
            self.limit.keep(error);
            return State::Ready;
        }
        let policy = *self.session.retry();
        let is_limited = is_limited(&error);
        // Requests in flight together exceed a limit together: for all but the first of them, that is not a failed
        // attempt.
        let sent_at = self.sent_at;
        let counts =
            self.max_retries == 0 || !is_limited || self.login.is_login || self.turn().is_first_of_round(sent_at);
        let in_progress = self.in_progress_responses(now, &error);
        let nth = in_progress.unwrap_or_else(|| {
            // An outage must not use up the attempts that a limit needs.
            let failures = if is_limited { &mut self.rate_limits } else { &mut self.failures };
            *failures = failures.saturating_add(u32::from(counts));
            (*failures).max(1)
        });
        let delay = backoff::delay(&policy, nth, self.session.next_random());
        let delay = delay.max(in_progress.map_or(Duration::ZERO, |nth| MIN_PROCESSING_WAIT * (1 << (nth - 1))));
        self.pause_if_limited(now, &error, delay);
        let retry_after = error.retry_after();
        let wait = wait_after(&error, delay);
        if self.failures.max(self.rate_limits) > self.max_retries {
            return self.fail(error, GaveUp::Attempts);
        }
        if retry_after.is_some_and(|wait| wait > policy.max_retry_after) {
            return self.fail(error, GaveUp::RetryAfter);
        }
        if self.limit.is_reached_by(now.moment.saturating_add(wait)) {
            return self.fail(error, self.limit.gave_up());
        }
        self.note_retry(&error, now.moment.saturating_add(wait));
        if is_limited && self.is_paced() {
            self.limit.keep(error);
            // The pause of the session includes this wait.
            State::Queued(now.moment)
        } else {
            State::Backoff(now.moment.saturating_add(wait))
        }
    }

    /// Same as [`fail`](Self::fail), after a response that may have been a limit.
    pub(super) fn fail_limited(&mut self, now: Now, error: Error, gave_up: GaveUp) -> State<T> {
        if is_limited(&error) {
            let delay = backoff::delay(self.session.retry(), 1, self.session.next_random());
            self.pause_if_limited(now, &error, delay);
        }
        self.fail(error, gave_up)
    }

    /// Lets all requests of the session pause if the server has limited this one, which must not be repeated itself.
    fn pause_if_limited(&mut self, now: Now, error: &Error, delay: Duration) {
        if is_limited(error) && !self.login.is_login {
            let max = self.session.retry().max_retry_after.saturating_add(delay);
            let (pause, sent_at) = (wait_after(error, delay).min(MAX_PAUSE.max(max)), self.sent_at);
            self.turn().on_rate_limited(now.moment, sent_at, pause, error);
        }
    }

    /// Takes the head of an error response that needs no body, or that is the expiry of the login without its body.
    /// With a token, that of any other 401 stays: whether the login has expired can depend on the body. The request was
    /// not performed in either case, so it counts as not sent.
    pub(super) fn take_refusal(&self, now: Now, cause: &mut TransportError) -> Option<Box<Response<()>>> {
        let has_token = self.login.token().is_some();
        let is_expiry = has_token && cause.head.as_ref().is_some_and(|head| self.is_expiry(now, head));
        let head = cause.head.take_if(|head| is_expiry || is_complete_without_body(head.status()))?;
        if has_token && !is_expiry && head.status() == StatusCode::UNAUTHORIZED {
            (cause.sent, cause.head) = (false, Some(head));
            return None;
        }
        Some(head)
    }

    /// Returns `true` if this head of an error response says that the login has expired.
    fn is_expiry(&self, now: Now, head: &Response<()>) -> bool {
        let Some(endpoint) = &self.endpoint else { return false };
        let (protocol, redaction) = (self.session.protocol(), self.session.redaction());
        let range = self.requested_range();
        let refusal = endpoint.refusal_without_body(head, range, now, protocol, &redaction);
        refusal.is_some_and(|error| is_login_expired(&error))
    }

    /// Notes a retry for the observer of the session, if the operation around this call takes the note.
    fn note_retry(&self, error: &Error, retry_at: Moment) {
        if let State::Waiting(ticket) = self.state
            && self.notes_retries
        {
            self.session.note_retry(ticket, error, retry_at);
        }
    }

    /// Returns the number of responses saying that an earlier attempt is still being processed, which is not a failure
    /// of the attempts since. `None` for any other error, and after the time that processing can take.
    fn in_progress_responses(&mut self, now: Now, error: &Error) -> Option<u32> {
        let (Cause::Api(api_error), Some(endpoint)) = (error.cause(), &self.endpoint) else { return None };
        if self.max_retries == 0 || !api_error.meaning.is_in_progress {
            return None;
        }
        let max_processing = self.session.config().timeouts.of(endpoint.timeout_class()).max_idle();
        let (until, times) = self.in_progress.get_or_insert((now.moment.saturating_add(max_processing), 0));
        *times = times.saturating_add(1).min(MAX_DOUBLINGS);
        (now.moment < *until).then_some(*times)
    }
}

/// Maximum number of doublings of the wait for a request that is still being processed.
const MAX_DOUBLINGS: u32 = 4;
/// Minimum time before the second request while the first one is being processed, whatever the policy: these responses
/// are not counted as failed attempts.
const MIN_PROCESSING_WAIT: Duration = Duration::from_millis(100);

/// Returns `true` for an error status that needs no body: a retry would be rejected as well, or count as a failed
/// login, so the status counts even if the body was cut off.
fn is_complete_without_body(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::URI_TOO_LONG
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    )
}

/// Returns the wait before a retry. The delay is added to `Retry-After`, so that clients that were given the same time
/// do not all return at once.
fn wait_after(error: &Error, delay: Duration) -> Duration {
    error.retry_after().unwrap_or_default().saturating_add(delay)
}

/// Returns `true` if the server has limited the rate of requests: by the status 429, or by a transient refusal.
fn is_limited(error: &Error) -> bool {
    let Cause::Api(api_error) = error.cause() else { return false };
    (api_error.kind == ErrorKind::RateLimited && api_error.meaning.is_transient)
        || api_error.status == StatusCode::TOO_MANY_REQUESTS.as_u16()
}

fn is_stale_connection(error: &Error) -> bool {
    let Cause::Transport(cause) = error.cause() else { return false };
    cause.kind == TransportErrorKind::Disconnected && cause.reused && cause.received == 0
}

/// Returns `true` if all connections that were idle for as long as this one may be dead, because the server or an
/// intermediary had dropped a reused one.
pub(crate) fn invalidates_idle_connections(error: &Error) -> bool {
    let Cause::Transport(cause) = error.cause() else { return false };
    cause.reused && matches!(cause.kind, TransportErrorKind::Disconnected | TransportErrorKind::Timeout)
}
