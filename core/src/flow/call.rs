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

mod ends;
mod login;
mod queue;
mod reply;
mod retry;
mod state;
mod time_limit;

use alloc::{boxed::Box, string::String};
use core::{cell::Cell, convert::Infallible, fmt, mem, time::Duration};

use http::{HeaderValue, header};

use self::{login::LoginState, queue::is_accepted, state::State, time_limit::TimeLimit};
pub(crate) use self::{retry::invalidates_idle_connections, time_limit::deadline_passed};
use crate::{
    effect::{Exchange, Moment, Now},
    error::Error,
    flow::Resume,
    machine::{Machine, Reply, Step, Ticket},
    pacing::Turn,
    protocol::{self, Attempt, Endpoint, EndpointResult},
    session::Session,
};

/// Sends a request, retrying transient failures.
pub(crate) struct Call<T> {
    session: Session,
    /// `None` if the arguments were rejected locally.
    endpoint: Option<Endpoint<T>>,
    max_retries: u32,
    /// Set if the operation around it reports its retries.
    notes_retries: bool,
    limit: TimeLimit,
    key: Option<String>,
    /// Number of failed attempts, without those that were limited.
    failures: u32,
    /// Number of attempts that were limited.
    rate_limits: u32,
    /// Number of times that the request was sent.
    attempts: u32,
    /// Time until which the server may still be processing an earlier attempt, and the number of such responses.
    in_progress: Option<(Moment, u32)>,
    /// Set if the last attempt had the idempotency key, or needed none.
    is_key_sent: bool,
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
    login: LoginState,
    /// Size of the last response body, in bytes.
    received: u64,
    state: State<T>,
}

impl Session {
    /// Returns the machine of an endpoint. If the arguments were rejected locally, it ends with that error.
    pub(crate) fn call<T: Send>(&self, endpoint: EndpointResult<T>) -> Call<T> {
        Call::new(self.clone(), endpoint)
    }

    /// Same as [`call`](Self::call), without retries.
    pub(crate) fn call_once<T: Send>(&self, endpoint: EndpointResult<T>) -> Call<T> {
        self.call(endpoint).without_retries()
    }
}

impl<T> Call<T> {
    pub(crate) fn new(session: Session, endpoint: EndpointResult<T>) -> Self {
        let prepared = endpoint.and_then(|endpoint| endpoint.prepared(&session.config().base, || session.boundary()));
        let (endpoint, state) = match prepared {
            Ok(endpoint) => (Some(endpoint), State::Ready),
            Err(error) => (None, State::Done(Err(error))),
        };
        let key = endpoint.as_ref().and_then(|endpoint| endpoint.key(|| session.idempotency_key()));
        let retries = session.retry().max_retries;
        Self {
            session,
            endpoint,
            max_retries: retries,
            notes_retries: true,
            limit: TimeLimit::new(),
            key,
            failures: 0,
            rate_limits: 0,
            attempts: 0,
            in_progress: None,
            is_key_sent: true,
            outcome_unknown: false,
            may_replace_stale_connection: retries > 0,
            requires_new_connection: false,
            sent_at: Moment::EPOCH,
            elapsed: Duration::ZERO,
            resume: None,
            position: None,
            turn: None,
            login: LoginState::default(),
            received: 0,
            state,
        }
    }

    /// Disables retries, except for a stale connection, and the limit on their time: for callers that retry themselves,
    /// and report that themselves.
    pub(crate) fn without_retries(mut self) -> Self {
        (self.max_retries, self.may_replace_stale_connection, self.notes_retries) = (0, true, false);
        self.limit = self.limit.without_budget();
        self
    }

