//! The part of a call that concerns the login, for protocols that have one.

use alloc::{boxed::Box, sync::Arc};
use core::{convert::Infallible, mem, time::Duration};

use super::{Call, State};
use crate::{
    effect::{Now, TransportError, TransportErrorKind},
    error::{Cause, Error, GaveUp},
    login::{Entry, LoginPermit, Waiter},
    machine::{Machine, Reply, Step, Ticket},
    protocol::{Endpoint, TimeoutClass, Token},
};

/// The login that a call performs for all operations of the session.
pub(super) struct Login {
    call: Call<Token>,
    permit: LoginPermit,
}

/// The state of a call towards the login.
#[derive(Default)]
pub(super) struct LoginState {
    /// The token that the request is sent with.
    token: Option<Arc<Token>>,
    /// Set once the login has been renewed because of this call, until the server accepts the new token.
    has_renewed: bool,
    waiter: Waiter,
    /// Set for the login itself.
    pub(super) is_login: bool,
    /// Set for a request that is not worth a login.
    pub(super) is_skipped: bool,
}

impl LoginState {
    pub(super) fn token(&self) -> Option<&Token> {
        self.token.as_deref()
    }

    /// Records a response that is not the expiry of the login: after another one, it is renewed again.
    pub(super) fn on_accepted(&mut self) {
        self.has_renewed = false;
    }
}

impl<T> Call<T> {
    /// Takes the current token. Returns the state to wait in, if there is none.
    pub(super) fn enter_gate(&mut self, now: Now) -> Option<State<T>> {
        let gate = self.session.gate().filter(|_| !self.login.is_login)?;
        if self.login.is_skipped && !gate.is_open() {
            return Some(self.fail(no_token(), GaveUp::NotTransient));
        }
        let (idle_time, max_wait) = (self.login_idle_time(), self.max_wait(now));
        match gate.enter(now, &mut self.login.waiter, idle_time, max_wait) {
            Entry::Open(token) => {
                self.login.token = Some(token);
                None
            }
            Entry::LogIn(permit) => Some(State::LoggingIn(Box::new(Login { call: self.login(), permit }))),
            Entry::Wait(until) => Some(State::AwaitingLogin(until)),
            Entry::Failed(error) => Some(self.fail(login_error(error), GaveUp::NotTransient)),
        }
    }

    /// Returns the step of the login, if this call performs it.
    pub(super) fn poll_login(&mut self, now: Now) -> Option<Step<Infallible, Result<T, Error>>> {
        if let State::LoggingIn(login) = &mut self.state
            && !login.call.has_result()
            && let Err(step) = login.call.poll(now).into_output()
        {
            // A wait that the server or the backoff requires is part of the login.
            let from = if let Step::Sleep(until) = step { until.max(now.moment) } else { now.moment };
            if login.permit.extend(from.saturating_add(login.call.login_idle_time())) {
                return Some(step);
            }
            self.state = self.send(now);
            return self.poll_login(now);
        }
        self.settle_login(now);
        None
    }

    /// Passes a reply to the login. It is settled at once, so that the operations that wait for it can be sent, even if
    /// this call is not polled any more.
    pub(super) fn handle_login(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        if let State::LoggingIn(login) = &mut self.state {
            login.call.handle(now, ticket, reply);
            self.settle_login(now);
        }
    }

    /// Returns the time after which its login passes to another operation, if it is not polled any more.
    fn login_idle_time(&self) -> Duration {
        let timeouts = &self.session.config().timeouts;
        let class = self.endpoint.as_ref().map_or(TimeoutClass::Default, Endpoint::timeout_class);
        timeouts.of(class).max_idle().max(timeouts.request).saturating_mul(2)
    }

    /// Returns the request of the login.
    fn login(&self) -> Call<Token> {
        let login = self.session.protocol().login(&self.session.config().credentials);
        let endpoint = login.and_then(|login| login.ok_or_else(|| Error::unsupported("login")));
        let mut call = Call::new(self.session.clone(), endpoint.map(Endpoint::into_login));
        call.login.is_login = true;
        call.notes_retries = self.notes_retries;
        call.may_replace_stale_connection |= self.may_replace_stale_connection;
        call.limit = self.limit.of_part();
        call
    }

    /// Ends the login, if it has a result.
    fn settle_login(&mut self, now: Now) {
        if !matches!(&self.state, State::LoggingIn(login) if login.call.has_result()) {
            return;
        }
        let State::LoggingIn(login) = mem::replace(&mut self.state, State::Ready) else { return };
        let Login { mut call, permit } = *login;
        let result = match call.poll(now) {
            Step::Done(result) => result,
            _ => Err(Error::finished()),
        };
        let credentials = &self.session.config().credentials;
        let failure = result.as_ref().err().cloned();
        // Others may wait for longer than this call. Dropping the permit lets the next one log in.
        let is_cancelled = |error: &Error| matches!(error.cause(), Cause::Cancelled { .. });
        let is_own = |error: &Error| is_cancelled(error) || (error.is_transient() && self.session.waits_for_less());
        let is_current = match failure.as_ref().filter(|error| is_own(error)) {
            Some(error) => {
                permit.abandon(now.moment, error);
                true
            }
            None => permit.settle(now.moment, result, credentials),
        };
        self.state = match failure.filter(|_| is_current) {
            // Only the login was sent.
            Some(error) if is_cancelled(&error) => State::Done(Err(self.cancelled(false))),
            Some(error) => self.fail(login_error(error), GaveUp::NotTransient),
            None => self.send(now),
        };
    }

    /// Returns `true` if the login has expired and is renewed, unless it just has been. The request was not performed.
    pub(super) fn must_log_in(&mut self, error: &Error) -> bool {
        let (Some(gate), Some(token)) = (self.session.gate(), &self.login.token) else { return false };
        // A new token that is refused stays, because it may be good: some servers refuse in the same way what the bot
        // may not do.
        if !is_login_expired(error) || self.login.has_renewed {
            return false;
        }
        gate.expire(token);
        self.login.has_renewed = !self.login.is_skipped;
        self.login.has_renewed
    }

    /// Returns `true` for a refusal after the login has been renewed: another login would not help either.
    pub(super) fn is_refused_again(&self, error: &Error) -> bool {
        self.login.has_renewed && is_login_expired(error)
    }
}

/// Returns `true` for a refusal because of an expired login.
pub(super) fn is_login_expired(error: &Error) -> bool {
    matches!(error.cause(), Cause::Api(api_error) if api_error.meaning.is_login_expired)
}

/// Returns the error of a request that does not wait for a login.
fn no_token() -> Error {
    TransportError::new(TransportErrorKind::Timeout, "it does not wait for a login").into()
}

fn login_error(cause: Error) -> Error {
    Cause::Login { cause, previous_outcome_unknown: false }.into()
}
