//! Parsing of base and proxy URLs.

use alloc::{
    format,
    string::{String, ToString},
};

use percent_encoding::percent_decode_str;
use secrecy::zeroize::Zeroizing;
use url::{Host, Url};

use crate::error::Error;

/// Maximum length of a base or proxy URL, in bytes: an `http::Uri` then has room for the path and the query.
const MAX_URL_BYTES: usize = 2048;

/// Parses a base URL. Errors do not repeat it, because it may contain a password.
pub(super) fn parse_base_url(text: &str) -> Result<Url, Error> {
    let invalid = |reason: &str| Err(Error::invalid("base URL", reason));
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return invalid(&error.to_string()),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return invalid("the scheme must be `https` (or `http` for a loopback address)");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return invalid("must not contain credentials");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return invalid("must not have a query (`?`) or a fragment (`#`)");
    }
    // `Url` accepts longer URLs and more hosts than `http::Uri`.
    if url.as_str().len() > MAX_URL_BYTES {
        return Err(too_long("base URL"));
    }
    if url.port() == Some(0) {
        return invalid("the port must not be 0");
    }
    if http::Uri::try_from(url.as_str()).is_err() {
        return invalid("the host contains an invalid character");
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A proxy with its decoded login.
pub(super) struct Proxy {
    pub(super) url: Url,
    pub(super) user: Zeroizing<String>,
    pub(super) password: Zeroizing<String>,
}

/// Parses a proxy URL. Errors do not repeat it, because it may contain a password.
pub(super) fn parse_proxy_url(text: &str) -> Result<Proxy, Error> {
    let url = Url::parse(text).map_err(|error| Error::invalid("proxy URL", error.to_string()))?;
    let invalid = |reason: &str| Err(Error::invalid("proxy URL", reason));
    let has_more = url.path().len() > 1 || url.query().is_some() || url.fragment().is_some();
    if url.scheme() != "http" || url.host().is_none() || has_more {
        return invalid("must have the form `http://host:port`");
    }
    // The parser encodes each colon of the user name. RFC 7617 allows neither a colon in it nor control characters.
    if encoded_bytes(url.username()).any(|byte| byte == b':') {
        return invalid("the user name must not contain a colon");
    }
    let login = [url.username(), url.password().unwrap_or_default()];
    if login.into_iter().flat_map(encoded_bytes).any(|byte| byte.is_ascii_control()) {
        return invalid("the user name and the password must not contain control characters");
    }
    if url.port() == Some(0) {
        return invalid("the port must not be 0");
    }
    if url.as_str().len() > MAX_URL_BYTES {
        return Err(too_long("proxy URL"));
    }
    if http::Uri::try_from(url.as_str()).is_err() {
        return invalid("the host contains an invalid character");
    }
    let [user, password] = login.map(|part| Zeroizing::new(percent_decode_str(part).decode_utf8_lossy().into_owned()));
    Ok(Proxy { url, user, password })
}

/// Returns the bytes that are percent-encoded in this part of a URL.
fn encoded_bytes(part: &str) -> impl Iterator<Item = u8> {
    part.split('%').skip(1).filter_map(|after| u8::from_str_radix(after.get(..2)?, 16).ok())
}

fn too_long(parameter: &str) -> Error {
    Error::invalid(parameter, format!("must be at most {MAX_URL_BYTES} characters"))
}
