//! Origins of URIs, which determine the connections that can serve a request.

use http::{Uri, uri::Scheme};
use teamwire_core::effect::{TransportError, TransportErrorKind};

use crate::without_brackets;

/// Scheme, host and port of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Requests go through TLS.
    pub tls: bool,
    /// Host, without the brackets of an IPv6 address.
    pub host: String,
    /// Port, also where it is the default of the scheme.
    pub port: u16,
}

impl Origin {
    /// Returns the origin of an absolute URI.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Resolve`] if the URI has no host.
    pub fn of(uri: &Uri) -> Result<Self, TransportError> {
        let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
            return Err(TransportError::new(TransportErrorKind::Resolve, "the URI has no host"));
        };
        let tls = is_https(uri);
        Ok(Self { tls, host: without_brackets(host).to_ascii_lowercase(), port: port(uri, tls) })
    }

    /// Returns whether this is the origin of the URI.
    #[inline]
    pub fn serves(&self, uri: &Uri) -> bool {
        let tls = is_https(uri);
        if self.tls != tls {
            return false;
        }
        // Usually the host is written in the same way. `Uri` searches the authority for each of its parts.
        let rest = uri.authority().and_then(|authority| authority.as_str().strip_prefix(&*self.host));
        if let Some(Ok(port)) = rest.and_then(|rest| rest.strip_prefix(':')).map(str::parse::<u16>) {
            return port == self.port;
        }
        self.port == port(uri, tls)
            && uri.host().is_some_and(|host| without_brackets(host).eq_ignore_ascii_case(&self.host))
    }
}

fn is_https(uri: &Uri) -> bool {
    // Every scheme except `http` uses TLS.
    uri.scheme() != Some(&Scheme::HTTP)
}

fn port(uri: &Uri, tls: bool) -> u16 {
    uri.port_u16().unwrap_or(if tls { 443 } else { 80 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_serves_its_own_origin_only() {
        let at = |uri: &'static str| Uri::from_static(uri);
        let origin = |uri| Origin::of(&at(uri)).expect("it has a host");

        assert!(origin("https://example.org/a").serves(&at("https://EXAMPLE.org:443/b?c")));
        assert!(origin("http://[::1]:81/").serves(&at("http://[::1]:81/x")));
        assert!(origin("http://example.org:81/").serves(&at("http://example.org:81/x")));
        assert!(origin("http://example.org/").serves(&at("http://u:p@example.org/x")));
        for other in ["http://example.org:8/", "http://example.org/", "http://example.org.x:81", "http://u@x.org:81"] {
            assert!(!origin("http://example.org:81/").serves(&at(other)), "{other}");
        }
        assert!(!origin("http://example.org:81/").serves(&at("http://example.org:81@example.com:81/")));
        assert_eq!(origin("http://[::1]/"), Origin { tls: false, host: "::1".into(), port: 80 });
        for other in
            ["http://example.org/", "https://example.org:444/", "https://example.com/", "https://a.example.org/"]
        {
            assert!(!origin("https://example.org/").serves(&at(other)), "{other}");
        }
    }
}
