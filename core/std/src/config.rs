//! The configuration in environment variables and files.

use std::ffi::OsString;

use teamwire_core::{
    Config, Error,
    config::{
        APP_ID_VAR, CA_FILE_VAR, GIVE_UP_AFTER_VAR, MAX_CONNECTIONS_VAR, PROXY_VAR, SECRET_FILE_VAR, SECRET_VAR,
        Settings, TIMEOUT_VAR, URL_VAR,
    },
    error::{Cause, InvalidInput},
};

use crate::{files, tls::check_certificates};

/// Maximum length of a file with certificates, in bytes.
const MAX_CA_FILE_BYTES: u64 = 16 << 20;
/// Maximum length of a file with a Secret, in bytes. A longer one is another file.
const MAX_SECRET_FILE_BYTES: u64 = 16 << 10;

/// Names of all variables.
const NAMES: [&str; 9] = [
    URL_VAR,
    APP_ID_VAR,
    SECRET_VAR,
    SECRET_FILE_VAR,
    PROXY_VAR,
    TIMEOUT_VAR,
    GIVE_UP_AFTER_VAR,
    MAX_CONNECTIONS_VAR,
    CA_FILE_VAR,
];

/// Returns the configuration in the environment variables, to be completed by the program:
///
/// - `TEAMWIRE_URL`, `TEAMWIRE_APP_ID` and `TEAMWIRE_SECRET`
/// - `TEAMWIRE_SECRET_FILE` instead of `TEAMWIRE_SECRET`: the path of a file that contains the Secret, such as a
///   credential of systemd or a mounted secret of Kubernetes. A line break at its end is not part of the Secret
/// - optionally `TEAMWIRE_PROXY`: see [`Config::with_proxy`]
/// - optionally `TEAMWIRE_TIMEOUT`, the timeout of a request in seconds: see [`Settings::timeout`]
/// - optionally `TEAMWIRE_GIVE_UP_AFTER`, the time in seconds for which a request is retried: see
///   [`Settings::give_up_after`]
/// - optionally `TEAMWIRE_MAX_CONNECTIONS`, the maximum number of connections at once: see
///   [`Limits::max_connections`](teamwire_core::config::Limits::max_connections)
/// - optionally `TEAMWIRE_CA_FILE`, the path of a file with the certificates of private CAs in PEM: see
///   [`Config::with_root_certificates_pem`]
///
/// An optional variable that is empty counts as not set.
///
/// # Errors
///
/// `InvalidInput`, which names all variables that are missing, or the one that is invalid or whose file cannot be read.
/// It never has the content of a file.
pub fn config_from_env() -> Result<Config, Error> {
    config_from(|name| std::env::var_os(name))
}

/// Returns the configuration with these settings, such as those of a file, to be completed by the program. It reads the
/// [`ca_file`](Settings::ca_file).
///
/// # Errors
///
/// `InvalidInput`, which names the setting that is invalid, or whose file cannot be read.
pub fn config_from_settings(settings: &Settings, secret: impl Into<String>) -> Result<Config, Error> {
    let mut others = settings.clone();
    let ca_file = others.ca_file.take();
    with_ca_file(Config::from_settings(&others, secret)?, "CA file", ca_file)
}

fn config_from(var: impl Fn(&str) -> Option<OsString>) -> Result<Config, Error> {
    let is_text = |name: &&str| var(name).is_none_or(|value| value.to_str().is_some());
    if let Some(name) = NAMES.iter().find(|name| !is_text(name)) {
        return Err(InvalidInput::new(*name, "the variable is not Unicode").into());
    }
    let text = |name: &str| var(name).and_then(|value| value.into_string().ok());
    let path = |name: &str| text(name).filter(|path| !path.is_empty());
    let config = match path(SECRET_FILE_VAR) {
        Some(file) => from_vars_and_secret_file(text, &file)?,
        None => Config::from_vars(|name| text(name).filter(|_| name != CA_FILE_VAR))?,
    };
    with_ca_file(config, CA_FILE_VAR, path(CA_FILE_VAR))
}

/// Returns the configuration in these variables, with the Secret in this file.
fn from_vars_and_secret_file(var: impl Fn(&str) -> Option<String>, path: &str) -> Result<Config, Error> {
    if var(SECRET_VAR).is_some_and(|secret| !secret.is_empty()) {
        let reason = format!("`{SECRET_VAR}` is set as well, and it is unclear which of them is meant");
        return Err(InvalidInput::new(SECRET_FILE_VAR, reason).into());
    }
    let secret = secret_in(path).map_err(|reason| InvalidInput::new(SECRET_FILE_VAR, reason))?;
    let config = Config::from_vars(|name| match name {
        SECRET_VAR => Some(secret.clone()),
        SECRET_FILE_VAR | CA_FILE_VAR => None,
        _ => var(name),
    });
    config.map_err(|error| match error.cause() {
        Cause::InvalidInput(InvalidInput { parameter, reason, .. }) if parameter == SECRET_VAR => {
            InvalidInput::new(SECRET_FILE_VAR, format!("the file {path:?}: {reason}")).into()
        }
        _ => error,
    })
}

/// Returns the Secret in this file, without a line break at its end. The error does not have the content.
fn secret_in(path: &str) -> Result<String, String> {
    let bytes = files::read(path, MAX_SECRET_FILE_BYTES).map_err(|error| error.to_string())?;
    let mut secret = String::from_utf8(bytes).map_err(|_| format!("the file {path:?}: must be text in UTF-8"))?;
    secret.truncate(secret.trim_end_matches(['\r', '\n']).len());
    Ok(secret)
}

/// Adds the certificates in this file.
fn with_ca_file(config: Config, parameter: &str, path: Option<String>) -> Result<Config, Error> {
    let Some(path) = path else { return Ok(config) };
    let pem = files::read(&path, MAX_CA_FILE_BYTES).map_err(|error| InvalidInput::new(parameter, error.to_string()))?;
    check_certificates(&pem).map_err(|reason| InvalidInput::new(parameter, format!("the file {path:?}: {reason}")))?;
    Ok(config.with_root_certificates_pem(pem))
}

#[cfg(test)]
mod tests;
