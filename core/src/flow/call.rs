//! The machine of one request: authentication, idempotency key, retries with backoff and `Retry-After`.
//!
//! ```text
//!                poll: Send                response or permanent error
//!   ┌─► Ready ─────────────► Waiting(ticket) ──────────────────────► Done ──poll──► Finished
//!   │                             │ transient error
//!   └─── poll, time reached ─── Backoff(until)     earlier poll: Sleep(until)
//! ```
//!
//! While the session's requests are paced, a request is `Queued` before it is sent.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::{convert::Infallible, fmt, mem, time::Duration};

use http::{HeaderValue, StatusCode, header};

use crate::{
    effect::{Exchange, Moment, Now, Response, TransportError, TransportErrorKind},
    error::{Error, UnexpectedResponse},
    flow::{Resume, backoff},
    machine::{Machine, Reply, Step, Ticket},
    pacing::{MAX_PAUSE, MAX_WAITED_PAUSE, Turn},
    protocol::{self, Endpoint, Range},
    session::Session,
};

/// Sends a request, retrying transient failures.
pub(crate) struct Call<T> {
    session: Session,
    /// `None` if the arguments were rejected locally.
    endpoint: Option<Endpoint<T>>,
    max_retries: u32,
    key: Option<String>,
    failures: u32,
    /// Time until which the server may still be processing an earlier attempt, and the number of such responses.
    in_progress: Option<(Moment, u32)>,
    /// Set if an earlier attempt may have taken effect.
    outcome_unknown: bool,
    /// Allows one free attempt if a reused connection turns out to be closed.
    may_replace_stale_connection: bool,
    /// Makes the next attempts require a new connection: see [`Exchange::requires_new_connection`].
    requires_new_connection: bool,
    /// Time of the last attempt; the epoch before the first.
    sent_at: Moment,
    /// Time from the last attempt to its reply.
    elapsed: Duration,
    /// Progress of a response that is written to a file.
    resume: Option<Resume>,
    /// Position among the paced requests of the session: the number of the first ticket.
    position: Option<u64>,
    /// `None` if its requests have not been paced.
    turn: Option<Turn>,
    state: State<T>,
}

enum State<T> {
    Ready,
    /// Behind other requests of the session; checked again at this time.
    Queued(Moment),
    Waiting(Ticket),
    Backoff(Moment),
    Done(Result<T, Error>),
    Finished,
}

impl Session {
    /// Returns the machine of an endpoint. If the arguments were rejected locally, it ends with that error.
    pub(crate) fn call<T: Send>(&self, endpoint: Result<Endpoint<T>, Error>) -> Call<T> {
        Call::new(self.clone(), endpoint)
    }

    /// Same as [`call`](Self::call), without retries.
    pub(crate) fn call_once<T: Send>(&self, endpoint: Result<Endpoint<T>, Error>) -> Call<T> {
        self.call(endpoint).without_retries()
    }
}

impl<T> Call<T> {
    pub(crate) fn new(session: Session, endpoint: Result<Endpoint<T>, Error>) -> Self {
        let (endpoint, state) = match endpoint {
            Ok(endpoint) => (Some(endpoint), State::Ready),
            Err(error) => (None, State::Done(Err(error))),
        };
        let key = endpoint.as_ref().and_then(|endpoint| endpoint.key(|| session.idempotency_key()));
        let retries = session.config().retry.max_retries;
        Self {
            session,
            endpoint,
            max_retries: retries,
            key,
            failures: 0,
            in_progress: None,
            outcome_unknown: false,
            may_replace_stale_connection: retries > 0,
            requires_new_connection: false,
            sent_at: Moment::EPOCH,
            elapsed: Duration::ZERO,
            resume: None,
            position: None,
            turn: None,
            state,
        }
    }

    /// Disables retries, except for a stale connection: for callers that retry themselves.
    pub(crate) fn without_retries(mut self) -> Self {
        (self.max_retries, self.may_replace_stale_connection) = (0, true);
        self
    }

