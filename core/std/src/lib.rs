//! Platform services shared by the `std` executors: clock, entropy, environment, files, saved state, TLS and proxy settings, limits
//! on bodies, and preprocessing of HTTP/1.1 messages.
//!
//! An implementation detail of the adapters. Programs use `teamwire-blocking` or `teamwire-async-std`.

pub mod body;
mod clock;
mod connection;
pub mod files;
mod happy_eyeballs;
mod head_additions;
mod host;
pub mod http1;
mod paths;
mod progress;
mod proxy;
mod state_file;
mod tls;
mod undrained;

pub use self::{
    clock::Clock,
    connection::{MAX_CONNECTION_AGE, has_pending_data, is_abrupt_end},
    happy_eyeballs::{CONNECTION_ATTEMPT_DELAY, PreferredAddresses},
    head_additions::HeadAdditions,
    host::{authority, without_brackets},
    paths::{image_file, path_to_string, upload_file},
    progress::{BodyProgress, UploadProgress},
    proxy::Proxy,
    state_file::StateFile,
    tls::{client_certificate_error, tls_config, tls_error, tls_is_idle},
    undrained::undrained,
};

use std::ffi::OsString;

use teamwire_core::{
    Config, Error,
    config::{APP_ID_VAR, SECRET_VAR, URL_VAR},
    error::InvalidInput,
    executor::Session,
};

/// Creates a session with this configuration, and entropy from the operating system.
///
/// # Errors
///
/// `InvalidInput` for contradictory or unusable settings, or if the operating system provides no entropy.
pub fn session(config: Config) -> Result<Session, Error> {
    config.validate()?;
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy)
        .map_err(|why| InvalidInput::new("entropy", format!("the operating system does not provide any: {why}")))?;
    Ok(Session::new(config, entropy))
}

/// Returns the configuration in the environment variables `TEAMWIRE_URL`, `TEAMWIRE_APP_ID` and `TEAMWIRE_SECRET`.
///
/// # Errors
///
/// `InvalidInput`, which names the variable that is missing or invalid.
pub fn config_from_env() -> Result<Config, Error> {
    config_from(|name| std::env::var_os(name))
}

fn config_from(var: impl Fn(&str) -> Option<OsString>) -> Result<Config, Error> {
    let is_text = |name: &&str| var(name).is_none_or(|value| value.to_str().is_some());
    if let Some(name) = [URL_VAR, APP_ID_VAR, SECRET_VAR].iter().find(|name| !is_text(name)) {
        return Err(InvalidInput::new(*name, "the variable is not Unicode").into());
    }
    Config::from_vars(|name| var(name).and_then(|value| value.into_string().ok()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_variable_that_is_no_text_is_not_said_to_be_missing() {
        for broken in [URL_VAR, APP_ID_VAR, SECRET_VAR] {
            let var = |name: &str| Some(OsString::from_vec(vec![if name == broken { 0xff } else { b'x' }]));
            let error = config_from(var).expect_err("it is not text").to_string();
            assert!(error.contains(broken) && error.contains("not Unicode"), "{error}");
        }
        let error = config_from(|_| None).expect_err("no variable is set").to_string();
        assert!(error.contains("not set"), "{error}");
    }
}
