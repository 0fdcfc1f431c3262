//! The head of a request, as bytes.

use http::{HeaderName, HeaderValue, Method, Request, header, request::Parts};
use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::{HeadAdditions, Proxy};
use ureq_proto::client::{Call, SendRequestResult, state::RecvResponse};

/// Replaces `output` by the head of a request with a body of `body` bytes, for this proxy or, without one, for a
/// server; `expect_continue` adds `Expect: 100-continue`. Returns the state of the protocol once the whole request was
/// sent.
pub(super) fn write(
    mut parts: Parts,
    body: u64,
    expect_continue: bool,
    proxy: Option<&Proxy>,
    output: &mut Vec<u8>,
) -> Result<Call<RecvResponse>, TransportError> {
    let mut additions = HeadAdditions::take(&mut parts, proxy);
    if expect_continue {
        additions.expect_continue();
    }
    let enough = max_head_len(&parts);
    if output.len() < enough {
        output.reserve(enough + additions.len() - output.len());
        output.resize(enough, 0);
    }

    let needs_length = body > 0 || matches!(parts.method, Method::POST | Method::PUT | Method::PATCH);
    let mut call = Call::new(Request::from_parts(parts, ())).map_err(unsendable)?;
    if needs_length {
        call.header(header::CONTENT_LENGTH, HeaderValue::from(body)).map_err(unsendable)?;
    }
    let mut call = call.proceed();
    let length = call.write(output).map_err(unsendable)?;
    output.truncate(length);
    additions.insert_into(output, 0);

    match call.proceed().map_err(unsendable)? {
        Some(SendRequestResult::RecvResponse(call)) => Ok(call),
        Some(SendRequestResult::SendBody(mut call)) => {
            // The body is written to the connection directly; `ureq_proto` only counts its bytes.
            let mut left = body;
            while left > 0 {
                let part = usize::try_from(left).unwrap_or(usize::MAX);
                call.consume_direct_write(part).map_err(unsendable)?;
                left -= part as u64;
            }
            call.proceed().ok_or_else(|| unsendable("the body has another length than announced"))
        }
        _ => Err(unsendable("it has an `Expect` header")),
    }
}

/// Returns an upper bound of the length of a head with these parts, without the additions.
fn max_head_len(parts: &Parts) -> usize {
    let uri = &parts.uri;
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    // In the first line of a `CONNECT` request, and in `Host`.
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len()) * 2;
    let line = |name: &HeaderName, value: &HeaderValue| name.as_str().len() + value.len() + ": \r\n".len();
    let headers: usize = parts.headers.iter().map(|(name, value)| line(name, value)).sum();
    // The constant covers the version, the names `Host` and `Content-Length`, a number and line ends.
    parts.method.as_str().len() + path + authority + headers + 128
}

fn unsendable(error: impl std::fmt::Display) -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, format!("the request cannot be sent over HTTP/1.1: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(request: http::request::Builder, body: u64, expect_continue: bool, proxy: Option<&Proxy>) -> String {
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let mut output = b"the request before".to_vec();
        write(parts, body, expect_continue, proxy, &mut output).expect("the request is valid");
        String::from_utf8(output).expect("all headers are text")
    }

    fn secret(value: &'static str) -> HeaderValue {
        let mut value = HeaderValue::from_static(value);
        value.set_sensitive(true);
        value
    }

    #[test]
    fn a_head_has_what_framing_needs_and_the_additions() {
        let get = Request::get("http://h.test:81/a?b").header("authorization", secret("Basic x")).header("accept", "y");
        assert_eq!(
            written(get, 0, false, None),
            "GET /a?b HTTP/1.1\r\nauthorization: Basic x\r\nhost: h.test:81\r\naccept: y\r\n\r\n"
        );
        let post = Request::post("https://h.test/");
        assert_eq!(written(post, 0, false, None), "POST / HTTP/1.1\r\ncontent-length: 0\r\nhost: h.test\r\n\r\n");
        let delete = Request::delete("https://h.test/x");
        assert_eq!(
            written(delete, 7, true, None),
            "DELETE /x HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 7\r\nhost: h.test\r\n\r\n"
        );
    }

    #[test]
    fn a_proxy_is_asked_for_a_uri_or_for_a_tunnel() {
        let proxy = Proxy {
            host: "p.test".to_owned(),
            port: 80,
            authorization: Some(secret("Basic z")),
            tunnels_plain_http: false,
        };
        assert_eq!(
            written(Request::get("http://h.test:81/a"), 0, false, Some(&proxy)),
            "GET http://h.test:81/a HTTP/1.1\r\nproxy-authorization: Basic z\r\nhost: h.test:81\r\n\r\n"
        );
        let tunnel = Request::connect("h.test:443").header("proxy-authorization", secret("Basic z"));
        assert_eq!(
            written(tunnel, 0, false, None),
            "CONNECT h.test:443 HTTP/1.1\r\nproxy-authorization: Basic z\r\nhost: h.test:443\r\n\r\n"
        );
    }

    #[test]
    fn a_head_of_any_length_fits() {
        let path = format!("http://h.test/{}", "p".repeat(60_000));
        let head = written(Request::patch(path).header("x", "v".repeat(100_000)), u64::MAX, false, None);
        assert_eq!(
            head.len(),
            "PATCH / HTTP/1.1\r\nhost: h.test\r\n\r\n".len()
                + 160_005
                + format!("content-length: {}\r\n", u64::MAX).len()
        );
    }
}
