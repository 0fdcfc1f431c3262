use http::{HeaderValue, Request, request::Builder};

use super::*;

fn try_write(request: Builder, body: u64, expect_continue: bool, proxy: Option<&Proxy>) -> Result<String, String> {
    let request = request.body(()).expect("a request");
    let mut output = b"the request before".to_vec();
    write(&request, body, expect_continue, proxy, &mut output).map_err(|error| error.to_string())?;
    // All bytes of a header value that is not text become one character each.
    Ok(output.into_iter().map(char::from).collect())
}

fn written(request: Builder, body: u64, expect_continue: bool, proxy: Option<&Proxy>) -> String {
    try_write(request, body, expect_continue, proxy).expect("the request is valid")
}

fn plain(request: Builder) -> String {
    written(request, 0, false, None)
}

fn secret(value: &'static str) -> HeaderValue {
    let mut value = HeaderValue::from_static(value);
    value.set_sensitive(true);
    value
}

fn proxy(authorization: Option<HeaderValue>) -> Proxy {
    Proxy { host: "p.test".to_owned(), port: 80, authorization, tunnels_plain_http: false }
}

#[test]
fn a_head_has_what_framing_needs_and_all_headers() {
    let get = Request::get("http://h.test:81/a?b").header("authorization", secret("Login x")).header("accept", "y");
    assert_eq!(plain(get), "GET /a?b HTTP/1.1\r\nhost: h.test:81\r\nauthorization: Login x\r\naccept: y\r\n\r\n");
    let twice = Request::get("http://h.test/").header("x", "1").header("x", secret("2")).header("y", "");
    assert_eq!(plain(twice), "GET / HTTP/1.1\r\nhost: h.test\r\nx: 1\r\nx: 2\r\ny: \r\n\r\n");
    let post = Request::post("https://h.test/");
    assert_eq!(plain(post), "POST / HTTP/1.1\r\nhost: h.test\r\ncontent-length: 0\r\n\r\n");
    let delete = Request::delete("https://h.test/x");
    assert_eq!(
        written(delete, 7, true, None),
        "DELETE /x HTTP/1.1\r\nhost: h.test\r\ncontent-length: 7\r\nexpect: 100-continue\r\n\r\n"
    );
}

#[test]
fn a_length_is_sent_with_a_body_and_for_methods_that_usually_have_one() {
    for (method, empty) in [
        (Method::GET, false),
        (Method::HEAD, false),
        (Method::DELETE, false),
        (Method::OPTIONS, false),
        (Method::POST, true),
        (Method::PUT, true),
        (Method::PATCH, true),
    ] {
        let request = || Request::builder().method(method.clone()).uri("http://h.test/");
        assert_eq!(plain(request()).contains("content-length: 0\r\n"), empty, "{method}");
        for body in [1, 65_536, u64::MAX] {
            let head = written(request(), body, false, None);
            assert_eq!(head.matches(&format!("\r\ncontent-length: {body}\r\n")).count(), 1, "{head}");
            assert!(!head.contains("transfer-encoding"), "{head}");
        }
    }
}

