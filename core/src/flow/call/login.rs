//! The part of a call that concerns the login, for protocols that have one.

use alloc::{boxed::Box, sync::Arc};
use core::{convert::Infallible, mem, time::Duration};

use super::{Call, State};
use crate::{
    effect::Now,
    error::Error,
    login::{Access, Entry, Turn, Visit},
    machine::{Machine, Reply, Step, Ticket},
    protocol::Token,
    redaction::Redaction,
    session::Session,
};

/// The login that a call performs for all operations of the session.
pub(super) struct Login {
    call: Call<Token>,
    turn: Turn,
}

/// The state of a call towards the login.
#[derive(Default)]
pub(super) struct LoginState {
    /// The token that the request is sent with.
    access: Option<Arc<Access>>,
    /// Set once the login has been renewed because of this call.
    has_renewed: bool,
    visit: Visit,
    /// Set for the login itself.
    pub(super) is_login: bool,
}

impl LoginState {
    pub(super) fn token(&self) -> Option<&Token> {
        self.access.as_ref().map(|access| &access.token)
    }
}

impl<T> Call<T> {
    /// Takes the current token. Returns the state to wait in, if there is none.
    pub(super) fn enter_gate(&mut self, now: Now) -> Option<State<T>> {
        let gate = self.session.gate().filter(|_| !self.login.is_login)?;
        let entry = match gate.access() {
            Some(access) => Entry::Open(access),
            None if self.is_best_effort() => return Some(State::Done(Err(Error::Unsupported { operation: "login" }))),
            None => gate.enter(now, &mut self.login.visit, patience(&self.session)),
        };
        match entry {
            Entry::Open(access) => {
                self.login.access = Some(access);
                None
            }
            Entry::LogIn(turn) => Some(State::LoggingIn(Box::new(Login { call: self.login(), turn }))),
            Entry::Wait(until) => Some(State::AwaitingLogin(until)),
            Entry::Failed(error) => Some(self.fail(login_error(error))),
        }
    }

    /// Returns the step of the login, if this call performs it.
    pub(super) fn poll_login(&mut self, now: Now) -> Option<Step<Infallible, Result<T, Error>>> {
        if let State::LoggingIn(login) = &mut self.state
            && !login.call.has_result()
        {
            login.turn.extend(now, patience(&self.session));
            if let Err(step) = login.call.poll(now).into_output() {
                return Some(step);
            }
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

    /// Returns the request of the login.
    fn login(&self) -> Call<Token> {
        let login = self.session.protocol().login(&self.session.config().credentials);
        let endpoint = login.and_then(|login| login.ok_or(Error::Unsupported { operation: "login" }));
        let mut call = Call::new(self.session.clone(), endpoint);
        call.login.is_login = true;
        call
    }

    /// Ends the login, if it has a result.
    fn settle_login(&mut self, now: Now) {
        if !matches!(&self.state, State::LoggingIn(login) if login.call.has_result()) {
            return;
        }
        let State::LoggingIn(login) = mem::replace(&mut self.state, State::Ready) else { return };
        let Login { mut call, turn } = *login;
        let result = match call.poll(now) {
            Step::Done(result) => result,
            _ => Err(Error::Finished),
        };
        let credentials = &self.session.config().credentials;
        let failure = result.as_ref().err().cloned();
        turn.settle(result.map(|token| Access { redaction: credentials.redaction_with_token(token.expose()), token }));
        self.state = match failure {
            Some(error) => self.fail(login_error(error)),
            None => self.send(now),
        };
    }

    /// Returns `true` if the login has expired and is renewed, once. The request was not performed.
    pub(super) fn must_log_in(&mut self, error: &Error) -> bool {
        let (Error::Api(api_error), Some(gate)) = (error, self.session.gate()) else { return false };
        let Some(access) = self.login.access.as_ref().filter(|_| api_error.meaning.is_login_expired) else {
            return false;
        };
        gate.expire(access);
        !self.is_best_effort() && !mem::replace(&mut self.login.has_renewed, true)
    }

    /// Returns the redaction of texts of the server.
    pub(super) fn redaction(&self) -> &Redaction {
        let access = self.login.access.as_ref();
        access.map_or_else(|| self.session.config().credentials.redaction(), |access| &access.redaction)
    }
}

/// Returns the time after which the login of an operation that is not polled any more passes to another one.
fn patience(session: &Session) -> Duration {
    session.config().timeouts.request.saturating_mul(2)
}

fn login_error(cause: Error) -> Error {
    Error::Login { cause: Box::new(cause), previous_outcome_unknown: false }
}