    /// Sets [`Exchange::requires_new_connection`] of its attempts.
    pub(crate) fn requires_new_connection(mut self, requires_new_connection: bool) -> Self {
        self.requires_new_connection = requires_new_connection;
        self
    }

    /// Returns the time at which the last attempt was sent.
    pub(crate) const fn sent_at(&self) -> Moment {
        self.sent_at
    }

    /// Returns the time from the last attempt to its reply.
    pub(crate) const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns `true` if the result is available and has not been taken by a poll.
    pub(crate) const fn has_result(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    /// Streams the response to a file, and resumes an interrupted response.
    pub(crate) fn resumable(mut self, resume: Resume) -> Self {
        self.resume = Some(resume);
        self
    }

    /// Builds the request. It depends only on the endpoint, the session and the key, so it is the same in each attempt.
    fn exchange(&self, endpoint: &Endpoint<T>) -> Exchange {
        let config = self.session.config();
        let mut request = endpoint.request(&config.base);
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, self.session.authorization());
        headers.insert(header::USER_AGENT, self.session.user_agent());
        // Content codings are not supported.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(protocol::IDENTITY));
        if let Some(key) = self.key.as_deref().and_then(|key| HeaderValue::try_from(key).ok()) {
            headers.insert(protocol::IDEMPOTENCY_KEY, key);
        }
        let mut exchange = Exchange::new(request, endpoint.timeout(&config.timeouts), endpoint.limit(&config.limits));
        exchange.requires_new_connection = self.requires_new_connection;
        exchange.progress = endpoint.progress();
        if let Some(resume) = &self.resume {
            resume.apply_to(&mut exchange);
        }
        exchange
    }

