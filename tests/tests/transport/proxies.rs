//! Requests through a proxy: by a tunnel, in which the proxy sees neither the request nor its credentials, or forwarded
//! by the proxy, for plain HTTP.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::Duration,
};

use rustls::version::TLS13;
use teamwire_core::{
    Client, Config,
    config::RetryPolicy,
    effect::{Body, Timeout, TransportErrorKind},
    error::Cause,
};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{
    Authority, Server, ask, config, fault, http_response, me, posting, refusing_address, response, unchanged, within,
};
use teamwire_test_support::Request;

const BACKEND: &str = "http://backend.invalid:81";
/// The encoding of `user:p@ss` in the header.
const AUTHORIZATION: &str = "Basic dXNlcjpwQHNz";
/// All forms of the password.
const PASSWORDS: [&str; 3] = ["p@ss", "p%40ss", "dXNlcjpwQHNz"];

/// A client that uses this proxy.
fn client_by<H: Harness>(proxy: &Server, config: Config) -> Client<H::X> {
    let url = format!("http://us%65r:p%40ss@{}", proxy.address);
    H::connect(config.with_proxy(&url).expect("it is the URL of a proxy"))
}

/// A client that also tunnels requests in plain HTTP.
fn client_through<H: Harness>(proxy: &Server) -> Client<H::X> {
    client_by::<H>(proxy, config(BACKEND).with_tunnel_for_plain_http(true))
}

fn assert_requests_a_tunnel(request: &Request) {
    assert_eq!(request.reads, 1, "in one piece");
    assert_eq!(request.line(), "CONNECT backend.invalid:81 HTTP/1.1");
    assert_eq!(request.headers("proxy-authorization"), [AUTHORIZATION]);
    assert_eq!(request.headers("host"), ["backend.invalid:81"]);
    assert_eq!(request.header("authorization"), None, "that is for the server alone");
}

fn assert_no_password(shown: &str) {
    for secret in PASSWORDS {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[executor_test(adapters)]
fn requests_share_one_tunnel<H: Harness>() {
    let proxy = Server::script(|listener| {
        let mut peer = listener.accept();
        assert_requests_a_tunnel(&peer.request());
        peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
        for _ in 0..3 {
            let request = peer.request();
            assert_eq!(request.line(), "GET /v1/me HTTP/1.1");
            assert_eq!(request.headers("authorization").len(), 1);
            assert_eq!(request.header("proxy-authorization"), None, "that is for the proxy alone");
            peer.send(me());
        }
        peer.request();
    });
    let client = client_through::<H>(&proxy);
    for _ in 0..3 {
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    }
    let fault = fault::<H>(&client, unchanged);
    assert_eq!((fault.kind, fault.sent, fault.reused), (TransportErrorKind::Disconnected, true, true), "{fault}");
}

/// RFC 9110, section 9.3.6.
#[executor_test(adapters)]
fn fields_about_the_body_of_an_opened_tunnel_are_ignored<H: Harness>() {
    for head in [
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: identity, gzip",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6",
        "HTTP/1.1 204 OK\r\ncontent-length: x",
    ] {
        let proxy = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.request();
            peer.send(format!("{head}\r\n\r\n"));
            peer.request();
            peer.send(me());
        });
        assert_eq!(ask::<H>(&client_through::<H>(&proxy)).expect(head), "Example");
    }
}

#[executor_test(adapters)]
fn loss_in_the_tunnel_is_a_loss<H: Harness>() {
    let proxy = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        peer.request();
    });
    let fault = fault::<H>(&client_through::<H>(&proxy), unchanged);
    assert_eq!((fault.kind, fault.sent, fault.reused), (TransportErrorKind::Disconnected, true, false), "{fault}");
}

#[executor_test(adapters)]
fn without_a_tunnel_nothing_of_the_request_is_sent<H: Harness>() {
    for (response, kind) in [
        ("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", TransportErrorKind::Proxy),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nbody", TransportErrorKind::Proxy),
        ("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", TransportErrorKind::Proxy),
        ("HTTP/1.1 103 Hints\r\nx: y\r\n\r\nHTTP/1.1 407 No\r\n\r\n", TransportErrorKind::Proxy),
        ("\r\n\r\nHTTP/1.1 407 No\r\n\r\n", TransportErrorKind::Proxy),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", TransportErrorKind::Connect),
        ("HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n", TransportErrorKind::Connect),
        ("HTTP/1.1 200 OK\r\n\r\nmore", TransportErrorKind::Connect),
        ("HTTP/1.1 20", TransportErrorKind::Connect),
        ("SSH-2.0-OpenSSH_9.6\r\n", TransportErrorKind::Connect),
        ("", TransportErrorKind::Connect),
    ] {
        for url in [BACKEND, "https://backend.invalid:81"] {
            let proxy = Server::script(move |listener| {
                let mut peer = listener.accept();
                assert_requests_a_tunnel(&peer.request());
                peer.send(response);
            });
            let client = client_by::<H>(&proxy, config(url).with_tunnel_for_plain_http(true));
            let fault = fault::<H>(&client, unchanged);
            assert_eq!((fault.kind, fault.sent, fault.reused), (kind, false, false), "{response:?}: {fault:?}");
            assert!(fault.to_string().contains("proxy"), "{fault}");
            assert_no_password(&format!("{fault} {fault:?}"));
        }
    }
}

