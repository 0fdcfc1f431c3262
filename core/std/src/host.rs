//! Host names, in URLs and without their brackets.

use std::{fmt::Display, net::IpAddr};

/// Returns a host of a URL without the brackets of an IPv6 address.
pub fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Returns the failures to connect to the addresses of a host, which they name, after the name of the host.
pub fn at_host(host: &str, failures: impl Display) -> String {
    // An address would be there twice.
    if without_brackets(host).parse::<IpAddr>().is_ok() { failures.to_string() } else { format!("{host}: {failures}") }
}

/// Returns `host:port`, with brackets around an IPv6 address.
pub fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