    /// Neither starts a login nor waits for one: without a token, the request fails.
    pub(crate) fn without_login(mut self) -> Self {
        self.login.is_skipped = true;
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

    /// Returns the number of times that the request was sent.
    pub(crate) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the size of the last response body, in bytes.
    pub(crate) const fn received(&self) -> u64 {
        self.received
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
    /// Returns `true` if it has the key, or needs none.
    fn exchange(&self, endpoint: &Endpoint<T>) -> (Box<Exchange>, bool) {
        let config = self.session.config();
        let mut request = endpoint.request(&config.base);
        let headers = request.headers_mut();
        headers.insert(header::USER_AGENT, self.session.user_agent());
        // Content codings are not supported.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(protocol::IDENTITY));
        let attempt = Attempt {
            credentials: &config.credentials,
            authorization: self.session.authorization(),
            token: self.login.token(),
            key: self.key.as_deref(),
            is_key_taken: Cell::new(false),
        };
        self.session.protocol().prepare(&mut request, &attempt);
        let is_key_sent = attempt.is_key_sent(&request);
        let limits = &config.limits;
        let limit = if endpoint.is_download() { limits.max_download_size } else { limits.max_response_size };
        let timeout = config.timeouts.of(endpoint.timeout_class());
        let mut exchange = Box::new(Exchange::new(request, timeout, limit));
        exchange.requires_new_connection = self.requires_new_connection || endpoint.is_once() || !is_key_sent;
        exchange.replaces_stale_connection = self.may_replace_stale_connection && !exchange.requires_new_connection;
        exchange.progress = endpoint.observer();
        if let Some(left) = self.limit.left(self.sent_at) {
            exchange.end_within(left);
        }
        if let Some(resume) = &self.resume {
            resume.apply_to(&mut exchange);
        }
        (exchange, is_key_sent)
    }

    /// Returns `true` for a request whose failure does not matter.
    fn is_best_effort(&self) -> bool {
        self.endpoint.as_ref().is_none_or(Endpoint::is_best_effort)
    }

    fn send(&mut self, now: Now) -> State<T> {
        if self.limit.is_reached_by(now.moment) {
            return self.time_is_up();
        }
        if let Some(before) = self.enter_gate(now) {
            // The requests behind it do not wait for the response to one that is not sent yet.
            self.turn = None;
            return before;
        }
        self.sent_at = now.moment;
        self.attempts = self.attempts.saturating_add(1);
        let ticket = self.session.ticket();
        self.position.get_or_insert(ticket.0);
        State::Waiting(ticket)
    }
}

impl<T: Send> Machine for Call<T> {
    type Event = Infallible;
    type Output = T;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<T, Error>> {
        if self.session.is_stopped() {
            self.cancel();
        }
        if let State::Backoff(until) = self.state {
            if now.moment < until {
                return Step::Sleep(until);
            }
            self.state = State::Ready;
        }
        if let State::AwaitingLogin(until) = self.state
            && now.moment >= until
        {
            // After the login, requests are paced as before.
            self.state = self.enter_gate(now).unwrap_or(State::Ready);
        }
        if let State::Ready = self.state {
            self.limit.start(now.moment, &self.session);
            self.state = self.enqueue(now);
        }
        if let State::Queued(until) = self.state
            && now.moment >= until
        {
            self.state = self.queued(now).unwrap_or_else(|| self.send(now));
        }
        if let Some(step) = self.poll_login(now) {
            return step;
        }
        if let State::Queued(until) | State::AwaitingLogin(until) = self.state {
            if !self.limit.is_reached_by(now.moment) {
                return Step::Sleep(self.limit.cut(until));
            }
            self.state = self.time_is_up();
        }
        match (&self.state, &self.endpoint) {
            (State::Waiting(ticket), Some(endpoint)) => {
                let (ticket, (exchange, is_key_sent)) = (*ticket, self.exchange(endpoint));
                self.is_key_sent = is_key_sent;
                Step::Send(ticket, exchange)
            }
            _ => match mem::replace(&mut self.state, State::Finished) {
                State::Done(result) => Step::Done(result),
                _ => Step::Done(Err(Error::finished())),
            },
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.state {
            State::Waiting(expected) if *expected == ticket => {}
            State::LoggingIn(_) => return self.handle_login(now, ticket, reply),
            _ => return,
        }
        self.elapsed = now.moment.saturating_duration_since(self.sent_at);
        let is_accepted = is_accepted(&reply);
        self.state = match reply {
            Reply::Response(response) => self.on_response(now, response),
            Reply::Error(error) if self.session.is_stopped() => State::Done(Err(self.cancelled(error.sent))),
            Reply::Error(error) => self.on_transport_error(now, error),
            // An executor bug.
            Reply::File(_) => State::Done(Err(Error::invalid("executor", "it returned a file outcome for a request"))),
        };
        // After the error of a limit, which can have any status, it does not count as accepted.
        if let Some(turn) = &self.turn {
            turn.on_reply(now.moment, self.sent_at, is_accepted);
        }
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("state", &self.state.name())
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