#[test]
fn host_has_brackets_and_the_port_of_the_uri_but_no_login() {
    for (uri, host) in [
        ("http://h.test/", "h.test"),
        ("http://h.test:443/", "h.test:443"),
        ("https://h.test:80/", "h.test:80"),
        ("http://[::1]/", "[::1]"),
        ("https://[2001:db8::7]:8443/", "[2001:db8::7]:8443"),
        ("http://user:p@h.test:81/", "h.test:81"),
    ] {
        assert_eq!(plain(Request::get(uri)), format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n"), "{uri}");
    }
    let other = Request::get("http://h.test/").header("host", "virtual.test");
    assert_eq!(plain(other), "GET / HTTP/1.1\r\nhost: virtual.test\r\n\r\n", "the request's own is not doubled");
}

#[test]
fn a_path_begins_with_a_slash() {
    for (uri, path) in [("http://h.test", "/"), ("http://h.test?a=b", "/?a=b"), ("http://h.test/?", "/?")] {
        assert!(plain(Request::get(uri)).starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{uri}");
    }
}

#[test]
fn a_proxy_is_asked_for_a_uri_or_for_a_tunnel() {
    assert_eq!(
        written(Request::get("http://h.test:81/a"), 0, false, Some(&proxy(Some(secret("Login z"))))),
        "GET http://h.test:81/a HTTP/1.1\r\nhost: h.test:81\r\nproxy-authorization: Login z\r\n\r\n"
    );
    assert_eq!(
        written(Request::get("http://[::1]?b"), 0, false, Some(&proxy(None))),
        "GET http://[::1]/?b HTTP/1.1\r\nhost: [::1]\r\n\r\n"
    );
    for authority in ["h.test:443", "h.test:80", "[::1]:443"] {
        let tunnel = Request::connect(authority).header("proxy-authorization", secret("Login z"));
        assert_eq!(
            plain(tunnel),
            format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\nproxy-authorization: Login z\r\n\r\n")
        );
    }
}

/// Every byte in every part of a request is refused by the types of `http`, or leaves the lines as they are.
#[test]
fn nothing_in_a_request_can_add_a_line() {
    let lines = |head: &str| {
        let (rest, end) = head.split_at(head.len() - 4);
        assert_eq!(end, "\r\n\r\n");
        let lines: Vec<_> = rest.split("\r\n").map(str::to_owned).collect();
        assert!(lines.iter().all(|line| !line.contains(['\r', '\n', '\0'])), "{head:?}");
        lines
    };
    let mut accepted = [0; 5];
    for byte in 0..=u8::MAX {
        let bytes = [b'a', byte, b'b'];
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let head = plain(Request::get("http://h.test/").header("x", value));
            assert_eq!(lines(&head), ["GET / HTTP/1.1", "host: h.test", &format!("x: a{}b", char::from(byte))]);
            accepted[0] += 1;
        }
        if let Ok(name) = HeaderName::from_bytes(&bytes) {
            let head = plain(Request::get("http://h.test/").header(name.clone(), "v"));
            assert_eq!(lines(&head), ["GET / HTTP/1.1", "host: h.test", &format!("{name}: v")]);
            assert!(!name.as_str().contains([' ', ':']), "{name:?}");
            accepted[1] += 1;
        }
        if let Ok(method) = Method::from_bytes(&bytes) {
            let head = plain(Request::builder().method(method.clone()).uri("http://h.test/"));
            assert_eq!(lines(&head), [format!("{method} / HTTP/1.1"), "host: h.test".to_owned()]);
            assert!(!method.as_str().contains(' '), "{method:?}");
            accepted[2] += 1;
        }
        for (part, before, after) in [(3, "http://h.test/", ""), (4, "http://", "/")] {
            let uri = [before.as_bytes(), &bytes, after.as_bytes()].concat();
            if let Ok(uri) = Uri::try_from(&uri[..]) {
                for proxy in [None, Some(&proxy(None))] {
                    let head = written(Request::get(uri.clone()), 0, false, proxy);
                    let lines = lines(&head);
                    assert!(lines.len() == 2 && lines[0].split(' ').count() == 3, "{head:?}");
                    assert!(lines[1].split(' ').count() == 2, "{head:?}");
                }
                accepted[part] += 1;
            }
        }
    }
    assert!(accepted.iter().all(|accepted| *accepted > 40), "{accepted:?}");
}

#[test]
fn a_head_of_any_length_fits() {
    let path = format!("http://h.test/{}", "p".repeat(60_000));
    let head = written(Request::patch(path).header("x", "v".repeat(100_000)), u64::MAX, false, None);
    assert_eq!(
        head.len(),
        "PATCH / HTTP/1.1\r\nhost: h.test\r\n\r\n".len() + 160_005 + format!("content-length: {}\r\n", u64::MAX).len()
    );
}
