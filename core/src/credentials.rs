use alloc::string::String;
use core::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::{
    error::Error,
    redaction::{self, Login, MIN_SECRET_CHARS, Redaction},
};

/// A bot's App ID and Secret, as created by an admin of the organisation. Both are secret: `Debug` redacts them, and
/// they are zeroised on drop.
///
/// If a server or proxy echoes them, they are removed from errors and from [undecoded](crate::model::Undecoded) items
/// and events, and from all that `Debug` and `Display` show of those and of a [checkpoint](crate::Checkpoint):
///
/// - The Secret, the token made of both, and the password of [`Config::with_proxy`](crate::Config::with_proxy) are
///   removed from all of these: in upper and lower case, in the escapes of common formats, in base64 and hexadecimal,
///   across line breaks, and in parts of at least eight characters. Decisions are based on the original text.
/// - The App ID and the user name of the proxy are removed from text for people: messages, excerpts, request ids, and
///   the output of `Debug` and `Display`. They stay where they are part of a longer word (`warehouse-bot` in
///   `warehouse-bot-2`), and with fewer than eight characters everywhere except in messages and pages. Data for the
///   program is unchanged: [`code`](crate::error::ApiError::code),
///   [`invalid_members`](crate::error::ApiError::invalid_members) and the JSON of undecoded items.
///
/// Content is not redacted, neither in fields nor by `Debug`: all other values of the [model](crate::model) are as
/// received, such as ids, the text of a message, or an alert type or attachment that this version does not know. A
/// cursor is saved unchanged in a checkpoint. An id or cursor with the Secret in it is also sent back to the server, as
/// a part of URLs.
#[derive(Clone)]
pub struct Credentials {
    app_id: SecretString,
    secret: SecretString,
    /// The login of the proxy.
    proxy: Option<(SecretString, SecretString)>,
    redaction: Redaction,
}

impl Credentials {
    /// Creates credentials.
    ///
    /// # Errors
    ///
    /// `InvalidInput` in these cases:
    ///
    /// - if either is empty, longer than 16 KiB, or contains control characters
    /// - if the Secret has fewer than six characters, with adjacent ones outside of ASCII counted as one: it could not
    ///   be distinguished from other text when it is removed
    ///
    /// A protocol may require more when a client is created: the default one accepts only printable ASCII of up to
    /// 2,048 characters, for HTTP Basic authentication.
    pub fn new(app_id: impl Into<String>, secret: impl Into<String>) -> Result<Self, Error> {
        let (app_id, secret) = (SecretString::from(app_id.into()), SecretString::from(secret.into()));
        check("App ID", app_id.expose_secret())?;
        check("Secret", secret.expose_secret())?;
        if redaction::distinct_chars(secret.expose_secret()) < MIN_SECRET_CHARS {
            let foreign = if secret.expose_secret().is_ascii() { "" } else { ", with adjacent foreign ones as one" };
            let reason = alloc::format!("must have at least {MIN_SECRET_CHARS} characters{foreign}");
            return Err(Error::invalid("Secret", reason));
        }
        let redaction = Redaction::new([login(&app_id, &secret)]);
        Ok(Self { app_id, secret, proxy: None, redaction })
    }

    /// Redacts the login of a proxy as well.
    pub(crate) fn with_proxy(&mut self, user: &str, password: &str) {
        self.proxy = Some((user.into(), password.into()));
        self.redaction = self.redaction_with_tokens([]);
    }

    /// Returns the redaction of these credentials and of these tokens.
    pub(crate) fn redaction_with_tokens<'a>(&'a self, tokens: impl IntoIterator<Item = &'a str>) -> Redaction {
        let proxy = self.proxy.as_ref().map(|(user, password)| login(user, password));
        let tokens = tokens.into_iter().map(|token| Login { name: "", secret: token });
        Redaction::new([login(&self.app_id, &self.secret)].into_iter().chain(proxy).chain(tokens))
    }

    /// Returns the App ID, for a [protocol](crate::protocol::Wire) that sends it. It must not be shown.
    pub fn app_id(&self) -> &str {
        self.app_id.expose_secret()
    }

    /// Returns the Secret, for a [protocol](crate::protocol::Wire) that sends it. It must not be shown.
    pub fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Returns the redaction of these credentials, for data that is redacted only when it is shown.
    pub(crate) const fn redaction(&self) -> &Redaction {
        &self.redaction
    }
}

fn login<'a>(app_id: &'a SecretString, secret: &'a SecretString) -> Login<'a> {
    Login { name: app_id.expose_secret(), secret: secret.expose_secret() }
}

/// Maximum length in bytes, so that a wrong file is not taken for a Secret. Protocols have limits of their own.
const MAX_CREDENTIAL_BYTES: usize = 16 << 10;

fn check(parameter: &str, value: &str) -> Result<(), Error> {
    let invalid = |reason: &str| Err(Error::invalid(parameter, reason));
    if value.is_empty() {
        return invalid("must not be empty");
    }
    if value.len() > MAX_CREDENTIAL_BYTES {
        return invalid(&alloc::format!("must be at most {MAX_CREDENTIAL_BYTES} bytes"));
    }
    if value.chars().any(char::is_control) {
        return invalid("must not contain control characters, such as a line break at the end");
    }
    Ok(())
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}
