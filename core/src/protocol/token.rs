//! The result of a login.

use alloc::{format, string::String};
use core::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::headers::sensitive;
use crate::error::Error;

/// Minimum length of a token, in bytes: a shorter one cannot be distinguished from common words when it is redacted.
const MIN_TOKEN_BYTES: usize = 8;

/// A secret that a [login](super::Wire::login) returned, such as a bearer token or the value of a session cookie. It
/// is kept in memory only, `Debug` redacts it, and it is removed from everything that the server echoes.
///
/// Requests get it by [`Attempt::token`](super::Attempt::token).
///
/// ```
/// use serde::Deserialize;
/// use teamwire_core::protocol::{Endpoint, Route, Token};
///
/// #[derive(Deserialize)]
/// struct LoginJson {
///     access_token: String,
/// }
///
/// fn login() -> Endpoint<Token> {
///     let post = Endpoint::post(Route::new("api/login")).repeatable();
///     post.reads(|response| Token::new(response.deserialize::<LoginJson>()?.access_token))
/// }
///
/// assert_eq!(format!("{:?}", Token::new("0be77a54d2")?), "Token([redacted])");
/// # Ok::<(), teamwire_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// Creates a token.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it has fewer than 8 characters, which could not be distinguished from common words, or any
    /// that are not visible ASCII, which cannot be sent.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let token = SecretString::from(text.into());
        let is_visible = token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic());
        if token.expose_secret().len() < MIN_TOKEN_BYTES || !is_visible {
            let reason = format!("must have at least {MIN_TOKEN_BYTES} characters of visible ASCII");
            return Err(Error::invalid("token", reason));
        }
        Ok(Self(token))
    }

    /// Returns a header value of the prefix and the token.
    pub(super) fn header(&self, prefix: &str) -> Option<HeaderValue> {
        sensitive(format!("{prefix}{}", self.0.expose_secret()))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}
