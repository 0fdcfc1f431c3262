//! What is said of an exchange that failed: how far it came.

use std::net::TcpListener;

use teamwire_async_std::{ErrorKind, FaultKind};

use crate::support::{Probe, Server, always, ask, config, fault, me};

#[test]
fn where_nobody_listens_nothing_was_sent() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    let client = teamwire_async_std::client(config(&format!("http://{free}"))).expect("options that work");
    let fault = fault(&client);
    assert_eq!((fault.kind, fault.sent, fault.reused), (FaultKind::Connect, false, false));
    assert!(fault.to_string().contains(&free.to_string()), "{fault}");
    assert_eq!(ask(&client).expect_err("nobody listens").kind(), ErrorKind::Connection);
}

#[test]
fn a_host_without_address_is_a_fault_of_its_own() {
    let probe = Probe::default();
    let client = probe.client(config("https://teamwire.invalid"));
    let fault = fault(&client);
    assert_eq!((fault.kind, fault.sent), (FaultKind::Resolve, false));
    assert!(fault.to_string().contains("teamwire.invalid: nobody knows that name"), "{fault}");
}

#[test]
fn hosts_are_looked_up_for_new_connections_only() {
    let server = always(me());
    let probe = Probe { addresses: vec![server.address], ..Probe::default() };
    let client = probe.client(config(&format!("http://localhost:{}", server.address.port())));
    for _ in 0..3 {
        ask(&client).expect("an answer");
    }
    assert_eq!(probe.look_ups.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert_eq!(server.connections(), 1);

    let literal = probe.client(config(&server.url()));
    ask(&literal).expect("an answer");
    assert_eq!(probe.look_ups.load(std::sync::atomic::Ordering::SeqCst), 1, "an address needs no look-up");
}

#[test]
fn a_server_that_hangs_up_instead_of_answering_may_have_acted() {
    let server = Server::start(|_, mut peer| drop(peer.request()));
    let client = teamwire_async_std::client(config(&server.url())).expect("options that work");
    let fault = fault(&client);
    assert_eq!((fault.kind, fault.sent, fault.received, fault.reused), (FaultKind::Lost, true, 0, false));
    assert!(ask(&client).expect_err("no answer").may_have_arrived());
}

#[test]
fn a_body_that_is_cut_off_says_how_much_of_it_came() {
    let server = Server::start(|_, mut peer| {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1234");
    });
    let client = teamwire_async_std::client(config(&server.url())).expect("options that work");
    let fault = fault(&client);
    assert_eq!((fault.kind, fault.sent, fault.received), (FaultKind::Lost, true, 4));
}
