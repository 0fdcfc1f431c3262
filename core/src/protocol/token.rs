//! The result of a login.

use alloc::{format, string::String};
use core::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::attempt::sensitive;
use crate::error::Error;

/// Minimum length of a token, in bytes: a shorter one cannot be distinguished from common words when it is redacted.
const MIN_TOKEN_BYTES: usize = 8;

/// A secret that a [login](super::Wire::login) returned, such as a bearer token or the value of a session cookie. It
/// is kept in memory only, `Debug` redacts it, and it is removed from everything that the server echoes.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// Creates a token.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it has fewer than 8 characters or any that are not visible ASCII, which cannot be sent.
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