    fn on_response(&mut self, now: Now, response: Response) -> State<T> {
        let Some(endpoint) = &self.endpoint else { return State::Finished };
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            // Only a proxy sends this status, without forwarding the request. Each retry would be a failed login.
            let reason = "it requires a user name and password (status 407); the request was not forwarded";
            return self.fail(TransportError::new(TransportErrorKind::Proxy, reason).into());
        }
        if let Some(Err(error)) = self.resume.as_ref().map(|resume| resume.verify(&response)) {
            return self.fail(error);
        }
        let restarts =
            response.status() == StatusCode::RANGE_NOT_SATISFIABLE && self.resume.as_mut().is_some_and(Resume::restart);
        let range = self.requested_range();
        let error = match endpoint.parse(response, range, now, &self.session.config().credentials) {
            Ok(output) => return State::Done(Ok(output)),
            Err(error) => error,
        };
        if restarts || error.is_transient() { self.retry(now, error) } else { self.fail(error) }
    }

    /// Returns the part of the content that the current attempt requests.
    fn requested_range(&self) -> Range {
        if self.resume.as_ref().is_some_and(Resume::has_progress) { Range::Rest } else { Range::All }
    }

    fn on_transport_error(&mut self, now: Now, mut cause: TransportError) -> State<T> {
        if let Some(head) = cause.head.take_if(|head| is_complete_without_body(head.status())) {
            return self.on_response(now, head.map(|()| Vec::new()));
        }
        let mismatch = match (&self.endpoint, &cause.head) {
            (Some(endpoint), Some(head)) => {
                endpoint.check_head(head, self.requested_range()).err().map(|reason| (head.status(), reason))
            }
            _ => None,
        };
        if let Some(resume) = &mut self.resume {
            if mismatch.is_some() {
                // The file must not keep bytes of a response that is not its content.
                resume.restart();
            } else if resume.on_interrupted(&cause) {
                // Progress resets the retry budget.
                self.failures = 0;
            }
        }
        let error = match mismatch {
            // The wrong content is the more precise error.
            Some((status, reason)) if cause.kind == TransportErrorKind::TooLarge => UnexpectedResponse {
                status: Some(status.as_u16()),
                ..UnexpectedResponse::new(self.session.redact(&reason))
            }
            .into(),
            _ => Error::from(cause.redacted(self.session.config().credentials.redaction())),
        };
        if error.is_transient() { self.retry(now, error) } else { self.fail(error) }
    }

    /// Schedules a retry if the policy allows one and the server's `Retry-After` is acceptable. Every request is safe
    /// to repeat: see [`Endpoint::key`].
    fn retry(&mut self, now: Now, error: Error) -> State<T> {
        self.outcome_unknown |= error.outcome_unknown();
        // A server sends 408 before it closes an idle connection; others may be as old (RFC 9110, section 15.5.9).
        self.requires_new_connection |=
            invalidates_idle_connections(&error) || error.status() == Some(StatusCode::REQUEST_TIMEOUT.as_u16());
        // Servers close idle connections: once per call, this costs neither a wait nor an attempt.
        if is_stale_connection(&error) && mem::take(&mut self.may_replace_stale_connection) {
            return State::Ready;
        }
        let policy = self.session.config().retry;
        let retry_after = error.retry_after();
        let is_limited = error.status() == Some(StatusCode::TOO_MANY_REQUESTS.as_u16());
        // Requests in flight together exceed a limit together: for all but the first of them, that is not a failed
        // attempt.
        let sent_at = self.sent_at;
        let counts = self.max_retries == 0 || !is_limited || self.turn().is_first_of_round(sent_at);
        let nth = self.in_progress_responses(now, &error).unwrap_or_else(|| {
            self.failures = self.failures.saturating_add(u32::from(counts));
            self.failures.max(1)
        });
        let delay = backoff::delay(&policy, nth, self.session.next_random());
        // Added to `Retry-After`, so that clients that were given the same time do not all return at once.
        let wait = retry_after.unwrap_or_default().saturating_add(delay);
        if is_limited {
            let pause = wait.min(MAX_PAUSE.max(policy.max_retry_after.saturating_add(delay)));
            self.turn().on_rate_limited(now.moment, sent_at, pause, &error);
        }
        if self.failures > self.max_retries || retry_after.is_some_and(|wait| wait > policy.max_retry_after) {
            return self.fail(error);
        }
        if is_limited && !self.has_short_timeout() {
            // The pause of the session includes this wait.
            State::Queued(now.moment)
        } else {
            State::Backoff(now.moment.saturating_add(wait))
        }
    }

    /// Returns the number of responses saying that an earlier attempt is still being processed, which is not a failure
    /// of the attempts since. `None` for any other error, and after the time that processing can take.
    fn in_progress_responses(&mut self, now: Now, error: &Error) -> Option<u32> {
        let (Error::Api(api_error), Some(endpoint)) = (error, &self.endpoint) else { return None };
        if self.max_retries == 0 || !api_error.meaning.is_in_progress {
            return None;
        }
        let max_processing = endpoint.timeout(&self.session.config().timeouts).max_idle();
        let (until, times) = self.in_progress.get_or_insert((now.moment.saturating_add(max_processing), 0));
        *times = times.saturating_add(1).min(MAX_DOUBLINGS);
        (now.moment < *until).then_some(*times)
    }

    /// Sends the request, or queues it if the session's requests are paced.
    fn enqueue(&mut self, now: Now) -> State<T> {
        if self.has_short_timeout() || !self.session.pacer().is_active() {
            return self.send(now);
        }
        State::Queued(now.moment)
    }

    /// Returns the turn of its requests, which is created when they are first paced.
    fn turn(&mut self) -> &Turn {
        let Self { session, position, turn, .. } = self;
        turn.get_or_insert_with(|| session.pacer().turn(*position.get_or_insert_with(|| session.ticket().0)))
    }

    /// Returns the next state of a queued request, or `None` once it may be sent. A pause that is too long to wait for
    /// ends it with the error that started the pause.
    fn queued(&mut self, now: Now) -> Option<State<T>> {
        let max = self.session.config().retry.max_retry_after.max(MAX_WAITED_PAUSE);
        if let Some(error) = self.turn().pause_beyond(now.moment, max) {
            return Some(self.fail(error));
        }
        self.turn().poll(now.moment).map(State::Queued)
    }

    /// Returns `true` for a request with a short timeout, which is never queued.
    fn has_short_timeout(&self) -> bool {
        self.endpoint.as_ref().is_none_or(Endpoint::has_short_timeout)
    }

    fn send(&mut self, now: Now) -> State<T> {
        self.sent_at = now.moment;
        let ticket = self.session.ticket();
        self.position.get_or_insert(ticket.0);
        State::Waiting(ticket)
    }

    fn fail(&self, error: Error) -> State<T> {
        State::Done(Err(if self.outcome_unknown { error.after_unanswered_attempt() } else { error }))
    }
}

