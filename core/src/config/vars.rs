//! The configuration in environment variables.

use alloc::{format, string::String, vec::Vec};
use core::time::Duration;

use super::{Config, seconds::seconds, settings::Settings};
use crate::error::{Cause, Error, InvalidInput};

/// Name of the variable with the base URL, for [`Config::from_vars`].
pub const URL_VAR: &str = "TEAMWIRE_URL";
/// Name of the variable with the App ID, for [`Config::from_vars`].
pub const APP_ID_VAR: &str = "TEAMWIRE_APP_ID";
/// Name of the variable with the Secret, for [`Config::from_vars`].
pub const SECRET_VAR: &str = "TEAMWIRE_SECRET";
/// Name of the variable with the path of a file that contains the Secret, instead of [`SECRET_VAR`]. The adapters read
/// it.
pub const SECRET_FILE_VAR: &str = "TEAMWIRE_SECRET_FILE";
/// Name of the optional variable with the URL of a proxy, for [`Config::from_vars`].
pub const PROXY_VAR: &str = "TEAMWIRE_PROXY";
/// Name of the optional variable with the timeout of a request in seconds, for [`Config::from_vars`].
pub const TIMEOUT_VAR: &str = "TEAMWIRE_TIMEOUT";
/// Name of the optional variable with the time in seconds for which a request is retried, for [`Config::from_vars`].
pub const GIVE_UP_AFTER_VAR: &str = "TEAMWIRE_GIVE_UP_AFTER";
/// Name of the optional variable with the maximum number of connections at once, for [`Config::from_vars`].
pub const MAX_CONNECTIONS_VAR: &str = "TEAMWIRE_MAX_CONNECTIONS";
/// Name of the optional variable with the path of a file with the certificates of private CAs. The adapters read it.
pub const CA_FILE_VAR: &str = "TEAMWIRE_CA_FILE";

impl Config {
    /// Same as [`Config::new`], with the values of these variables, as returned by `var`:
    ///
    /// - `TEAMWIRE_URL`, `TEAMWIRE_APP_ID` and `TEAMWIRE_SECRET`
    /// - optionally `TEAMWIRE_PROXY`: see [`with_proxy`](Self::with_proxy)
    /// - optionally `TEAMWIRE_TIMEOUT`: see [`Settings::timeout`]
    /// - optionally `TEAMWIRE_GIVE_UP_AFTER`: see [`Settings::give_up_after`]
    /// - optionally `TEAMWIRE_MAX_CONNECTIONS`: see [`Limits::max_connections`](super::Limits::max_connections)
    ///
    /// An optional variable that is empty counts as not set.
    ///
    /// # Errors
    ///
    /// `InvalidInput` that names all variables that are missing, or the one that is invalid. This includes
    /// `TEAMWIRE_SECRET_FILE` and `TEAMWIRE_CA_FILE` if they are set, because the core reads no files: then use
    /// `config_from_env` of an adapter.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let optional = |name| var(name).filter(|value| !value.is_empty());
        if let Some(name) = [SECRET_FILE_VAR, CA_FILE_VAR].into_iter().find(|name| optional(name).is_some()) {
            return Err(Error::invalid(name, "only `config_from_env` of an adapter reads it"));
        }
        let required = [URL_VAR, APP_ID_VAR, SECRET_VAR].map(|name| (name, var(name)));
        let missing: Vec<_> = required.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
        match missing.as_slice() {
            [] => {}
            [name] => return Err(Error::invalid(*name, "the variable is not set")),
            names => return Err(Error::invalid(names.join(", "), "the variables are not set")),
        }
        let [url, app_id, secret] = required.map(|(_, value)| value.unwrap_or_default());
        let mut settings = Settings::new(url, app_id);
        settings.proxy = optional(PROXY_VAR);
        let time = |name| {
            let time = optional(name).map(|value| parse_seconds(&value)).transpose();
            time.map_err(|reason| Error::invalid(name, reason))
        };
        (settings.timeout, settings.give_up_after) = (time(TIMEOUT_VAR)?, time(GIVE_UP_AFTER_VAR)?);
        if let Some(number) = optional(MAX_CONNECTIONS_VAR) {
            settings.limits.max_connections = parse_count(&number)?;
        }
        Self::from_settings(&settings, secret).map_err(with_variable)
    }
}

fn parse_count(text: &str) -> Result<usize, Error> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    let reason = || format!("must be a whole number greater than zero, such as `16`, not {text:?}");
    number.ok_or_else(|| Error::invalid(MAX_CONNECTIONS_VAR, reason()))
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let number = text.trim().parse();
    seconds(number.map_err(|_| format!("must be a number of seconds, such as `10` or `2.5`, not {text:?}"))?)
}

/// Names the variable instead of the setting.
fn with_variable(error: Error) -> Error {
    let Cause::InvalidInput(InvalidInput { parameter, reason }) = error.cause() else { return error };
    let name = match parameter.as_str() {
        "base URL" => URL_VAR,
        "App ID" => APP_ID_VAR,
        "Secret" => SECRET_VAR,
        "proxy URL" => PROXY_VAR,
        _ => return error,
    };
    Error::invalid(name, reason.as_str())
}
