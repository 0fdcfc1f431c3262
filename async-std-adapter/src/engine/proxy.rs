//! The HTTP proxy of `Config::with_proxy`.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use teamwire_core::{Config, Error, InvalidInput};

use super::origin::without_brackets;

/// Where it is, and what it wants to be told.
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// The value of `Proxy-Authorization`. Sensitive.
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy that the options name, if they do.
    pub(super) fn of(config: &Config) -> Result<Option<Self>, Error> {
        let Some(url) = config.proxy() else { return Ok(None) };
        let Some(host) = url.host_str() else {
            return Err(InvalidInput::new("proxy URL", "there is no host in it").into());
        };
        let user = (!url.username().is_empty() || url.password().is_some())
            .then(|| basic(url.username(), url.password().unwrap_or_default()))
            .transpose()?;
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Some(Self { host: without_brackets(host).to_owned(), port, authorization: user }))
    }
}

/// The parts are percent-encoded, as a URL has them.
fn basic(user: &str, password: &str) -> Result<HeaderValue, InvalidInput> {
    let user: Vec<u8> = percent_decode_str(user).collect();
    if user.contains(&b':') {
        return Err(InvalidInput::new("proxy URL", "a user name with a colon cannot be sent"));
    }
    let both = [&user, &b":"[..], &percent_decode_str(password).collect::<Vec<u8>>()].concat();
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(both)))
        .expect("base64 is made of characters that a header may have");
    value.set_sensitive(true);
    Ok(value)
}
