//! TLS with certificates of a private CA: trusted servers, and the errors for others.

use std::{
    io::{Read, Write},
    sync::{LazyLock, mpsc},
    time::Duration,
};

use rustls::version::{TLS12, TLS13};
use teamwire_core::{
    Client,
    config::RetryPolicy,
    effect::{Body, Timeout, TransportErrorKind},
};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{
    Authority, Folder, LARGE, Server, ask, client, config, fault, file, me, perform, posting, response, unchanged,
    within,
};

pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("a private CA"));

/// A client of this URL that trusts only the private CA.
pub(crate) fn client_of<H: Harness>(url: &str) -> Client<H::X> {
    H::connect(config(url).with_root_certificates_pem(AUTHORITY.pem()))
}

#[executor_test(adapters)]
fn server_of_a_trusted_ca_is_accepted_and_its_connection_kept<H: Harness>() {
    for version in [&TLS12, &TLS13] {
        let server = Server::always_over_tls(AUTHORITY.server_of("localhost", version), me());
        let client = client_of::<H>(&server.https("localhost"));
        for _ in 0..5 {
            assert_eq!(ask::<H>(&client).expect("a response"), "Example");
        }
        assert_eq!(server.connections(), 1, "{version:?}");
    }
}

#[executor_test(adapters)]
fn check_of_an_untrusted_server_names_the_variable<H: Harness>() {
    let server = Server::always_over_tls(AUTHORITY.server("localhost"), me());
    let error = H::wait(H::connect(config(&server.https("localhost"))).check()).expect_err("it is not trusted");
    let text = error.to_string();
    assert!(text.contains("not signed by a trusted CA") && text.contains("TEAMWIRE_CA_FILE"), "{text}");
    assert!(H::wait(client_of::<H>(&server.https("localhost")).check()).is_ok(), "it is the same server");
}

#[executor_test(adapters)]
fn certificate_may_be_for_an_address<H: Harness>() {
    let server = Server::always_over_tls(AUTHORITY.server("127.0.0.1"), me());
    assert_eq!(ask::<H>(&client_of::<H>(&server.https("127.0.0.1"))).expect("a response"), "Example");
    let settings = AUTHORITY.server("::1");
    let server = Server::script_on_ipv6(move |listener| {
        let mut peer = listener.accept().secure(&settings);
        peer.request();
        peer.send(me());
    });
    // A machine without IPv6 has nothing more to test.
    let Some(server) = server else { return };
    assert_eq!(ask::<H>(&client_of::<H>(&server.https("[::1]"))).expect("a response"), "Example");
}

#[executor_test(adapters)]
fn untrusted_certificate_is_refused_with_the_reason<H: Harness>() {
    for (settings, words) in [
        (Authority::new("another CA").server("localhost"), "not signed by a trusted CA"),
        // A renewed CA has the name of the trusted one, but another key.
        (Authority::new("a private CA").server("localhost"), "not signed by a trusted CA"),
        (AUTHORITY.server("elsewhere.example"), "is for another name"),
        (AUTHORITY.expired("localhost"), "has expired"),
    ] {
        // If the name also has an IPv6 address, that address refuses the connection.
        let server = Server::always_over_tls(settings, me());
        let options = config(&server.https("localhost")).with_root_certificates_pem(AUTHORITY.pem());
        let client = H::connect(options.with_retry(RetryPolicy::default()));
        let fault = fault::<H>(&client, unchanged);
        assert_eq!((fault.kind, fault.sent, fault.reused), (TransportErrorKind::Tls, false, false), "{fault}");
        assert!(fault.to_string().contains(words), "{fault}");
        assert_eq!(server.connections(), 1);

        let error = ask::<H>(&client).expect_err("it is not trusted");
        assert!(!error.is_transient() && error.to_string().contains(words), "{error}");
        assert_eq!(server.connections(), 2, "a retry would not help");
    }
}

#[executor_test(adapters)]
fn untrusted_server_is_informed_of_the_reason<H: Harness>() {
    let (sender, reason) = mpsc::channel();
    let settings = Authority::new("another CA").server("localhost");
    let server = Server::script(move |listener| {
        let error = listener.accept().secure(&settings).handshake().expect_err("the client refuses");
        sender.send(error).expect("the test waits");
    });
    let client = client_of::<H>(&server.https("localhost"));
    assert_eq!(fault::<H>(&client, unchanged).kind, TransportErrorKind::Tls);
    let reason = reason.recv().expect("an error");
    assert!(reason.contains("UnknownCA"), "{reason}");
}

#[executor_test(adapters)]
fn server_without_tls_is_reported_as_such<H: Harness>() {
    for waits in [true, false] {
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            if waits {
                assert!(peer.stream.read(&mut [0; 4096]).expect("the client begins") > 0);
            }
            peer.send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
            peer.wait_for_end();
        });
        let fault = fault::<H>(&client_of::<H>(&server.https("localhost")), unchanged);
        assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Tls, false), "{fault}");
        assert!(fault.to_string().contains("does not speak TLS"), "{fault}");
    }
}

