//! No other website reaches the page: the table of `Host`, `Origin` and `Sec-Fetch-Site`, by raw sockets.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::json;
use teamwire_sandbox::Sandbox;

use crate::client::{Api, exchange};

/// Sends a request with exactly these lines and returns its status.
fn status(address: SocketAddr, lines: &[&str]) -> u16 {
    let head =
        format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n").replace("PORT", &address.port().to_string()));
    exchange(address, head.as_bytes()).unwrap_or_else(|error| panic!("{head}: {error}")).status().as_u16()
}

const WORLD: &str = "GET /sandbox/api/world HTTP/1.1";

#[test]
fn host_is_compared_whole() {
    let api = Api::start();
    for host in ["127.0.0.1:PORT", "localhost:PORT", "LOCALHOST:PORT", "[::1]:PORT"] {
        assert_eq!(status(api.address(), &[WORLD, &format!("Host: {host}")]), 200, "{host}");
    }
    let others = [
        "evil.example:PORT",
        "localhost.evil.example:PORT",
        "127.0.0.1.evil.example:PORT",
        "evil-localhost:PORT",
        "localhost:PORT.evil.example",
        "localhost",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:1PORT",
        "127.0.0.1:0PORT",
        "127.0.0.2:PORT",
        "0.0.0.0:PORT",
        "192.0.2.1:PORT",
        "127.1:PORT",
        "2130706433:PORT",
        "0x7f000001:PORT",
        "localhost.:PORT",
        "user@localhost:PORT",
        "localhost:PORT@evil.example",
        "[::ffff:127.0.0.1]:PORT",
        "",
        "localhost:PORT,localhost:PORT",
        "localhost%00:PORT",
        "%6cocalhost:PORT",
    ];
    for route in [WORLD, "GET / HTTP/1.1", "GET /sandbox/api/events HTTP/1.1", "GET /nothing HTTP/1.1"] {
        for host in others {
            assert_eq!(status(api.address(), &[route, &format!("Host: {host}")]), 421, "{route} {host}");
        }
    }
}

#[test]
fn host_is_given_once_and_not_by_the_target() {
    let api = Api::start();
    assert_eq!(status(api.address(), &["GET /sandbox/api/world HTTP/1.0"]), 421);
    for other in ["localhost:PORT", "evil.example"] {
        assert_eq!(status(api.address(), &[WORLD, "Host: localhost:PORT", &format!("Host: {other}")]), 421);
    }
    for target in ["http://localhost:PORT/sandbox/api/world", "http://evil.example/sandbox/api/world"] {
        let line = format!("GET {target} HTTP/1.1");
        assert_eq!(status(api.address(), &[&line, "Host: localhost:PORT"]), 421, "{target}");
    }
}

#[test]
fn origin_is_that_of_the_page() {
    let api = Api::start();
    let with = |origin: &str| status(api.address(), &[WORLD, "Host: localhost:PORT", &format!("Origin: {origin}")]);
    assert_eq!(with("http://localhost:PORT"), 200);
    let others = [
        "null",
        "http://localhost",
        "https://localhost:PORT",
        "http://127.0.0.1:PORT",
        "http://localhost:1PORT",
        "http://localhost:PORT.evil.example",
        "http://localhost:PORT/",
        "http://evil.example",
        "http://evil.example?http://localhost:PORT",
        "http://xlocalhost:PORT",
        "",
        "localhost:PORT",
        "http://localhost:PORT http://localhost:PORT",
    ];
    for origin in others {
        assert_eq!(with(origin), 403, "{origin}");
    }
    let twice = [WORLD, "Host: localhost:PORT", "Origin: http://localhost:PORT", "Origin: http://localhost:PORT"];
    assert_eq!(status(api.address(), &twice), 403);
}

#[test]
fn other_sites_may_only_lead_to_the_page() {
    let api = Api::start();
    let with = |line: &str, headers: &[&str]| {
        let lines = [&[line, "Host: localhost:PORT"], headers].concat();
        status(api.address(), &lines)
    };
    let (page, script, file) = ("GET / HTTP/1.1", "GET /app.js HTTP/1.1", "GET /sandbox/api/key HTTP/1.1");
    let navigation = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    assert_eq!(with(page, &navigation), 200);
    for site in ["cross-site", "same-site", "", "same-origin, cross-site"] {
        let site = format!("Sec-Fetch-Site: {site}");
        for line in [page, script, file, WORLD, "GET /sandbox/api/events HTTP/1.1", "GET /nothing HTTP/1.1"] {
            assert_eq!(with(line, &[&site]), 403, "{line} {site}");
        }
        for line in [script, file, WORLD] {
            assert_eq!(with(line, &[&site, navigation[1], navigation[2]]), 403, "{line} {site}");
        }
    }
    // Neither a frame nor another spelling of the path is a navigation to the page.
    assert_eq!(with(page, &[navigation[0], navigation[1], "Sec-Fetch-Dest: iframe"]), 403);
    assert_eq!(with("GET /%2e HTTP/1.1", &navigation), 403);
    assert_eq!(with("GET /?/sandbox/api/key HTTP/1.1", &navigation), 200);
    assert_eq!(with("GET /%2e%2e/sandbox/api/key HTTP/1.1", &navigation), 403);
    assert_eq!(with(file, &["Sec-Fetch-Site: none"]), 200);
    assert_eq!(with(file, &["Sec-Fetch-Site: same-origin"]), 200);
    let change = ["Content-Type: application/json", "Content-Length: 0"];
    let hold = "POST /sandbox/api/clock/hold HTTP/1.1";
    assert_eq!(with(hold, &[change[0], change[1], "Sec-Fetch-Site: same-origin"]), 200);
    assert_eq!(with(hold, &[change[0], change[1], "Sec-Fetch-Site: none"]), 403);
    assert_eq!(with(hold, &[change[0], change[1], navigation[0], navigation[1], navigation[2]]), 403);
    assert_eq!(with("OPTIONS /sandbox/api/world HTTP/1.1", &["Sec-Fetch-Site: same-origin"]), 403);
}