#[executor_test(adapters)]
fn refusal_is_one_though_the_request_is_not_read<H: Harness>() {
    let proxy = Server::script(|listener| {
        for _ in 0..10 {
            listener.accept().send("HTTP/1.1 403 Forbidden\r\n\r\n");
        }
    });
    let client = client_through::<H>(&proxy);
    for _ in 0..10 {
        let fault = fault::<H>(&client, unchanged);
        assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Proxy, false), "{fault}");
    }
}

#[executor_test(adapters)]
fn refused_tunnel_is_not_requested_again<H: Harness>() {
    for status in [401, 403, 407] {
        let proxy = Server::each(move |_, mut peer| {
            peer.request();
            peer.respond(status, "no");
        });
        let client = client_by::<H>(&proxy, config("https://backend.invalid:81").with_retry(RetryPolicy::default()));
        let error = ask::<H>(&client).expect_err("the proxy refuses");
        assert!(!error.is_transient() && error.to_string().contains(&status.to_string()), "{error}");
        assert_eq!(proxy.connections(), 1);
        assert_no_password(&format!("{error:?} {error}"));
    }
}

#[executor_test(adapters)]
fn unreachable_proxy_is_named_without_its_password<H: Harness>() {
    let (address, _kept) = refusing_address();
    for host in [address.to_string(), format!("{}.invalid:3128", "a".repeat(64))] {
        for url in [BACKEND, "https://backend.invalid"] {
            let config = config(url).with_proxy(&format!("http://user:p%40ss@{host}")).expect("it is a URL");
            let fault = fault::<H>(&H::connect(config), unchanged);
            assert!(matches!(fault.kind, TransportErrorKind::Connect | TransportErrorKind::Resolve), "{fault}");
            let name = host.trim_end_matches(":3128");
            assert!(!fault.sent && fault.to_string().contains(name), "{fault}");
            assert!(fault.to_string().contains("proxy"), "{fault}");
            assert_no_password(&format!("{fault} {fault:?}"));
        }
    }
}

#[executor_test(adapters)]
fn proxy_may_have_an_ipv6_address<H: Harness>() {
    let proxy = Server::script_on_ipv6(|listener| {
        let mut peer = listener.accept();
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        peer.serve(200, "{}");
    });
    // A machine without IPv6 has nothing to test.
    let Some(proxy) = proxy else { return };
    response::<H>(&client_through::<H>(&proxy), unchanged);
}

#[executor_test(adapters)]
fn password_may_have_any_bytes<H: Harness>() {
    let proxy = Server::script(|listener| {
        let request = listener.accept().serve(200, "{}");
        assert_eq!(request.headers("proxy-authorization"), ["Basic dXNlcjr//g=="]);
    });
    let url = format!("http://user:%ff%fe@{}", proxy.address);
    response::<H>(&H::connect(config(BACKEND).with_proxy(&url).expect("it is a URL")), unchanged);
}

#[executor_test(adapters)]
fn silent_proxy_ends_with_a_timeout<H: Harness>() {
    let proxy = Server::script(|listener| listener.accept().wait_for_end());
    let fault = fault::<H>(&client_through::<H>(&proxy), within(Timeout::Total(Duration::from_millis(500))));
    assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Timeout, false), "{fault}");
}

#[executor_test(adapters)]
fn proxy_whose_head_has_no_end_is_refused<H: Harness>() {
    let proxy = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n");
        while peer.send("x: y\r\n") {}
    });
    let fault = fault::<H>(&client_through::<H>(&proxy), unchanged);
    assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Connect, false), "{fault}");
}

