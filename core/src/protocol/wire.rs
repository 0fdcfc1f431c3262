//! The sum of a protocol, and the part that concerns all of its requests.

use core::fmt;

use http::{HeaderValue, Request};

use super::{
    Assets, Attempt, Chats, Contacts, Endpoint, Feeds, Locations, Members, Messages, Reactions, Refusal,
    ResponseReader, Token,
};
use crate::{credentials::Credentials, effect::Body, error::Error};

/// A complete protocol: implemented by every type that implements [`Wire`] and the groups of operations. An empty
/// implementation of a group makes its operations fail with [`Unsupported`](crate::ErrorKind::Unsupported).
pub trait Protocol: Wire + Messages + Chats + Members + Reactions + Locations + Contacts + Assets + Feeds {}

impl<P> Protocol for P where P: Wire + Messages + Chats + Members + Reactions + Locations + Contacts + Assets + Feeds {}

/// The part of a protocol that concerns all requests: credentials, login and error responses.
///
/// The methods may be called in any thread and at any time. They must not block, and must return the same for the same
/// arguments. `Debug` of the protocol is part of that of a configuration, so it must not show secrets.
///
/// ```
/// use http::{Request, header};
/// use teamwire_core::{
///     Credentials, ErrorKind,
///     effect::Body,
///     protocol::{Attempt, Refusal, ResponseReader, Wire},
/// };
///
/// #[derive(Debug)]
/// struct ApiKey;
///
/// impl Wire for ApiKey {
///     fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>) {
///         if let Ok(key) = attempt.secret(|credentials| format!("Bearer {}", credentials.secret())) {
///             request.headers_mut().insert(header::AUTHORIZATION, key);
///         }
///     }
///
///     fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal> {
///         let code = response.headers().get("x-error")?.to_str().ok()?;
///         let kind = if code == "not-found" { ErrorKind::NotFound } else { ErrorKind::Server };
///         Some(Refusal::new(kind).unknown_code(code))
///     }
/// }
/// ```
pub trait Wire: fmt::Debug + Send + Sync + 'static {
    /// Validates credentials when a client is created. They have at most 16 KiB and no control characters, but may have
    /// characters outside of ASCII, which few servers read in a header; the Secret has at least six characters.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the protocol cannot transmit them.
    fn check_credentials(&self, credentials: &Credentials) -> Result<(), Error> {
        let _ = credentials;
        Ok(())
    }

    /// Returns the value of the `Authorization` header, if the credentials themselves are sent in it. Called once, when
    /// a client is created. Mark it as sensitive, so that logs and `Debug` do not show it. [`prepare`](Self::prepare)
    /// has to add it.
    fn authorization(&self, credentials: &Credentials) -> Option<HeaderValue> {
        let _ = credentials;
        None
    }

    /// Completes a request before each attempt: adds the [authorization](Attempt::authorization), the
    /// [token](Attempt::token) and the [idempotency key](Attempt::idempotency_key).
    ///
    /// Called for all requests, including the login, and possibly several times for one attempt. The request has its
    /// complete URI, its headers and its body. It must not get headers of HTTP's framing, such as `Content-Length`.
    /// Attempts must not differ in anything but the token, because the server may compare a repetition with the first
    /// request.
    fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>);

    /// Reads an error response, which is any that the [reader](Endpoint::reads) of the endpoint does not get: its
    /// status is not 200 to 299. `None` if it is not one of the protocol, but for example the page of a proxy.
    ///
    /// It also reads a successful response that is not the [content](Endpoint::returns_content) that was expected, by
    /// its status or media type: some servers report an expired session that way. The body is empty if the content is
    /// streamed to a file, or was cut off; then only the head can be recognised.
    ///
    /// With `None`, the status alone decides: 401 and 403 are `Auth`, 429 is `RateLimited`, 408 and 5xx are `Server`
    /// (uncertain, and transient except 501 and 505), and all others are `UnexpectedResponse`. A lookup does not return
    /// `None` then, and no feed ends, except for 401. So return a refusal only for a body that the server itself wrote.
    ///
    /// The status 407 is always the error of a proxy, and is not passed.
    fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal>;

    /// Returns the login, if the protocol has one. It is performed before the first request, once for all clones of a
    /// client, and again after a [`login_expired`](Refusal::login_expired) refusal.
    ///
    /// It is called when a client is created, to determine if there is a login, and before each login. It is retried
    /// like a request that may be [repeated](Endpoint::repeatable). Errors contain nothing of a successful response,
    /// which contains the token, except what the reader puts into a [`violation`](ResponseReader::violation).
    ///
    /// If it fails, so do all operations that wait for it, with [`Cause::Login`](crate::error::Cause::Login). Then no
    /// login is sent for the server's `Retry-After` and, after a refusal, for 10 seconds, which double with each
    /// refusal up to five minutes: a refused login may lock the account. After a response that the protocol does not
    /// recognise, such as the page of a proxy, it is 10 seconds each time. Meanwhile, operations wait for a
    /// `Retry-After` as long as they do after a 429, or fail with the same error. Feeds retry a transient failure, one
    /// of TLS, and an error response that the protocol does not recognise. Any other ends them, such as a refusal with
    /// a code or an error of the reader.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the credentials are unsuitable.
    fn login(&self, credentials: &Credentials) -> Result<Option<Endpoint<Token>>, Error> {
        let _ = credentials;
        Ok(None)
    }
}