#[test]
fn change_needs_a_media_type_that_no_form_has() {
    let api = Api::start();
    let types =
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/plain;application/json"];
    for media_type in types {
        let response = api.send("POST", "/clock/hold", &[("content-type", media_type)], b"");
        assert_eq!(response.status(), 415, "{media_type}");
    }
    assert_eq!(api.send("POST", "/clock/hold", &[], b"").status(), 415);
    let twice = [("content-type", "application/json"), ("content-type", "text/plain")];
    assert_eq!(api.send("POST", "/clock/hold", &twice, b"").status(), 415);
    let upload = "/people/u-anna/assets?file_name=a&media_type=a/b";
    for media_type in ["text/plain", "application/json"] {
        assert_eq!(api.send("POST", upload, &[("content-type", media_type)], b"x").status(), 415);
    }
    assert_eq!(api.get("/clock")["is_held"], false);
    api.change("POST", "/clock/hold", &json!(null), 200);
}

#[test]
fn every_response_has_the_headers_of_security() {
    let api = Api::start();
    let names = [
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-resource-policy",
        "cross-origin-opener-policy",
        "cache-control",
        "permissions-policy",
        "content-security-policy",
    ];
    for target in ["/", "/sandbox/api/world", "/sandbox/api/key", "/nothing", "/sandbox/api/people/x/assets/y"] {
        for host in ["localhost:PORT", "evil.example"] {
            let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let head = head.replace("PORT", &api.address().port().to_string());
            let response = exchange(api.address(), head.as_bytes()).expect("it responds");
            for name in names {
                assert!(response.headers().contains_key(name), "{target} {host}: {name}");
            }
            assert!(!response.headers().keys().any(|name| name.as_str().starts_with("access-control")));
            let policy = response.headers()["content-security-policy"].to_str().expect("it is text");
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
            if target == "/" && host != "evil.example" {
                assert!(policy.contains("require-trusted-types-for 'script'"), "{policy}");
            } else {
                assert!(policy.starts_with("sandbox;"), "{policy}");
            }
        }
    }
}

#[test]
fn names_and_addresses_are_allowed_on_request() {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let refused = Sandbox::builder().page(any).start();
    assert!(refused.is_err(), "the page stays on loopback by default");
    let sandbox =
        Sandbox::builder().page(any).page_host("sandbox.test").allow_remote().start().expect("a port is free");
    let address = sandbox.page_address().expect("it has a page");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()));
    for host in ["192.0.2.7:PORT", "[2001:db8::7]:PORT", "sandbox.test:PORT", "localhost:PORT"] {
        assert_eq!(status(address, &[WORLD, &format!("Host: {host}")]), 200, "{host}");
    }
    for host in ["evil.test:PORT", "sandbox.test.evil.test:PORT", "192.0.2.7", "192.0.2.7.evil.test:PORT"] {
        assert_eq!(status(address, &[WORLD, &format!("Host: {host}")]), 421, "{host}");
    }
}

#[test]
fn port_of_the_bot_names_the_page_and_serves_nothing_of_it() {
    let api = Api::start();
    let bot = api.sandbox.address();
    let hint = exchange(bot, b"GET /sandbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("it responds");
    let text = String::from_utf8_lossy(hint.body()).into_owned();
    assert_eq!(hint.status(), 200);
    assert_eq!(text, format!("The page of this sandbox is at {}\n", api.sandbox.page_url().expect("it has a page")));
    for target in ["/sandbox/api/world", "/sandbox/api/key", "/app.js", "/sandbox/"] {
        let (status, _) = api.bot("GET", target, &[], &json!(null));
        assert_eq!(status, 404, "{target}");
    }
    // Only requests of bots are counted.
    assert_eq!(api.sandbox.transcript().len(), 4);
    let without = Sandbox::start().expect("a port is free");
    let head = b"GET /sandbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(exchange(without.address(), head).expect("it responds").status(), 401);
}