/// Maximum number of doublings of the wait for a request that is still being processed.
const MAX_DOUBLINGS: u32 = 4;

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

/// Returns `true` if the server has neither limited the request nor failed.
fn is_accepted(reply: &Reply) -> bool {
    let Reply::Response(response) = reply else { return false };
    !response.status().is_server_error() && response.status() != StatusCode::TOO_MANY_REQUESTS
}

fn is_stale_connection(error: &Error) -> bool {
    let Error::Connection(cause) = error else { return false };
    cause.kind == TransportErrorKind::Disconnected && cause.reused && cause.received == 0
}

/// Returns `true` if all connections that were idle for as long as this one may be dead, because the server or an
/// intermediary had dropped a reused one.
pub(crate) fn invalidates_idle_connections(error: &Error) -> bool {
    let Error::Connection(cause) = error else { return false };
    cause.reused && matches!(cause.kind, TransportErrorKind::Disconnected | TransportErrorKind::Timeout)
}

impl<T: Send> Machine for Call<T> {
    type Event = Infallible;
    type Output = T;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<T, Error>> {
        if let State::Backoff(until) = self.state {
            if now.moment < until {
                return Step::Sleep(until);
            }
            self.state = State::Ready;
        }
        if let State::Ready = self.state {
            self.state = self.enqueue(now);
        }
        if let State::Queued(until) = self.state
            && now.moment >= until
        {
            self.state = self.queued(now).unwrap_or_else(|| self.send(now));
        }
        if let State::Queued(until) = self.state {
            return Step::Sleep(until);
        }
        match (&self.state, &self.endpoint) {
            (State::Waiting(ticket), Some(endpoint)) => Step::Send(*ticket, Box::new(self.exchange(endpoint))),
            _ => match mem::replace(&mut self.state, State::Finished) {
                State::Done(result) => Step::Done(result),
                _ => Step::Done(Err(Error::Finished)),
            },
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match self.state {
            State::Waiting(expected) if expected == ticket => {}
            _ => return,
        }
        self.elapsed = now.moment.saturating_duration_since(self.sent_at);
        if let Some(turn) = &self.turn {
            turn.on_reply(now.moment, self.sent_at, is_accepted(&reply));
        }
        self.state = match reply {
            Reply::Response(response) => self.on_response(now, response),
            Reply::Error(error) => self.on_transport_error(now, error),
            // An executor bug.
            Reply::File(_) => State::Done(Err(Error::invalid("executor", "it returned a file outcome for a request"))),
        };
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Ready => "Ready",
            State::Queued(_) => "Queued",
            State::Waiting(_) => "Waiting",
            State::Backoff(_) => "Backoff",
            State::Done(_) => "Done",
            State::Finished => "Finished",
        };
        f.debug_struct("Call").field("state", &state).field("failures", &self.failures).finish_non_exhaustive()
    }
}
