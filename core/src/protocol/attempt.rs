//! One attempt to send a request, as a protocol sees it.

use alloc::string::String;
use core::fmt;

use http::HeaderValue;

use super::{Token, headers::sensitive};
use crate::{credentials::Credentials, error::Error};

/// Facts about one attempt to send a request, for [`Wire::prepare`](super::Wire::prepare). Secrets leave it only as
/// header values that are marked as sensitive, which `Debug` and logs do not show.
pub struct Attempt<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) authorization: Option<&'a HeaderValue>,
    pub(crate) token: Option<&'a Token>,
    pub(crate) key: Option<&'a str>,
}

impl Attempt<'_> {
    /// The idempotency key, which is the same in all attempts of an operation; `None` unless the endpoint is
    /// [keyed](super::Endpoint::keyed).
    pub const fn idempotency_key(&self) -> Option<&str> {
        self.key
    }

    /// The value that [`Wire::authorization`](super::Wire::authorization) returned for this session, marked as
    /// sensitive if the protocol did that.
    pub fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.cloned()
    }

    /// The token of the [login](super::Wire::login) after a prefix, such as `Bearer ` or `session=`. `None` in the
    /// login itself, for a protocol without a login, and if the prefix cannot be in a header.
    pub fn token(&self, prefix: &str) -> Option<HeaderValue> {
        self.token?.header(prefix)
    }

    /// Returns a header value that contains the credentials, such as an API key. It is computed for each attempt: a
    /// value that is costly to compute is better returned by [`Wire::authorization`](super::Wire::authorization).
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `format` returns characters that cannot be in a header.
    pub fn secret(&self, format: impl FnOnce(&Credentials) -> String) -> Result<HeaderValue, Error> {
        sensitive(format(self.credentials)).ok_or_else(|| Error::invalid("credentials", "cannot be in a header"))
    }
}

/// Shows no secrets.
impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("has_token", &self.token.is_some()).field("key", &self.key).finish()
    }
}
