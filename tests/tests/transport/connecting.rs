//! Unresolvable host names, and addresses without a server.

use teamwire_core::{ErrorKind, effect::TransportErrorKind};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{Server, ask, config, fault, me, refusing_address, unchanged};

#[executor_test(transports)]
fn host_without_an_address_is_named<H: Harness>() {
    // A label this long is invalid, so no name server is queried.
    let host = format!("{}.invalid", "a".repeat(64));
    let client = H::connect(config(&format!("http://{host}:81")));
    let fault = fault::<H>(&client, unchanged);
    assert_eq!((fault.kind, fault.sent, fault.reused), (TransportErrorKind::Resolve, false, false), "{fault}");
    assert!(fault.to_string().contains(&host), "{fault}");
}

#[executor_test(transports)]
fn refused_connection_names_the_address<H: Harness>() {
    let (address, _kept) = refusing_address();
    let client = H::connect(config(&format!("http://{address}")));
    let fault = fault::<H>(&client, unchanged);
    assert_eq!((fault.kind, fault.sent, fault.reused), (TransportErrorKind::Connect, false, false), "{fault}");
    assert!(fault.to_string().contains(&address.to_string()), "{fault}");
    let error = ask::<H>(&client).expect_err("no server listens");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, false));
    let text = format!("{error:#}");
    for fact in ["could not connect", &address.to_string(), "refused"] {
        assert_eq!(text.matches(fact).count(), 1, "{fact} in {text}");
    }
}

#[executor_test(transports)]
fn refused_connection_to_a_host_with_a_name_has_both<H: Harness>() {
    let (address, _kept) = refusing_address();
    let client = H::connect(config(&format!("http://localhost:{}", address.port())));
    let text = format!("{:#}", ask::<H>(&client).expect_err("no server listens"));
    for fact in ["could not connect", &address.to_string()] {
        assert_eq!(text.matches(fact).count(), 1, "{fact} in {text}");
    }
}

#[executor_test(transports)]
fn host_name_is_resolved<H: Harness>() {
    let server = Server::always(me());
    // The server listens only on 127.0.0.1. If the name also resolves to ::1, that address refuses the connection.
    let client = H::connect(config(&format!("http://localhost:{}", server.address.port())));
    for _ in 0..2 {
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    }
    assert_eq!(server.connections(), 1);
}

#[executor_test(transports)]
fn ipv6_address_is_an_address<H: Harness>() {
    let server = Server::script_on_ipv6(|listener| {
        let mut peer = listener.accept();
        for _ in 0..2 {
            let request = peer.request();
            assert!(request.header("host").is_some_and(|host| host.starts_with("[::1]:")), "{request:?}");
            peer.send(me());
        }
    });
    // A machine without IPv6 has nothing to test.
    let Some(server) = server else { return };
    let client = H::connect(config(&server.url()));
    for _ in 0..2 {
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    }
}
