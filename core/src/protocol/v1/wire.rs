//! Credentials, idempotency keys and error responses of the contract.

use alloc::format;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderName, HeaderValue, Request, header};
use secrecy::{ExposeSecret, SecretString};

use super::{V1, problem};
use crate::{
    credentials::Credentials,
    effect::Body,
    error::Error,
    protocol::{Attempt, Refusal, ResponseReader, Wire},
};

/// Sent with every request that changes something: the server deduplicates by it.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Maximum length of the App ID and the Secret, in bytes. One header has both, a third longer in base64, and servers
/// reject a head of more than 8 KB.
const MAX_CREDENTIAL_BYTES: usize = 2048;

impl Wire for V1 {
    fn check_credentials(&self, credentials: &Credentials) -> Result<(), Error> {
        for (parameter, value) in [("App ID", credentials.app_id()), ("Secret", credentials.secret())] {
            if value.len() > MAX_CREDENTIAL_BYTES {
                return Err(Error::invalid(parameter, format!("must be at most {MAX_CREDENTIAL_BYTES} characters")));
            }
            if !value.is_ascii() {
                let reason = "must be ASCII: HTTP defines no encoding of other characters in credentials";
                return Err(Error::invalid(parameter, reason));
            }
        }
        if credentials.app_id().contains(':') {
            return Err(Error::invalid("App ID", "must not contain a colon"));
        }
        Ok(())
    }

    /// HTTP Basic authentication (RFC 7617).
    fn authorization(&self, credentials: &Credentials) -> Option<HeaderValue> {
        let pair = SecretString::from(format!("{}:{}", credentials.app_id(), credentials.secret()));
        let basic = SecretString::from(format!("Basic {}", BASE64_STANDARD.encode(pair.expose_secret())));
        let mut value = HeaderValue::try_from(basic.expose_secret())
            .expect("base64 consists of characters that are valid in a header");
        value.set_sensitive(true);
        Some(value)
    }

    fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>) {
        let headers = request.headers_mut();
        if let Some(authorization) = attempt.authorization() {
            headers.insert(header::AUTHORIZATION, authorization);
        }
        if let Some(key) = attempt.idempotency_key().and_then(|key| HeaderValue::try_from(key).ok()) {
            headers.insert(IDEMPOTENCY_KEY, key);
        }
    }

    fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal> {
        problem::refusal(response)
    }
}
