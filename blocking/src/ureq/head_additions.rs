use std::fmt;

use teamwire_std::Proxy;
use ureq::http::{HeaderMap, HeaderName, header, request::Parts};

/// Length for which all lines of most requests have room, in bytes.
const USUAL_LENGTH: usize = 512;

/// Headers that ureq adds or obeys. It leaves all others as they are.
const SEEN_BY_UREQ: [HeaderName; 2] = [header::HOST, header::CONNECTION];

/// Parts of a request's head that are inserted after `ureq_proto` has written the rest: at the level *trace* it logs
/// all that it writes, byte for byte, it formats each line slowly, and it does not support requests to a proxy.
#[derive(Clone, Default)]
pub(super) struct HeadAdditions {
    /// Scheme and authority, which precede the path in a request to a proxy.
    origin: String,
    /// Header lines, each with its line break.
    lines: Vec<u8>,
}

impl HeadAdditions {
    /// Removes all headers from this head but those that ureq has to see, and of these the sensitive ones. If the
    /// request is sent to a proxy without a tunnel, the additions also have the rest of the URI and the proxy's login.
    #[inline(never)]
    pub(super) fn take(head: &mut Parts, proxy: Option<&Proxy>) -> Self {
        let mut additions = Self::default();
        additions.take_headers(&mut head.headers);
        if let Some(proxy) = proxy {
            additions.origin = format!("http://{}", head.uri.authority().map_or("", |authority| authority.as_str()));
            if let Some(login) = &proxy.authorization {
                additions.add_line(header::PROXY_AUTHORIZATION.as_str(), login.as_bytes());
            }
        }
        additions
    }

    fn take_headers(&mut self, headers: &mut HeaderMap) {
        let mut seen = HeaderMap::new();
        for (name, value) in &*headers {
            if SEEN_BY_UREQ.contains(name) && !value.is_sensitive() {
                seen.append(name.clone(), value.clone());
            } else {
                self.add_line(name.as_str(), value.as_bytes());
            }
        }
        *headers = seen;
    }

    /// Adds `Expect: 100-continue`.
    pub(super) fn expect_continue(&mut self) {
        self.add_line(header::EXPECT.as_str(), b"100-continue");
    }

    fn add_line(&mut self, name: &str, value: &[u8]) {
        if self.lines.is_empty() {
            self.lines.reserve(USUAL_LENGTH);
        }
        for piece in [name.as_bytes(), b": ", value, b"\r\n"] {
            self.lines.extend_from_slice(piece);
        }
    }

    /// Returns the number of bytes to insert.
    fn len(&self) -> usize {
        self.origin.len() + self.lines.len()
    }

    /// Returns whether there is nothing to insert.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the beginning of the head, which has at least its first line, together with the additions.
    pub(super) fn append_to(&self, output: &mut Vec<u8>, head: &[u8]) {
        let (first_line, rest) = split_after(head, b'\n');
        let (method, target) = split_after(first_line, b' ');
        output.reserve(self.len() + head.len());
        for piece in [method, self.origin.as_bytes(), target, &self.lines, rest] {
            output.extend_from_slice(piece);
        }
    }
}

/// Splits these bytes behind the first one of this value.
fn split_after(bytes: &[u8], value: u8) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|byte| *byte == value).map_or(0, |at| at + 1))
}

impl fmt::Debug for HeadAdditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadAdditions").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderValue, Request};

    use super::*;

    fn secret(value: &'static str) -> HeaderValue {
        let mut value = HeaderValue::from_static(value);
        value.set_sensitive(true);
        value
    }

    fn head() -> Parts {
        let request = Request::get("http://h.test:81/a?b")
            .header("x", secret("1"))
            .header("host", "y")
            .header("x", "2")
            .header("authorization", secret("Basic x"));
        request.body(()).expect("the request is valid").into_parts().0
    }

    fn inserted(additions: &HeadAdditions, written: &str) -> String {
        let mut output = b"GET before\r\n\r\n".to_vec();
        additions.append_to(&mut output, written.as_bytes());
        let text = String::from_utf8(output).expect("all parts are text");
        text.strip_prefix("GET before\r\n\r\n").expect("bytes before the head stay").to_owned()
    }

    #[test]
    fn headers_that_ureq_need_not_see_are_taken_and_inserted_behind_the_first_line() {
        let mut head = head();
        let mut additions = HeadAdditions::take(&mut head, None);
        assert_eq!(head.headers.keys().collect::<Vec<_>>(), ["host"]);
        assert!(!additions.is_empty() && !format!("{additions:?}").contains("Basic"), "Debug shows no secret");
        let written = "GET /a?b HTTP/1.1\r\nhost: y\r\n\r\n";
        let text = inserted(&additions, written);
        assert_eq!(text.len(), written.len() + additions.len());
        for line in ["x: 1\r\nx: 2\r\n", "authorization: Basic x\r\n"] {
            assert_eq!(text.matches(line).count(), 1, "{text:?}");
        }
        assert!(text.starts_with("GET /a?b HTTP/1.1\r\n") && text.ends_with("\r\nhost: y\r\n\r\n"), "{text:?}");
        additions.expect_continue();
        assert!(inserted(&additions, written).contains("\r\nexpect: 100-continue\r\n"));
    }

    #[test]
    fn request_to_a_proxy_has_the_whole_uri_and_the_login() {
        let mut proxy = Proxy {
            host: "p.test".to_owned(),
            port: 80,
            authorization: Some(secret("Basic z")),
            tunnels_plain_http: false,
        };
        let (mut parts, ()) = Request::get("http://h.test:81/a").body(()).expect("the request is valid").into_parts();
        let written = "GET /a HTTP/1.1\r\nhost: h.test:81\r\n\r\n";
        assert_eq!(
            inserted(&HeadAdditions::take(&mut parts, Some(&proxy)), written),
            "GET http://h.test:81/a HTTP/1.1\r\nproxy-authorization: Basic z\r\nhost: h.test:81\r\n\r\n"
        );
        proxy.authorization = None;
        assert_eq!(
            inserted(&HeadAdditions::take(&mut parts, Some(&proxy)), written),
            "GET http://h.test:81/a HTTP/1.1\r\nhost: h.test:81\r\n\r\n"
        );
        let none = HeadAdditions::take(&mut parts, None);
        assert!(none.is_empty() && inserted(&none, written) == written);
    }

    #[test]
    fn insertion_within_the_capacity_does_not_allocate() {
        let additions = HeadAdditions::take(&mut head(), None);
        let mut output = Vec::with_capacity(200);
        let before = output.as_ptr();
        additions.append_to(&mut output, b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(output.as_ptr(), before);
    }
}
