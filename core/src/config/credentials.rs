use alloc::{string::String, vec::Vec};
use core::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};

use super::redaction::redact;
use crate::error::Error;

/// A bot's App ID and Secret, as an organisation's admin creates them. Both are confidential: `Debug` shows neither, and
/// this copy of them is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Credentials {
    app_id: SecretString,
    secret: SecretString,
}

impl Credentials {
    /// Raises `InvalidInput` if either is empty, has a control character or is longer than a header can be, or if the App ID has
    /// a colon (which would end it in HTTP Basic authentication).
    pub fn new(app_id: impl Into<String>, secret: impl Into<String>) -> Result<Self, Error> {
        let credentials = Self { app_id: SecretString::from(app_id.into()), secret: SecretString::from(secret.into()) };
        check("App ID", credentials.app_id.expose_secret())?;
        check("Secret", credentials.secret.expose_secret())?;
        if credentials.app_id.expose_secret().contains(':') {
            return Err(Error::invalid("App ID", "it must not have a colon"));
        }
        Ok(credentials)
    }

    /// The value of the `Authorization` header (RFC 7617).
    pub(crate) fn basic(&self) -> SecretString {
        let both =
            SecretString::from(alloc::format!("{}:{}", self.app_id.expose_secret(), self.secret.expose_secret()));
        SecretString::from(alloc::format!("Basic {}", BASE64_STANDARD.encode(both.expose_secret())))
    }

    /// Returns `text` without the credentials, should something echo them, in whatever [spelling](redact).
    ///
    /// For people alone: a decision is made on the text as it came.
    pub(crate) fn redact(&self, text: &str) -> String {
        let basic = self.basic();
        let token = basic.expose_secret().trim_start_matches("Basic ").trim_end_matches('=');
        let url_safe = SecretString::from(token.replace('+', "-").replace('/', "_"));
        let padded = |token: &str| SecretString::from(alloc::format!("{token}{}", &"=="[..(4 - token.len() % 4) % 4]));
        let tokens = [padded(token), padded(url_safe.expose_secret())];
        let secrets = [token, url_safe.expose_secret(), self.secret.expose_secret(), self.app_id.expose_secret()];
        let secrets: Vec<&str> = secrets.into_iter().chain(tokens.iter().map(SecretString::expose_secret)).collect();
        redact(text, &secrets)
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
