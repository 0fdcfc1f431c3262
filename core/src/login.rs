//! The login of a session: performed once for all of its operations, however many need it at once.
//!
//! The first operation that needs the token gets the permit and performs the login; the others check again after a
//! short wait. A permit ends with its result, or when it is dropped. An operation that is not polled any more loses its
//! permit after a while. A failed login is the failure of all operations that waited for it.
//!
//! After a failed login, the gate is closed: for the time that the server asks for, and for a time that doubles if the
//! login was refused, because refused logins may lock an account. Later operations wait for that time, or fail with the
//! same error.

use alloc::{collections::VecDeque, sync::Arc};
use core::time::Duration;

use crate::{
    credentials::Credentials,
    effect::{Moment, Now},
    error::{Cause, Error},
    pacing::MAX_PAUSE,
    protocol::Token,
    redaction::Redaction,
    shared::Shared,
};

/// Time after which a waiting operation checks again; it doubles each time, up to the maximum.
const MIN_WAIT: Duration = Duration::from_millis(10);
const MAX_DOUBLINGS: u32 = 4;
/// Time after a refused login until the next one; it doubles with each, up to the maximum.
const MIN_REFUSED_PAUSE: Duration = Duration::from_secs(10);
const MAX_REFUSED_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Maximum number of tokens that are redacted.
const MAX_TOKENS: usize = 4;

/// The gate before all requests of a session with a login.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Shared<State>);

#[derive(Debug, Default)]
struct State {
    token: Option<Arc<Token>>,
    /// The last tokens, with the current one: a server may still show those that have expired.
    tokens: VecDeque<Token>,
    /// The redaction of the credentials and these tokens; `None` before the first login.
    redaction: Option<Redaction>,
    /// The number of the current permit and the time until which it is valid.
    permit: Option<(u64, Moment)>,
    permits: u64,
    /// The number of failed logins, and the error of the last one.
    failures: u64,
    error: Option<Error>,
    /// The time until which no login is allowed, and the error of the operations that need one.
    closed: Option<(Moment, Error)>,
    /// The number of refused logins since the last successful one.
    refusals: u32,
}

/// The outcome of [`Gate::enter`].
#[derive(Debug)]
pub(crate) enum Entry {
    Open(Arc<Token>),
    /// The caller has to perform the login.
    LogIn(LoginPermit),
    /// Another operation performs the login.
    Wait(Moment),
    /// The login that the caller waited for has failed, or one shortly before.
    Failed(Error),
}

/// The progress of an operation that waits for the token.
#[derive(Debug, Default)]
pub(crate) struct Waiter {
    /// The number of failed logins when the operation began to wait.
    failures: Option<u64>,
    checks: u32,
}

/// The right to perform the login. It is released on drop.
#[derive(Debug)]
pub(crate) struct LoginPermit {
    gate: Gate,
    number: u64,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Shared::new(State::default()))
    }

    /// Returns `true` if there is a token.
    pub(crate) fn is_open(&self) -> bool {
        self.0.with(|state| state.token.is_some())
    }

    /// Returns the redaction of the credentials and the last tokens; `None` before the first login.
    pub(crate) fn redaction(&self) -> Option<Redaction> {
        self.0.with(|state| state.redaction.clone())
    }

    /// Returns the token, if there is one; otherwise whether to log in, to wait or to fail. A permit that is not
    /// [extended](LoginPermit::extend) for `idle_time` passes to the next operation. A waiter shares only the failures
    /// of logins that it has waited for, and those after which the gate is closed. It waits up to `max_wait` for the
    /// gate to open.
    pub(crate) fn enter(&self, now: Now, waiter: &mut Waiter, idle_time: Duration, max_wait: Duration) -> Entry {
        self.0.with(|state| {
            if let Some(token) = &state.token {
                *waiter = Waiter::default();
                return Entry::Open(token.clone());
            }
            let failures = *waiter.failures.get_or_insert(state.failures);
            if let Some(error) = state.error.as_ref().filter(|_| state.failures > failures) {
                return Entry::Failed(error.clone());
            }
            if state.permit.is_some_and(|(_, until)| now.moment < until) {
                let wait = MIN_WAIT * (1 << waiter.checks.min(MAX_DOUBLINGS));
                waiter.checks += 1;
                return Entry::Wait(now.moment.saturating_add(wait));
            }
            if let Some(closed) = state.closed_at(now.moment, max_wait) {
                return closed;
            }
            state.permits += 1;
            state.permit = Some((state.permits, now.moment.saturating_add(idle_time)));
            Entry::LogIn(LoginPermit { gate: self.clone(), number: state.permits })
        })
    }

    /// Discards the token that a request was sent with, if it is still the current one.
    pub(crate) fn expire(&self, used: &Arc<Token>) {
        self.0.with(|state| {
            if state.token.as_ref().is_some_and(|token| Arc::ptr_eq(token, used)) {
                state.token = None;
            }
        });
    }
}

