//! One attempt to send a request, as a protocol sees it.

use alloc::string::{String, ToString};
use core::{cell::Cell, fmt};

use http::{HeaderValue, Request};
use url::form_urlencoded;

use super::{Token, headers::sensitive, route::percent_encoded};
use crate::{
    credentials::Credentials,
    effect::{Body, PartContent},
    error::Error,
};

/// Facts about one attempt to send a request, for [`Wire::prepare`](super::Wire::prepare). Secrets leave it only as
/// header values that are marked as sensitive, which `Debug` and logs do not show.
pub struct Attempt<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) authorization: Option<&'a HeaderValue>,
    pub(crate) token: Option<&'a Token>,
    pub(crate) key: Option<&'a str>,
    /// Set once the protocol has asked for the key.
    pub(crate) is_key_taken: Cell<bool>,
}

impl Attempt<'_> {
    /// The idempotency key, which is the same in all attempts of an operation; `None` unless the endpoint is
    /// [keyed](super::Endpoint::keyed).
    ///
    /// A protocol that asks for it has to send it, because the request is then repeated. It may be a text of the bot:
    /// one that the request cannot contain, such as a line break in a header, has to be rejected by the method that
    /// returns the endpoint.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.is_key_taken.set(true);
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
    /// `InvalidInput` if `format` returns control characters. Those outside of ASCII are sent as UTF-8.
    pub fn secret(&self, format: impl FnOnce(&Credentials) -> String) -> Result<HeaderValue, Error> {
        sensitive(format(self.credentials)).ok_or_else(|| Error::invalid("credentials", "cannot be in a header"))
    }
}

impl Attempt<'_> {
    /// Returns `true` if the prepared request has the idempotency key, if there is one: the protocol has taken it, in
    /// whatever form it sends it, or the endpoint contains it.
    pub(crate) fn is_key_sent(&self, request: &Request<Body>) -> bool {
        self.is_key_taken.get() || self.key.is_none_or(|key| contains(request, key))
    }
}

/// Returns `true` if the request contains this text: in its URI, a header, or a part of its body in memory.
fn contains(request: &Request<Body>, text: &str) -> bool {
    let has = |content: &[u8], text: &str| content.windows(text.len().max(1)).any(|part| part == text.as_bytes());
    let json = serde_json::Value::from(text).to_string();
    // Without the quotes.
    let json = json.get(1..json.len() - 1).unwrap_or_default();
    let in_query: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    has(request.uri().path().as_bytes(), &percent_encoded(text))
        || request.uri().query().is_some_and(|query| has(query.as_bytes(), &in_query))
        || request.headers().values().any(|value| has(value.as_bytes(), text))
        || request.body().parts().iter().any(|part| match &part.content {
            PartContent::Bytes(bytes) => has(bytes, text) || has(bytes, json) || has(bytes, &in_query),
            PartContent::File { .. } => false,
        })
}

/// Shows no secrets.
impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("has_token", &self.token.is_some()).field("key", &self.key).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn secret_is_sent_in_utf_8_and_without_control_characters() {
        let credentials = Credentials::new("depot", "pässwört").expect("they are valid");
        let is_key_taken = Cell::new(false);
        let attempt = Attempt { credentials: &credentials, authorization: None, token: None, key: None, is_key_taken };
        let value = attempt.secret(|credentials| credentials.secret().into()).expect("it has no control characters");
        assert_eq!((value.as_bytes(), value.is_sensitive()), ("pässwört".as_bytes(), true));
        let error = attempt.secret(|credentials| alloc::format!("{}\n", credentials.secret())).expect_err("line break");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
