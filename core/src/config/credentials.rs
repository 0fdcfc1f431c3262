use alloc::{string::String, sync::Arc};
use core::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};

use super::redaction::{Kind, Login, MIN_SECRET_CHARS, Redaction, Redactor};
use crate::error::Error;

/// A bot's App ID and Secret, as an organisation's admin creates them. Both are confidential: `Debug` shows neither, and
/// this copy of them is wiped from memory when it is dropped.
///
/// Should a server repeat them, they are taken out of what this library returns and shows:
///
/// - The Secret, the token made of both, and the password of [`Config::with_proxy`](crate::Config::with_proxy) are taken
///   out of everything: in upper and lower case, in the escapes of the usual formats, in base64 and hexadecimal, across line
///   breaks, and any eight consecutive characters of them. Decisions are made before.
/// - The App ID (and the user of the proxy) is taken out of text for people: of messages, excerpts, request ids, and of all
///   that `Debug` and `Display` show. Where it is part of a longer word it stays (`warehouse-bot` in `warehouse-bot-2`); and
///   with fewer than eight characters it stays in all but explanations and pages. The data of the program has it as it came:
///   [`code`](crate::error::ApiError::code), [`invalid_members`](crate::error::ApiError::invalid_members), and the JSON of items.
#[derive(Clone)]
pub struct Credentials {
    app_id: SecretString,
    secret: SecretString,
    redactor: Arc<Redactor>,
}

impl Credentials {
    /// Returns the credentials.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if either is empty, longer than 2,048 characters, or has something else than printable ASCII
    /// characters (what HTTP Basic authentication makes of others depends on the server); if the App ID has a colon (which
    /// would end it there); or if the Secret has fewer than six characters: it could not be told from common words.
    pub fn new(app_id: impl Into<String>, secret: impl Into<String>) -> Result<Self, Error> {
        let (app_id, secret) = (SecretString::from(app_id.into()), SecretString::from(secret.into()));
        check("App ID", app_id.expose_secret())?;
        check("Secret", secret.expose_secret())?;
        if app_id.expose_secret().contains(':') {
            return Err(Error::invalid("App ID", "it must not have a colon"));
        }
        if secret.expose_secret().len() < MIN_SECRET_CHARS {
            return Err(Error::invalid("Secret", alloc::format!("it has fewer than {MIN_SECRET_CHARS} characters")));
        }
        let redactor = Arc::new(Redactor::new([login(&app_id, &secret)]));
        Ok(Self { app_id, secret, redactor })
    }

    /// Takes the login of a proxy out of text as well.
    pub(super) fn with_proxy(&mut self, user: &str, password: &str) {
        let proxy = Login { name: user, secret: password };
        self.redactor = Arc::new(Redactor::new([login(&self.app_id, &self.secret), proxy]));
    }

    /// The value of the `Authorization` header (RFC 7617).
    pub(crate) fn basic(&self) -> SecretString {
        let both =
            SecretString::from(alloc::format!("{}:{}", self.app_id.expose_secret(), self.secret.expose_secret()));
        SecretString::from(alloc::format!("Basic {}", BASE64_STANDARD.encode(both.expose_secret())))
    }

    /// Returns a text without the credentials, should something echo them, in whatever spelling.
    ///
    /// Decisions are made on the text as it came.
    pub(crate) fn redact(&self, text: &str, kind: Kind) -> String {
        self.redactor.redact(text, kind)
    }

    /// Returns what takes them out of data when it is shown.
    pub(crate) fn redaction(&self) -> Redaction {
        Redaction::new(self.redactor.clone())
    }
}

fn login<'a>(app_id: &'a SecretString, secret: &'a SecretString) -> Login<'a> {
    Login { name: app_id.expose_secret(), secret: secret.expose_secret() }
}

/// In bytes. Both are in one header, a third longer there, and servers refuse a head of more than 8 KB.
const MAX_CREDENTIAL_BYTES: usize = 2048;

fn check(what: &str, value: &str) -> Result<(), Error> {
    let refuse = |why| Err(Error::invalid(what, why));
    if value.is_empty() {
        return refuse("it is empty");
    }
    if value.len() > MAX_CREDENTIAL_BYTES {
        return refuse("it is too long");
    }
    if value.chars().any(char::is_control) {
        return refuse("it has a control character (a line end, perhaps)");
    }
    if !value.is_ascii() {
        return refuse("it has a character that is not ASCII, and no certain form in HTTP Basic authentication");
    }
    Ok(())
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}
