//! Through a proxy: by a tunnel, whose maker sees neither the request nor the credentials.

use std::{net::TcpListener, thread};

use teamwire_blocking::{Client, FaultKind, connect};

use crate::support::{ME, Request, Server, accept, as_is, config, fault, response};

const BACKEND: &str = "http://backend.invalid:81";

fn client_through(proxy: &Server) -> Client {
    let proxy = format!("http://us%65r:p%40ss@{}", proxy.address);
    connect(config(BACKEND).with_proxy(&proxy).expect("a proxy")).expect("a client")
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
        ("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", FaultKind::Connect),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", FaultKind::Connect),
        ("SSH-2.0-OpenSSH_9.6\r\n", FaultKind::Protocol),
        ("", FaultKind::Connect),
    ] {
        let proxy = Server::new(move |listener| {
            let mut peer = accept(listener);
            assert_asks_for_a_tunnel(&peer.request());
            peer.send(answer);
        });
        let fault = fault(&client_through(&proxy), as_is);
        assert_eq!((fault.kind, fault.sent, fault.reused), (kind, false, false), "{fault:?}");
        for secret in ["p@ss", "p%40ss", "dXNlcjpwQHNz"] {
            assert!(!format!("{fault} {fault:?}").contains(secret), "{fault:?}");
        }
        proxy.done();
    }
}

#[test]
fn a_proxy_that_nobody_runs_is_named_without_its_password() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    for host in [free.to_string(), format!("{}.invalid:3128", "a".repeat(64))] {
        let config = config(BACKEND).with_proxy(&format!("http://user:p%40ss@{host}")).expect("a proxy");
        let fault = fault(&connect(config).expect("a client"), as_is);
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
    response(&connect(config).expect("a client"), as_is);
    proxy.join().expect("the proxy got what it waits for");
}

#[test]
fn a_user_name_that_is_no_text_is_refused_without_being_repeated() {
    let config = config(BACKEND).with_proxy("http://user:%ff%fe@127.0.0.1:1").expect("a URL");
    let error = connect(config).expect_err("no text");
    assert!(error.to_string().contains("proxy") && !error.to_string().contains("%ff"), "{error}");
}