impl State {
    /// Returns the entry of an operation that needs a login while none is allowed; `None` if one is.
    fn closed_at(&self, now: Moment, max_wait: Duration) -> Option<Entry> {
        let (until, error) = self.closed.as_ref().filter(|(until, _)| now < *until)?;
        let remaining = until.saturating_duration_since(now);
        if error.is_transient() && remaining <= max_wait {
            return Some(Entry::Wait(*until));
        }
        let error = error.clone();
        Some(Entry::Failed(if error.retry_after().is_some() { error.with_retry_after(remaining) } else { error }))
    }

    /// Closes the gate for a while after a failure that calls for it.
    fn close(&mut self, now: Moment, error: &Error) {
        let is_response = matches!(error.cause(), Cause::Api(_) | Cause::UnexpectedResponse(_));
        let pause = if error.is_transient() || !is_response {
            Duration::ZERO
        } else if error.is_read_response() || error.status() == Some(401) {
            self.next_refused_pause()
        } else {
            // The page of a proxy, for instance: the backend may be there again at any time.
            MIN_REFUSED_PAUSE
        };
        let pause = pause.max(error.retry_after().unwrap_or_default().min(MAX_PAUSE));
        self.closed = (!pause.is_zero()).then(|| (now.saturating_add(pause), error.clone()));
    }

    fn next_refused_pause(&mut self) -> Duration {
        let doublings = self.refusals;
        self.refusals = self.refusals.saturating_add(1);
        MIN_REFUSED_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(MAX_REFUSED_PAUSE)
    }
}

impl LoginPermit {
    /// Extends the permit while the login makes progress. Returns `false` if it has passed to another operation.
    pub(crate) fn extend(&self, until: Moment) -> bool {
        self.with(|state| state.permit = Some((self.number, until)))
    }

    /// Ends the permit with the result of the login. Returns `false` if it has passed to another operation; the
    /// result does not count then.
    pub(crate) fn settle(self, now: Moment, result: Result<Token, Error>, credentials: &Credentials) -> bool {
        self.with(|state| match result {
            Ok(token) => {
                state.tokens.truncate(MAX_TOKENS - 1);
                state.tokens.push_front(token.clone());
                state.redaction = Some(credentials.redaction_with_tokens(state.tokens.iter().map(Token::expose)));
                state.token = Some(Arc::new(token));
                (state.error, state.closed, state.refusals) = (None, None, 0);
            }
            Err(error) => {
                state.close(now, &error);
                state.failures += 1;
                state.error = Some(error);
            }
        })
    }

    /// Ends the permit with a failure that concerns only the caller, apart from the time that the server asks for.
    pub(crate) fn abandon(self, now: Moment, error: &Error) {
        self.with(|state| state.close(now, error));
    }

    /// Calls `f` if the permit has not passed to another operation. Returns `false` if it has.
    fn with(&self, f: impl FnOnce(&mut State)) -> bool {
        self.gate.0.with(|state| {
            let is_current = state.permit.is_some_and(|(number, _)| number == self.number);
            if is_current {
                f(state);
            }
            is_current
        })
    }
}

impl Drop for LoginPermit {
    fn drop(&mut self) {
        self.with(|state| state.permit = None);
    }
}
