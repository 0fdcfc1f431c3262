//! The head of a request, as bytes.
//!
//! The types of the crate `http` guarantee that no part of a request has a line break: not its method, URI, header
//! names or values. So a head has no other lines than those written here.

use http::{HeaderName, Method, Request, Uri, header};
use teamwire_core::effect::TransportError;
use teamwire_std::{Proxy, http1::check_request_headers};

/// Length for which most heads have room, in bytes.
const USUAL_LENGTH: usize = 512;

/// Replaces `output` by the head of a request with a body of `body` bytes, for this proxy or, without one, for a
/// server; `expect_continue` adds `Expect: 100-continue`.
pub(super) fn write<B>(
    request: &Request<B>,
    body: u64,
    expect_continue: bool,
    proxy: Option<&Proxy>,
    output: &mut Vec<u8>,
) -> Result<(), TransportError> {
    let has_host = check_request_headers(request.headers())?;
    output.clear();
    output.reserve(USUAL_LENGTH);

    output.extend_from_slice(request.method().as_str().as_bytes());
    output.push(b' ');
    write_target(request.method(), request.uri(), proxy.is_some(), output);
    output.extend_from_slice(b" HTTP/1.1\r\n");
    if !has_host {
        output.extend_from_slice(b"host: ");
        write_authority(request.uri(), output);
        output.extend_from_slice(b"\r\n");
    }
    // These methods usually have a body, so that the length of an empty one is sent as well.
    if body > 0 || matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) {
        write_field(&header::CONTENT_LENGTH, body.to_string().as_bytes(), output);
    }
    if expect_continue {
        write_field(&header::EXPECT, b"100-continue", output);
    }
    if let Some(login) = proxy.and_then(|proxy| proxy.authorization.as_ref()) {
        write_field(&header::PROXY_AUTHORIZATION, login.as_bytes(), output);
    }
    for (name, value) in request.headers() {
        write_field(name, value.as_bytes(), output);
    }
    output.extend_from_slice(b"\r\n");
    Ok(())
}

/// Writes the target of a request: for a tunnel the authority, for a proxy the absolute URI, for a server the path.
fn write_target(method: &Method, uri: &Uri, to_proxy: bool, output: &mut Vec<u8>) {
    if method == Method::CONNECT {
        return write_authority(uri, output);
    }
    if to_proxy {
        output.extend_from_slice(b"http://");
        write_authority(uri, output);
    }
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    if !target.starts_with('/') {
        output.push(b'/');
    }
    output.extend_from_slice(target.as_bytes());
}

/// Writes host and port, as they are in the URI, without a login.
fn write_authority(uri: &Uri, output: &mut Vec<u8>) {
    // A connection was made for the host of this URI, so there is one.
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    output.extend_from_slice(host.as_bytes());
}

fn write_field(name: &HeaderName, value: &[u8], output: &mut Vec<u8>) {
    for piece in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
        output.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests;
