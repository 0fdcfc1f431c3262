//! The check of a configuration.

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
};
use core::{error::Error as StdError, fmt};

use http::StatusCode;
use url::Url;

use super::{Client, run::run_observed};
use crate::{
    config::{APP_ID_VAR, CA_FILE_VAR, Config, PROXY_VAR, RetryPolicy, SECRET_VAR, TIMEOUT_VAR, URL_VAR},
    effect::{TransportError, TransportErrorKind},
    error::{ApiError, Cause, Error, Operation},
    executor::Executor,
    flow::MapError,
    model::User,
};

impl<X: Executor> Client<X> {
    /// Returns the bot itself, as [`me`](crate::Contacts::me) does, but without retries: the check of a configuration
    /// when a program starts. A program that calls it does not need `me`.
    ///
    /// The text of an error says what to check, for the administrator who has set the environment variables or the
    /// settings: the DNS, the proxy, the certificates, the App ID and the Secret.
    ///
    /// # Errors
    ///
    /// Only the kinds that [any request](Error#kinds-of-any-request) can fail with.
    pub fn check(&self) -> X::Run<'_, User> {
        let session = self.executor().session();
        // Of the login as well.
        let once = session.with_retry(RetryPolicy { max_retries: 0, ..*session.retry() });
        let (me, config) = (once.call_once(session.protocol().me()), session.config());
        let has_login = session.gate().is_some();
        let checked = MapError::new(me, move |error| explain(error, config, has_login));
        run_observed(self.executor(), &Operation::CHECK, None, checked)
    }
}

/// Adds what to check. `has_logged_in` is set if the credentials have been accepted before, by a login.
fn explain(error: &mut Error, config: &Config, has_logged_in: bool) {
    match error.cause_mut() {
        Cause::Transport(error) => explain_transport(error, config),
        Cause::Api(error) => {
            if let Some(advice) = advice_on_rejection(error, config, has_logged_in) {
                error.message = Some(joined(error.message.as_deref(), &advice));
            }
        }
        Cause::UnexpectedResponse(error) => error.reason = joined(Some(&error.reason), &not_the_backend(config)),
        Cause::Login { cause, .. } => explain(cause, config, false),
        _ => {}
    }
}

fn explain_transport(error: &mut TransportError, config: &Config) {
    let backend = authority(&config.base);
    // Only the proxy is looked up and connected to.
    let (target, variable) = match config.proxy() {
        Some(proxy) => (format!("the proxy {}", authority(proxy)), PROXY_VAR),
        None => (backend.clone(), URL_VAR),
    };
    let advice = match error.kind {
        TransportErrorKind::Resolve => format!("check the host name of {target} ({variable}) and the DNS"),
        TransportErrorKind::Connect => {
            format!("check that {target} ({variable}) is running and that no firewall is in between")
        }
        TransportErrorKind::Timeout => {
            format!("check that {target} ({variable}) can be reached, or set a longer timeout ({TIMEOUT_VAR})")
        }
        TransportErrorKind::Disconnected => format!("check the scheme and the port of {target} ({variable})"),
        TransportErrorKind::Tls => format!(
            "check the certificate of {backend}; if it is that of a private CA, set the file with the CA's certificate \
             ({CA_FILE_VAR})"
        ),
        TransportErrorKind::ClientCertificate => {
            format!("bots have none: {backend} has to accept this machine without it")
        }
        TransportErrorKind::Proxy => {
            format!("check the user name and the password of {target} ({variable}), and that it allows {backend}")
        }
        TransportErrorKind::Protocol | TransportErrorKind::TooLarge | TransportErrorKind::File => return,
    };
    error.source = Arc::new(Advised { advice, cause: error.source.clone() });
}

fn advice_on_rejection(error: &ApiError, config: &Config, has_logged_in: bool) -> Option<String> {
    match StatusCode::from_u16(error.status).ok()? {
        StatusCode::UNAUTHORIZED if has_logged_in => Some(format!(
            "the login succeeded: check what this account may do on the server, and that its key ({APP_ID_VAR}, \
             {SECRET_VAR}) is still valid"
        )),
        StatusCode::UNAUTHORIZED => Some(format!(
            "check the App ID ({APP_ID_VAR}) and the Secret ({SECRET_VAR}): one is wrong, or the key has been revoked"
        )),
        _ if error.code.is_none() => Some(not_the_backend(config)),
        _ => None,
    }
}

fn not_the_backend(config: &Config) -> String {
    format!("check that {} ({URL_VAR}) is the backend, and not a proxy or another server", config.base)
}

/// Returns the host and the port.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}"))
}

fn joined(fact: Option<&str>, advice: &str) -> String {
    match fact.filter(|fact| !fact.is_empty()) {
        Some(fact) => format!("{}; {advice}", fact.trim_end_matches('.')),
        None => advice.to_string(),
    }
}

/// The cause of a transport error, and what to check.
#[derive(Debug)]
struct Advised {
    advice: String,
    cause: Arc<dyn StdError + Send + Sync>,
}

impl fmt::Display for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(Some(&self.cause.to_string()), &self.advice))
    }
}

impl StdError for Advised {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.source()
    }
}
