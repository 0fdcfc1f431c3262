use alloc::{string::String, sync::Arc};
use core::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};

use super::redaction::{Kind, Redactor};
use crate::error::Error;

/// A bot's App ID and Secret, as an organisation's admin creates them. Both are confidential: `Debug` shows neither, and
/// this copy of them is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Credentials {
    app_id: SecretString,
    secret: SecretString,
    redactor: Arc<Redactor>,
}

impl Credentials {
    /// Raises `InvalidInput` if either is empty, has a control character or is longer than a header can be, or if the App ID has
    /// a colon (which would end it in HTTP Basic authentication).
    pub fn new(app_id: impl Into<String>, secret: impl Into<String>) -> Result<Self, Error> {
        let (app_id, secret) = (SecretString::from(app_id.into()), SecretString::from(secret.into()));
        check("App ID", app_id.expose_secret())?;
        check("Secret", secret.expose_secret())?;
        if app_id.expose_secret().contains(':') {
            return Err(Error::invalid("App ID", "it must not have a colon"));
        }
        let redactor = Arc::new(Redactor::new(app_id.expose_secret(), secret.expose_secret()));
        Ok(Self { app_id, secret, redactor })
    }

    /// The value of the `Authorization` header (RFC 7617).
    pub(crate) fn basic(&self) -> SecretString {
        let both =
            SecretString::from(alloc::format!("{}:{}", self.app_id.expose_secret(), self.secret.expose_secret()));
        SecretString::from(alloc::format!("Basic {}", BASE64_STANDARD.encode(both.expose_secret())))
    }

    /// Returns a text for people without the credentials, should something echo them, in whatever spelling.
    ///
    /// Decisions are made on the text as it came.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.redactor.redact(text, Kind::Prose)
    }

    /// Returns an identifier, a code or JSON without the credentials. A short App ID stays: it may be any word or number.
    pub(crate) fn redact_data(&self, text: &str) -> String {
        self.redactor.redact(text, Kind::Data)
    }
}

/// In bytes. Both are in one header, a third longer there, and servers refuse a head of more than 8 KB.
const LONGEST: usize = 2048;

fn check(what: &str, value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(Error::invalid(what, "it is empty"));
    }
    if value.len() > LONGEST {
        return Err(Error::invalid(what, "it is too long"));
    }
    if value.chars().any(char::is_control) {
        return Err(Error::invalid(what, "it has a control character (a line end, perhaps)"));
    }
    Ok(())
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}
