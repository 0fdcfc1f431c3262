//! The sum of a protocol, and the part that concerns all of its requests.

use core::fmt;

use http::{HeaderValue, Request};

use super::{
    Assets, Attempt, Chats, Contacts, Endpoint, Feeds, Locations, Members, Messages, Reactions, Refusal,
    ResponseReader, Token,
};
use crate::{credentials::Credentials, effect::Body, error::Error};

/// An endpoint, or the error of an invalid argument: nothing is sent then.
pub type Made<T> = Result<Endpoint<T>, Error>;

/// A complete protocol: implemented by every type that implements [`Wire`] and the groups of operations.
pub trait Protocol: Wire + Messages + Chats + Members + Reactions + Locations + Contacts + Assets + Feeds {}

impl<P> Protocol for P where P: Wire + Messages + Chats + Members + Reactions + Locations + Contacts + Assets + Feeds {}

/// The part of a protocol that concerns all requests: credentials, login and error responses.
pub trait Wire: fmt::Debug + Send + Sync + 'static {
    /// Validates credentials when a client is created.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the protocol cannot transmit them.
    fn check_credentials(&self, credentials: &Credentials) -> Result<(), Error> {
        let _ = credentials;
        Ok(())
    }

    /// Returns the value of the `Authorization` header, if the credentials themselves are sent in it. Called once per
    /// session.
    fn authorization(&self, credentials: &Credentials) -> Option<HeaderValue> {
        let _ = credentials;
        None
    }

    /// Completes a request before each attempt: adds the [authorization](Attempt::authorization), the
    /// [token](Attempt::token) and the [idempotency key](Attempt::idempotency_key).
    fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>);

    /// Reads an error response; `None` if it is not one of the protocol, but for example the page of a proxy. Then the
    /// status alone decides.
    fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal>;

    /// Returns the login, if the protocol has one. It is performed before the first request, once for all clones of a
    /// client, and again after a [`login_expired`](Refusal::login_expired) refusal.
    ///
    /// It is retried like a request that may be [repeated](Endpoint::repeatable). Errors contain nothing of a
    /// successful response, which contains the token, except what the reader puts into a
    /// [`violation`](ResponseReader::violation).
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the credentials are unsuitable.
    fn login(&self, credentials: &Credentials) -> Result<Option<Endpoint<Token>>, Error> {
        let _ = credentials;
        Ok(None)
    }
}
