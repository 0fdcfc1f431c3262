//! The checks that keep other websites out: `Host` against DNS rebinding, `Origin` and `Sec-Fetch-Site` against
//! requests from their pages. They come before anything else, for every route.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, Method, StatusCode, header, request::Parts};

use crate::world::contract::problem::Problem;

/// The values of `Host` that are ours.
#[derive(Debug)]
pub(super) struct Guard {
    port: u16,
    /// True if other machines can reach the listener, by any of its IP addresses.
    is_remote: bool,
    /// Further names, with their ports, in lower case.
    hosts: Vec<String>,
}

impl Guard {
    pub(super) fn new(address: SocketAddr, hosts: Vec<String>) -> Self {
        let port = address.port();
        let with_port = |host: String| {
            let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            let host = host.to_ascii_lowercase();
            if has_port { host } else { format!("{host}:{port}") }
        };
        Self { port, is_remote: !address.ip().is_loopback(), hosts: hosts.into_iter().map(with_port).collect() }
    }

    /// Checks a request. `is_page` is true for the page itself, to which a link of another website may lead.
    pub(super) fn check(&self, parts: &Parts, is_page: bool) -> Result<(), Problem> {
        let host = self.check_host(parts)?;
        check_origin(&parts.headers, host)?;
        check_fetch_site(parts, is_page)?;
        if parts.method == Method::OPTIONS {
            return Err(forbidden("Requests from other origins are not allowed."));
        }
        Ok(())
    }

    fn check_host<'p>(&self, parts: &'p Parts) -> Result<&'p str, Problem> {
        // A target with an authority is meant for a proxy.
        let host = only(&parts.headers, header::HOST.as_str()).filter(|_| parts.uri.authority().is_none());
        let host = host.and_then(Result::ok).filter(|host| self.is_ours(host));
        host.ok_or_else(|| {
            let detail = "The Host is not one of this sandbox's page. Names are allowed by --page-host.";
            Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail)
        })
    }

    fn is_ours(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        if self.hosts.contains(&host) {
            return true;
        }
        // Without a port, it is that of HTTP.
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port),
            _ => (host.as_str(), "80"),
        };
        // Compared as text, so that no other spelling of the number is accepted.
        port == self.port.to_string() && (is_loopback(name) || self.is_remote && is_ip(name))
    }
}

fn is_loopback(name: &str) -> bool {
    matches!(name, "127.0.0.1" | "[::1]" | "localhost")
}

fn is_ip(name: &str) -> bool {
    match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(name) => name.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()),
    }
}

/// `Origin` must be that of the page, if it is sent.
fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    match only(headers, header::ORIGIN.as_str()) {
        None => Ok(()),
        Some(Ok(origin)) if origin.eq_ignore_ascii_case(&format!("http://{host}")) => Ok(()),
        Some(_) => Err(forbidden("The Origin is not the page of this sandbox.")),
    }
}

fn check_fetch_site(parts: &Parts, is_page: bool) -> Result<(), Problem> {
    let is_get = parts.method == Method::GET;
    let is = |name: &str, value: &str| only(&parts.headers, name) == Some(Ok(value));
    let is_navigation = is("sec-fetch-mode", "navigate")
        && (is("sec-fetch-dest", "document") || !parts.headers.contains_key("sec-fetch-dest"));
    match only(&parts.headers, "sec-fetch-site") {
        None | Some(Ok("same-origin")) => Ok(()),
        Some(Ok("none")) if is_get => Ok(()),
        Some(Ok(_)) if is_get && is_page && is_navigation => Ok(()),
        Some(_) => Err(forbidden("The request comes from another site.")),
    }
}

fn forbidden(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "cross_origin", detail)
}

/// A value that is neither text nor given once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ambiguous;

/// The only value of a header.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<Result<&'h str, Ambiguous>> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return Some(Err(Ambiguous));
    }
    Some(value.to_str().map_err(|_| Ambiguous))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(address: &str, hosts: &[&str]) -> Guard {
        let address = address.parse().expect("the address is valid");
        Guard::new(address, hosts.iter().map(|&it| it.to_owned()).collect())
    }

    #[test]
    fn loopback_has_three_names() {
        let guard = guard("127.0.0.1:8080", &[]);
        for ours in ["127.0.0.1:8080", "localhost:8080", "LocalHost:8080", "[::1]:8080"] {
            assert!(guard.is_ours(ours), "{ours}");
        }
        let others = [
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1:08080",
            "127.0.0.1:8080.",
            "127.0.0.1:8080@a",
            "127.0.0.2:8080",
            "localhost.:8080",
            "localhost.evil.example:8080",
            "evil-localhost:8080",
            "192.0.2.1:8080",
            "[::2]:8080",
            "::1:8080",
            "",
            ":8080",
            "localhost:8080:8080",
            "0x7f.1:8080",
            "127.1:8080",
            "[::1]",
            "[::1]8080",
        ];
        for other in others {
            assert!(!guard.is_ours(other), "{other}");
        }
    }

    #[test]
    fn port_of_http_may_be_omitted() {
        let guard = guard("127.0.0.1:80", &[]);
        assert!(guard.is_ours("localhost") && guard.is_ours("[::1]") && guard.is_ours("127.0.0.1:80"));
        assert!(!guard.is_ours("localhost:8080"));
    }

    #[test]
    fn names_are_ours_only_if_given() {
        let remote = guard("0.0.0.0:8080", &["sandbox.test", "Proxy.test:443"]);
        for ours in ["192.0.2.1:8080", "[2001:db8::1]:8080", "sandbox.test:8080", "proxy.test:443", "localhost:8080"] {
            assert!(remote.is_ours(ours), "{ours}");
        }
        for other in ["evil.test:8080", "sandbox.test", "proxy.test:8080", "192.0.2.1:443", "192.0.2.1.evil.test:8080"]
        {
            assert!(!remote.is_ours(other), "{other}");
        }
    }
}
