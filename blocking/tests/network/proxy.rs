//! Through a proxy: by a tunnel, whose maker sees neither the request nor the credentials; or by it, for plain HTTP.

use std::{net::TcpListener, thread, time::Duration};

use teamwire_blocking::{Client, Error, FaultKind, Timeout};

use crate::support::{ME, Request, Server, accept, as_is, config, fault, response};

const BACKEND: &str = "http://backend.invalid:81";

fn client_through(proxy: &Server) -> Client {
    let proxy = format!("http://us%65r:p%40ss@{}", proxy.address);
    teamwire_blocking::client(config(BACKEND).with_proxy(&proxy).expect("a proxy").with_tunnel_for_plain_http(true))
        .expect("a client")
}

fn assert_asks_for_a_tunnel(request: &Request) {
    assert_eq!(request.reads, 1, "in one piece");
    assert!(request.head.starts_with("CONNECT backend.invalid:81 HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("proxy-authorization"), ["Basic dXNlcjpwQHNz"]);
    assert_eq!(request.header("host"), ["backend.invalid:81"]);
    assert!(request.header("authorization").is_empty(), "the proxy has no business with it");
}

#[test]
fn requests_go_through_one_tunnel() {
    let proxy = Server::new(|listener| {
        let mut peer = accept(listener);
        assert_asks_for_a_tunnel(&peer.request());
        peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
        for _ in 0..3 {
            let request = peer.serve(200, ME);
            assert!(request.head.starts_with("GET /v1/me HTTP/1.1\r\n"), "{}", request.head);
            assert_eq!(request.header("authorization").len(), 1);
            assert!(request.header("proxy-authorization").is_empty());
        }
        peer.request();
    });
    let client = client_through(&proxy);
    for _ in 0..3 {
        client.contacts().me().expect("an answer");
    }
    let fault = fault(&client, as_is);
    assert_eq!((fault.kind, fault.sent, fault.reused), (FaultKind::Lost, true, true), "{fault}");
    proxy.done();
}

#[test]
fn what_fails_in_the_tunnel_is_as_without_one() {
    let proxy = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        peer.request();
    });
    let fault = fault(&client_through(&proxy), as_is);
    assert_eq!((fault.kind, fault.sent, fault.reused), (FaultKind::Lost, true, false), "{fault}");
    proxy.done();
}

#[test]
fn without_a_tunnel_nothing_of_the_request_is_sent() {
    for (answer, kind) in [
        ("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", FaultKind::Proxy),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nbody", FaultKind::Proxy),
        ("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", FaultKind::Proxy),
        ("HTTP/1.1 103 Hints\r\nx: y\r\n\r\nHTTP/1.1 407 No\r\n\r\n", FaultKind::Proxy),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", FaultKind::Connect),
        ("HTTP/1.1 200 OK\r\n\r\nmore", FaultKind::Connect),
        ("HTTP/1.1 20", FaultKind::Connect),
        ("SSH-2.0-OpenSSH_9.6\r\n", FaultKind::Connect),
        ("", FaultKind::Connect),
    ] {
        let proxy = Server::new(move |listener| {
            let mut peer = accept(listener);
            assert_asks_for_a_tunnel(&peer.request());
            peer.send(answer);
        });
        let fault = fault(&client_through(&proxy), as_is);
        assert_eq!((fault.kind, fault.sent, fault.reused), (kind, false, false), "{fault:?}");
        assert!(fault.to_string().contains("proxy"), "{fault}");
        for secret in ["p@ss", "p%40ss", "dXNlcjpwQHNz"] {
            assert!(!format!("{fault} {fault:?}").contains(secret), "{fault:?}");
        }
        proxy.done();
    }
}

#[test]
fn a_refusal_without_a_look_at_the_request_is_one() {
    let proxy = Server::new(|listener| {
        for _ in 0..10 {
            accept(listener).send("HTTP/1.1 403 Forbidden\r\n\r\n");
        }
    });
    let client = client_through(&proxy);
    for _ in 0..10 {
        let fault = fault(&client, as_is);
        assert_eq!((fault.kind, fault.sent), (FaultKind::Proxy, false), "{fault}");
    }
    proxy.done();
}