#[executor_test(adapters)]
fn plain_http_is_sent_to_the_proxy_with_its_whole_url<H: Harness>() {
    let proxy = Server::script(|listener| {
        let mut peer = listener.accept();
        for _ in 0..3 {
            let request = peer.request();
            assert_eq!(request.reads, 1, "in one piece");
            assert_eq!(request.line(), "GET http://backend.invalid:81/v1/me HTTP/1.1");
            assert_eq!(request.headers("host"), ["backend.invalid:81"]);
            assert_eq!(request.headers("proxy-authorization"), [AUTHORIZATION]);
            assert_eq!(request.headers("authorization").len(), 1);
            peer.send(me());
        }
    });
    let client = client_by::<H>(&proxy, config(BACKEND));
    for _ in 0..3 {
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    }
}

#[executor_test(adapters)]
fn refused_login_is_attributed_to_the_proxy<H: Harness>() {
    let proxy = Server::always(http_response(407, "no"));
    let client = client_by::<H>(&proxy, config(BACKEND).with_retry(RetryPolicy::default()));
    let error = ask::<H>(&client).expect_err("the proxy refuses");
    assert!(
        matches!(error.cause(), Cause::Transport(fault) if fault.kind == TransportErrorKind::Proxy && !fault.sent),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("the proxy rejected the request") && error.to_string().contains("407"),
        "{error}"
    );
    assert_no_password(&format!("{client:?} {error} {error:?}"));
}

/// Forwards bytes in one direction, until the end.
fn relay(from: &mut TcpStream, to: &mut TcpStream) {
    let mut some = [0; 16384];
    while let Ok(bytes @ 1..) = from.read(&mut some) {
        if to.write_all(&some[..bytes]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

#[executor_test(adapters)]
fn https_takes_a_tunnel_to_its_server<H: Harness>() {
    let authority = Authority::new("a private CA");
    let settings = authority.server("backend.invalid");
    let server = Server::each(move |_, peer| {
        let mut peer = peer.secure(&settings);
        while let Some(request) = peer.try_request() {
            assert_eq!(request.header("proxy-authorization"), None, "that is for the proxy alone");
            assert_eq!(request.line(), "GET /v1/me HTTP/1.1");
            peer.send(me());
        }
    });
    let address = server.address;
    let proxy = Server::each(move |_, mut peer| {
        let request = peer.head();
        assert_eq!(request.line(), "CONNECT backend.invalid:443 HTTP/1.1");
        assert_eq!(request.header("host"), Some("backend.invalid:443"));
        peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
        let (mut client, mut server) = (peer.stream, TcpStream::connect(address).expect("the server listens"));
        let mut ends = (server.try_clone().expect("it is open"), client.try_clone().expect("it is open"));
        let responses = thread::spawn(move || relay(&mut ends.0, &mut ends.1));
        relay(&mut client, &mut server);
        responses.join().expect("a relay does not panic");
    });
    let client = client_by::<H>(&proxy, config("https://backend.invalid").with_root_certificates_pem(authority.pem()));
    for _ in 0..3 {
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    }
    drop(client);
    assert_eq!((proxy.connections(), server.connections()), (1, 1));
}

/// The alert arrives behind the response of the proxy.
#[executor_test(adapters)]
fn client_certificate_that_is_required_in_a_tunnel_is_reported<H: Harness>() {
    let authority = Authority::new("a private CA");
    let settings = authority.demanding("backend.invalid", &TLS13);
    let proxy = Server::each(move |_, mut peer| {
        peer.head();
        peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
        let mut peer = peer.secure(&settings);
        peer.handshake().expect_err("the client has no certificate");
        let socket = &mut peer.stream.sock;
        socket.shutdown(Shutdown::Write).expect("it is open");
        // Unread bytes of the request would turn the end into a reset.
        while socket.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0) {}
    });
    let client = client_by::<H>(&proxy, config("https://backend.invalid").with_root_certificates_pem(authority.pem()));
    let fault = fault::<H>(&client, posting(Body::from(b"hello".to_vec())));
    let expected = (TransportErrorKind::ClientCertificate, false, false);
    assert_eq!((fault.kind, fault.sent, fault.reused), expected, "{fault:?}");
}

#[executor_test(adapters)]
fn tunnel_and_handshake_share_their_time<H: Harness>() {
    let proxy = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.request();
        // The test depends on this pace.
        thread::sleep(Duration::from_millis(2_400));
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        peer.wait_for_end();
    });
    let config = config("https://backend.invalid").with_proxy(&proxy.url()).expect("it is a URL");
    let begun = std::time::Instant::now();
    let fault = fault::<H>(&H::connect(config), within(Timeout::Total(Duration::from_secs(3))));
    assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Timeout, false), "{fault:?}");
    // If the timeout started again for the handshake, it would be 5.4 s.
    assert!(begun.elapsed() < Duration::from_millis(4_800), "{:?}", begun.elapsed());
}