#[executor_test(adapters)]
fn plain_http_to_a_server_with_tls_is_a_failure<H: Harness>() {
    let settings = AUTHORITY.server("localhost");
    let server = Server::script(move |listener| {
        listener.accept().secure(&settings).handshake().expect_err("it is not TLS");
    });
    let fault = fault::<H>(&client::<H>(&server), unchanged);
    assert!(
        fault.sent && matches!(fault.kind, TransportErrorKind::Protocol | TransportErrorKind::Disconnected),
        "{fault:?}"
    );
}

#[executor_test(adapters)]
fn broken_handshake_is_a_failure_to_connect<H: Harness>() {
    for waits in [true, false] {
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            if waits {
                assert!(peer.stream.read(&mut [0; 4096]).expect("the client begins") > 0);
            }
        });
        let fault = fault::<H>(&client_of::<H>(&server.https("localhost")), unchanged);
        assert_eq!((fault.kind, fault.sent, fault.reused), (TransportErrorKind::Connect, false, false), "{fault:?}");
        assert!(fault.to_string().contains("TLS handshake"), "{fault}");
    }
}

#[executor_test(adapters)]
fn handshake_is_limited_by_either_kind_of_timeout<H: Harness>() {
    let limit = Duration::from_millis(300);
    for timeout in [Timeout::Total(limit), Timeout::Idle(limit)] {
        let server = Server::script(|listener| listener.accept().wait_for_end());
        let fault = fault::<H>(&client_of::<H>(&server.https("localhost")), within(timeout));
        assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Timeout, false), "{fault:?}");
        assert!(fault.to_string().contains("300ms"), "{fault}");
    }
}

#[executor_test(adapters)]
fn required_client_certificate_is_reported_and_nothing_sent<H: Harness>() {
    let folder = Folder::new();
    let path = folder.file("file", vec![b'x'; LARGE]);
    for (version, closes) in [(&TLS12, false), (&TLS12, true), (&TLS13, false), (&TLS13, true)] {
        let settings = AUTHORITY.demanding("localhost", version);
        let server = Server::each(move |_, peer| {
            let mut peer = peer.secure(&settings);
            // This sends the alert.
            let error = peer.handshake().expect_err("the client has no certificate");
            assert!(error.contains("certificate"), "{error}");
            let socket = &mut peer.stream.sock;
            if !closes {
                socket.shutdown(std::net::Shutdown::Write).expect("it is open");
                let mut rest = vec![0; 64 << 10];
                while socket.read(&mut rest).is_ok_and(|bytes| bytes > 0) {}
            }
            // Unread bytes of the request would turn the end into a reset.
        });
        let options = config(&server.https("localhost")).with_root_certificates_pem(AUTHORITY.pem());
        let client = H::connect(options.with_retry(RetryPolicy::default()));
        let bodies = [0, 10, LARGE].map(|length| Body::from(vec![b'x'; length]));
        for body in bodies.into_iter().chain([file(&path, LARGE)]) {
            let fault = perform::<H>(&client, posting(body)).expect_err("the client has no certificate");
            let expected = (TransportErrorKind::ClientCertificate, false, false);
            assert_eq!((fault.kind, fault.sent, fault.reused), expected, "{version:?}: {fault:?}");
        }
        let before = server.connections();
        let error = ask::<H>(&client).expect_err("the client has no certificate");
        assert!(!error.is_transient() && error.to_string().contains("client certificate"), "{error}");
        assert_eq!(server.connections(), before + 1, "a retry would not help");
    }
}

#[executor_test(adapters)]
fn large_bodies_pass_in_both_directions<H: Harness>() {
    let settings = AUTHORITY.server("localhost");
    let server = Server::script(move |listener| {
        let mut peer = listener.accept().secure(&settings);
        for _ in 0..2 {
            let body = peer.request().body;
            peer.send(
                [format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes(), body].concat(),
            );
        }
        peer.stream.flush().expect("the client reads");
    });
    let client = client_of::<H>(&server.https("localhost"));
    let body = crate::support::pattern(3_000_000);
    for _ in 0..2 {
        assert!(response::<H>(&client, posting(Body::from(body.clone()))).body() == &body);
    }
}

#[test]
fn unusable_root_certificates_are_refused_by_every_adapter() {
    let options = || config("https://localhost").with_root_certificates_pem("no PEM");
    for error in [
        teamwire_blocking::client(options()).expect_err("it is not a certificate"),
        teamwire_async_std::client(options()).expect_err("it is not a certificate"),
    ] {
        assert!(error.to_string().contains("root certificates"), "{error}");
    }
}
