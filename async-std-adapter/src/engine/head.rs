//! The head of a request, as bytes.

use http::{HeaderName, HeaderValue, Method, Request, header, request::Parts};
use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::take_sensitive_headers;
use ureq_proto::client::{Call, SendRequestResult, state::RecvResponse};

/// Form of the target in the first line.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// Its path, for a server; host and port, for a tunnel.
    Path,
    /// Its whole URI, for a proxy; with its `Proxy-Authorization`.
    Uri(Option<&'a HeaderValue>),
}

/// Writes the head for a body of `body` bytes into `output`, which grows if needed; `expect_continue` adds
/// `Expect: 100-continue`. Returns its length, and the state of the protocol once the whole request was sent.
pub(super) fn write(
    mut parts: Parts,
    body: u64,
    expect_continue: bool,
    target: Target<'_>,
    output: &mut Vec<u8>,
) -> Result<(usize, Call<RecvResponse>), TransportError> {
    let mut withheld = take_sensitive_headers(&mut parts.headers);
    if expect_continue {
        withheld.extend_from_slice(b"expect: 100-continue\r\n");
    }
    let mut base = String::new();
    if let Target::Uri(authorization) = target {
        let authority = parts.uri.authority().map_or("", |authority| authority.as_str());
        base = format!("http://{authority}");
        if let Some(value) = authorization {
            withheld.extend([b"proxy-authorization: ".as_slice(), value.as_bytes(), b"\r\n"].concat());
        }
    }
    let enough = max_head_len(&parts, &withheld) + base.len();
    if output.len() < enough {
        output.resize(enough, 0);
    }

    let needs_length = body > 0 || matches!(parts.method, Method::POST | Method::PUT | Method::PATCH);
    let method = parts.method.as_str().len();
    let mut call = Call::new(Request::from_parts(parts, ())).map_err(unsendable)?;
    if needs_length {
        call.header(header::CONTENT_LENGTH, HeaderValue::from(body)).map_err(unsendable)?;
    }
    let mut call = call.proceed();
    let mut length = base.len() + call.write(&mut output[base.len()..]).map_err(unsendable)?;

    if !base.is_empty() {
        // `GET /path` was written behind a gap, for `GET http://host/path`.
        output.copy_within(base.len()..=base.len() + method, 0);
        output[method + 1..=method + base.len()].copy_from_slice(base.as_bytes());
    }
    if !withheld.is_empty() {
        // In place of the empty line, which follows them.
        withheld.extend_from_slice(b"\r\n");
        output[length - 2..length - 2 + withheld.len()].copy_from_slice(&withheld);
        length += withheld.len() - 2;
    }

    match call.proceed().map_err(unsendable)? {
        Some(SendRequestResult::RecvResponse(call)) => Ok((length, call)),
        Some(SendRequestResult::SendBody(mut call)) => {
            // The body goes to the connection as it is; this only keeps the count.
            let mut left = body;
            while left > 0 {
                let part = usize::try_from(left).unwrap_or(usize::MAX);
                call.consume_direct_write(part).map_err(unsendable)?;
                left -= part as u64;
            }
            let call = call.proceed().ok_or_else(|| unsendable("the length of the body is not its length"))?;
            Ok((length, call))
        }
        _ => Err(unsendable("it expects to be told to go on")),
    }
}

/// Returns an upper bound of the length of a head with these parts.
fn max_head_len(parts: &Parts, withheld: &[u8]) -> usize {
    let uri = &parts.uri;
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    // In the first line of a request for a tunnel, and in `Host`.
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len()) * 2;
    let line = |name: &HeaderName, value: &HeaderValue| name.as_str().len() + value.len() + ": \r\n".len();
    let headers: usize = parts.headers.iter().map(|(name, value)| line(name, value)).sum();
    // What is left is the first line's version, the names `Host` and `Content-Length`, a number and line ends.
    parts.method.as_str().len() + path + authority + headers + withheld.len() + 128
}

fn unsendable(error: impl std::fmt::Display) -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, format!("the request cannot be sent over HTTP/1.1: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(request: http::request::Builder, body: u64, expect_continue: bool, target: Target<'_>) -> String {
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let mut output = Vec::new();
        let (length, _) = write(parts, body, expect_continue, target, &mut output).expect("it can be sent");
        String::from_utf8(output[..length].to_vec()).expect("text")
    }

    fn secret(value: &'static str) -> HeaderValue {
        let mut value = HeaderValue::from_static(value);
        value.set_sensitive(true);
        value
    }

    #[test]
    fn a_head_has_what_framing_needs_and_the_secrets_last() {
        let get = Request::get("http://h.test:81/a?b").header("authorization", secret("Basic x")).header("accept", "y");
        assert_eq!(
            written(get, 0, false, Target::Path),
            "GET /a?b HTTP/1.1\r\nhost: h.test:81\r\naccept: y\r\nauthorization: Basic x\r\n\r\n"
        );
        let post = Request::post("https://h.test/");
        assert_eq!(
            written(post, 0, false, Target::Path),
            "POST / HTTP/1.1\r\ncontent-length: 0\r\nhost: h.test\r\n\r\n"
        );
        let delete = Request::delete("https://h.test/x");
        assert_eq!(
            written(delete, 7, true, Target::Path),
            "DELETE /x HTTP/1.1\r\ncontent-length: 7\r\nhost: h.test\r\nexpect: 100-continue\r\n\r\n"
        );
    }

    #[test]
    fn a_proxy_is_asked_for_a_uri_or_for_a_tunnel() {
        let authorization = secret("Basic z");
        assert_eq!(
            written(Request::get("http://h.test:81/a"), 0, false, Target::Uri(Some(&authorization))),
            "GET http://h.test:81/a HTTP/1.1\r\nhost: h.test:81\r\nproxy-authorization: Basic z\r\n\r\n"
        );
        let tunnel = Request::connect("h.test:443").header("proxy-authorization", authorization);
        assert_eq!(
            written(tunnel, 0, false, Target::Path),
            "CONNECT h.test:443 HTTP/1.1\r\nhost: h.test:443\r\nproxy-authorization: Basic z\r\n\r\n"
        );
    }

    #[test]
    fn a_head_of_any_length_fits() {
        let path = format!("http://h.test/{}", "p".repeat(60_000));
        let head = written(Request::patch(path).header("x", "v".repeat(100_000)), u64::MAX, false, Target::Uri(None));
        assert_eq!(
            head.len(),
            "PATCH http://h.test/ HTTP/1.1\r\nhost: h.test\r\n\r\n".len()
                + 160_005
                + format!("content-length: {}\r\n", u64::MAX).len()
        );
    }
}