#[test]
fn a_proxy_that_nobody_runs_is_named_without_its_password() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    for host in [free.to_string(), format!("{}.invalid:3128", "a".repeat(64))] {
        let config = config(BACKEND).with_proxy(&format!("http://user:p%40ss@{host}")).expect("a proxy");
        let fault = fault(&teamwire_blocking::client(config).expect("a client"), as_is);
        assert!(matches!(fault.kind, FaultKind::Connect | FaultKind::Resolve), "{fault}");
        assert!(!fault.sent && fault.to_string().contains(&host), "{fault}");
        assert!(!fault.to_string().contains("p%40ss"), "{fault}");
    }
}

#[test]
fn a_proxy_with_an_address_of_version_six_works() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let address = listener.local_addr().expect("it is bound");
    let proxy = thread::spawn(move || {
        let mut peer = accept(&listener);
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        peer.serve(200, ME);
    });
    let config = config(BACKEND).with_proxy(&format!("http://{address}")).expect("a proxy");
    let config = config.with_tunnel_for_plain_http(true);
    response(&teamwire_blocking::client(config).expect("a client"), as_is);
    proxy.join().expect("the proxy got what it waits for");
}

#[test]
fn a_password_may_have_any_bytes() {
    let proxy = Server::new(|listener| {
        assert_eq!(accept(listener).serve(200, ME).header("proxy-authorization"), ["Basic dXNlcjr//g=="]);
    });
    let url = format!("http://user:%ff%fe@{}", proxy.address);
    response(&teamwire_blocking::client(config(BACKEND).with_proxy(&url).expect("a proxy")).expect("a client"), as_is);
    proxy.done();
}

#[test]
fn a_proxy_that_is_silent_is_given_up() {
    let proxy = Server::new(|listener| accept(listener).until_closed());
    let time = Duration::from_millis(100);
    let fault = fault(&client_through(&proxy), |exchange| exchange.timeout = Timeout::Total(time));
    assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, false), "{fault}");
    proxy.done();
}

#[test]
fn a_proxy_whose_head_has_no_end_is_given_up() {
    let proxy = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n");
        while peer.send("x: y\r\n") {}
    });
    let fault = fault(&client_through(&proxy), as_is);
    assert_eq!((fault.kind, fault.sent), (FaultKind::Connect, false), "{fault}");
    proxy.done();
}

fn client_by(proxy: &Server) -> Client {
    let proxy = format!("http://us%65r:p%40ss@{}", proxy.address);
    teamwire_blocking::client(config(BACKEND).with_proxy(&proxy).expect("a proxy")).expect("a client")
}

#[test]
fn plain_http_goes_to_the_proxy_with_its_whole_url() {
    let proxy = Server::new(|listener| {
        let mut peer = accept(listener);
        for _ in 0..2 {
            let request = peer.serve(200, ME);
            assert_eq!(request.reads, 1, "in one piece");
            assert!(request.head.starts_with("GET http://backend.invalid:81/v1/me HTTP/1.1\r\n"), "{}", request.head);
            assert_eq!(request.header("host"), ["backend.invalid:81"]);
            assert_eq!(request.header("proxy-authorization"), ["Basic dXNlcjpwQHNz"]);
            assert_eq!(request.header("authorization").len(), 1);
        }
    });
    let client = client_by(&proxy);
    for _ in 0..2 {
        response(&client, as_is);
    }
    proxy.done();
}

#[test]
fn a_login_that_the_proxy_refuses_is_not_blamed_on_the_server() {
    let proxy = Server::new(|listener| drop(accept(listener).serve(407, "no")));
    let error = client_by(&proxy).contacts().me().expect_err("a refusal");
    assert!(matches!(&error, Error::Connection(fault) if fault.kind == FaultKind::Proxy && !fault.sent), "{error:?}");
    assert!(error.to_string().contains("the proxy refused") && error.to_string().contains("407"), "{error}");
    proxy.done();
}
