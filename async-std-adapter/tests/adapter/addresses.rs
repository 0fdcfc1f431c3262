//! All addresses of a host are tried.

use std::{net::SocketAddr, time::Duration};

use teamwire_async_std::{
    Client,
    effect::{Timeout, TransportErrorKind},
};

use teamwire_test_support::{Server, config, refusing_address};

use crate::support::{Probe, ask, error_of, me, perform};

#[test]
fn next_address_is_tried_if_one_refuses() {
    let server = Server::always(me());
    let ((first, _first), (second, _second)) = (refusing_address(), refusing_address());
    let probe = Probe { addresses: vec![first, second, server.address], ..Probe::default() };
    let client = probe.client(config("http://localhost"));
    assert_eq!(ask(&client).expect("a response"), "Example");
}

#[test]
fn error_names_all_addresses_that_refuse() {
    let ((first, _first), (second, _second)) = (refusing_address(), refusing_address());
    let probe = Probe { addresses: vec![first, second], ..Probe::default() };
    let error = error_of(&probe.client(config("http://localhost")));
    assert_eq!((error.kind, error.sent), (TransportErrorKind::Connect, false));
    let text = error.to_string();
    assert!(text.contains(&first.to_string()) && text.contains(&second.to_string()), "{text}");
}

/// Returns an address that never responds.
fn black_hole() -> SocketAddr {
    "192.0.2.1:80".parse().expect("an address")
}

fn exchange_on_new_connection(client: &Client<Probe>) {
    let response = perform(client, |exchange| exchange.requires_new_connection = true);
    assert_eq!(response.expect("a response").status(), 200);
}

fn dialled(probe: &Probe) -> Vec<SocketAddr> {
    std::mem::take(&mut *probe.dialled.lock().expect("no thread panicked"))
}

#[test]
fn next_address_is_tried_at_once_if_one_fails() {
    let server = Server::always(me());
    let (refusing, _kept) = refusing_address();
    let addresses = vec![refusing, server.address, black_hole()];
    let probe = Probe { addresses: addresses.clone(), is_timeless: true, ..Probe::default() };
    exchange_on_new_connection(&probe.client(config("http://localhost")));
    assert_eq!(dialled(&probe), addresses[..2]);
}

#[test]
fn address_that_worked_is_tried_first_the_next_time() {
    let server = Server::always(me());
    let addresses = vec![black_hole(), server.address];
    let probe = Probe { addresses: addresses.clone(), black_hole: Some(black_hole()), ..Probe::default() };
    let client = probe.client(config("http://localhost"));
    exchange_on_new_connection(&client);
    assert_eq!(dialled(&probe), addresses);
    for _ in 0..3 {
        exchange_on_new_connection(&client);
        assert_eq!(dialled(&probe)[0], server.address);
    }
    // The preferred address is that of a host and port.
    let other = Server::always(me());
    let response = perform(&client, |exchange| {
        *exchange.request.uri_mut() = "http://localhost:81/".parse().expect("a URI");
    });
    assert_eq!(response.expect("a response").status(), 200);
    assert_eq!(dialled(&probe), addresses);
    drop((client, other));
}

#[test]
fn address_that_accepts_and_is_silent_is_not_preferred() {
    let hung = Server::each(|_, mut peer| peer.wait_for_end());
    let addresses = vec![black_hole(), hung.address];
    let probe = Probe { addresses: addresses.clone(), black_hole: Some(black_hole()), ..Probe::default() };
    let client = probe.client(config("https://localhost"));
    for _ in 0..2 {
        let limit = Timeout::Total(Duration::from_secs(1));
        let error = perform(&client, |exchange| exchange.timeout = limit).expect_err("no handshake");
        assert_eq!((error.kind, error.sent), (TransportErrorKind::Timeout, false));
        assert!(error.to_string().contains("TLS"), "{error}");
        assert_eq!(dialled(&probe), addresses, "the order is that of the lookup");
    }
    drop(client);
}

#[test]
fn timeout_keeps_the_reasons_of_earlier_attempts() {
    let (refusing, _kept) = refusing_address();
    let addresses = vec![refusing, black_hole()];
    let probe = Probe { addresses, black_hole: Some(black_hole()), ..Probe::default() };
    let client = probe.client(config("http://localhost"));
    let limit = Timeout::Total(Duration::from_millis(60));
    let error = perform(&client, |exchange| exchange.timeout = limit).expect_err("no address responds");
    assert_eq!((error.kind, error.sent), (TransportErrorKind::Timeout, false));
    assert!(error.to_string().contains(&refusing.to_string()), "{error}");
}

#[test]
fn silent_address_is_abandoned_for_the_next_one_or_times_out() {
    let server = Server::always(me());
    let addresses = vec![black_hole(), server.address];
    let probe = Probe { addresses, black_hole: Some(black_hole()), ..Probe::default() };
    let client = probe.client(config("http://localhost"));
    let limit = Timeout::Total(Duration::from_secs(5));
    let response = perform(&client, |exchange| exchange.timeout = limit);
    assert_eq!(response.expect("a response from the other address").status(), 200);

    let probe = Probe { addresses: vec![black_hole()], black_hole: Some(black_hole()), ..Probe::default() };
    let limit = Timeout::Total(Duration::from_millis(60));
    let client = probe.client(config("http://localhost"));
    let error = perform(&client, |exchange| exchange.timeout = limit).expect_err("no address responds");
    assert_eq!((error.kind, error.sent), (TransportErrorKind::Timeout, false));
    assert!(error.to_string().contains("connecting"), "{error}");
}
