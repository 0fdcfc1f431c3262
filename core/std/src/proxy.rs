//! The HTTP proxy set by `Config::with_proxy`.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;
use teamwire_core::{
    Config,
    effect::{TransportError, TransportErrorKind},
};

use crate::host::without_brackets;

/// Address and login of the HTTP proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Host, without the brackets of an IPv6 address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Value of `Proxy-Authorization`. Sensitive.
    pub authorization: Option<HeaderValue>,
    /// Tunnels `http://` as well as `https://`.
    pub tunnels_plain_http: bool,
}

impl Proxy {
    /// Returns the proxy of this configuration, if any.
    pub fn from_config(config: &Config) -> Option<Self> {
        let url = config.proxy()?;
        let host = url.host_str()?;
        let has_login = !url.username().is_empty() || url.password().is_some();
        Some(Self {
            host: without_brackets(host).to_owned(),
            port: url.port_or_known_default().unwrap_or(80),
            authorization: has_login.then(|| basic(url.username(), url.password().unwrap_or_default())),
            tunnels_plain_http: config.tunnels_plain_http(),
        })
    }

    /// Returns `true` if requests go through a tunnel: all to `https://` (`tls`), and those to `http://` if configured.
    pub const fn opens_tunnel(&self, tls: bool) -> bool {
        tls || self.tunnels_plain_http
    }

    /// Checks the status of the response to `CONNECT`, before anything of the request is sent.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Proxy`] if a retry would be refused as well (401, 403, 407), else
    /// [`TransportErrorKind::Connect`].
    pub fn check_tunnel_response(status: StatusCode) -> Result<(), TransportError> {
        let kind = match status {
            status if status.is_success() => return Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                TransportErrorKind::Proxy
            }
            _ => TransportErrorKind::Connect,
        };
        Err(TransportError::new(kind, format!("no tunnel through the proxy: it responded with {status}")))
    }
}

/// Returns the header value for a login that is percent-encoded as in a URL. `Config::with_proxy` rejects names with a
/// colon.
fn basic(user: &str, password: &str) -> HeaderValue {
    let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
    let both = [decoded(user), b":".to_vec(), decoded(password)].concat();
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(both)))
        .expect("base64 has only characters that are valid in a header");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use teamwire_core::Credentials;

    use super::*;

    #[test]
    fn a_login_is_decoded_and_never_shown() {
        let credentials = Credentials::new("app", "secret").expect("credentials");
        let config = Config::new("https://backend.test", credentials).expect("a URL");
        assert!(Proxy::from_config(&config).is_none());
        let config = config.with_proxy("http://us%65r:p%40ss@[::1]").expect("a proxy");
        let proxy = Proxy::from_config(&config).expect("it is set");
        assert_eq!((proxy.host.as_str(), proxy.port, proxy.tunnels_plain_http), ("::1", 80, false));
        let login = proxy.authorization.clone().expect("a login");
        assert_eq!(login.to_str().expect("text"), format!("Basic {}", BASE64_STANDARD.encode("user:p@ss")));
        assert!(!format!("{proxy:?}").contains("Basic"), "{proxy:?}");
    }

    #[test]
    fn a_refused_login_is_final_and_a_failed_tunnel_is_not() {
        for (status, kind) in [
            (401, TransportErrorKind::Proxy),
            (403, TransportErrorKind::Proxy),
            (407, TransportErrorKind::Proxy),
            (502, TransportErrorKind::Connect),
        ] {
            let error =
                Proxy::check_tunnel_response(StatusCode::from_u16(status).expect("a status")).expect_err("refused");
            assert_eq!((error.kind, error.sent), (kind, false));
            assert!(error.to_string().contains(&status.to_string()), "{error}");
        }
        Proxy::check_tunnel_response(StatusCode::OK).expect("a tunnel");
    }
}
