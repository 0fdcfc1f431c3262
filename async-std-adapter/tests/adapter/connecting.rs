//! All addresses of a host are tried.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use teamwire_async_std::{Client, FaultKind, Timeout};

use crate::support::{Probe, Server, always, ask, config, fault, me, perform};

fn refusing() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound")
}

#[test]
fn the_next_address_is_tried_where_one_refuses() {
    let server = always(me());
    let probe = Probe { addresses: vec![refusing(), refusing(), server.address], ..Probe::default() };
    let client = probe.client(config("http://localhost"));
    assert_eq!(ask(&client).expect("an answer"), "Example");
}

#[test]
fn where_all_addresses_refuse_the_error_names_them() {
    let (first, second) = (refusing(), refusing());
    let probe = Probe { addresses: vec![first, second], ..Probe::default() };
    let fault = fault(&probe.client(config("http://localhost")));
    assert_eq!((fault.kind, fault.sent), (FaultKind::Connect, false));
    let text = fault.to_string();
    assert!(text.contains(&first.to_string()) && text.contains(&second.to_string()), "{text}");
}

/// An address from which nothing ever comes back.
fn black_hole() -> SocketAddr {
    "192.0.2.1:80".parse().expect("an address")
}

fn fresh(client: &Client<Probe>) {
    let response = perform(client, |exchange| exchange.fresh = true);
    assert_eq!(response.expect("a response").status(), 200);
}

fn dialled(probe: &Probe) -> Vec<SocketAddr> {
    std::mem::take(&mut *probe.dialled.lock().expect("nobody panicked"))
}

#[test]
fn the_next_address_is_not_waited_for_where_one_fails() {
    let server = always(me());
    let addresses = vec![refusing(), server.address, black_hole()];
    let probe = Probe { addresses: addresses.clone(), is_timeless: true, ..Probe::default() };
    fresh(&probe.client(config("http://localhost")));
    assert_eq!(dialled(&probe), addresses[..2]);
}

#[test]
fn the_address_that_worked_is_tried_first_the_next_time() {
    let server = always(me());
    let addresses = vec![black_hole(), server.address];
    let probe = Probe { addresses: addresses.clone(), black_hole: Some(black_hole()), ..Probe::default() };
    let client = probe.client(config("http://localhost"));
    fresh(&client);
    assert_eq!(dialled(&probe), addresses);
    for _ in 0..3 {
        fresh(&client);
        assert_eq!(dialled(&probe)[0], server.address);
    }
    // It is one per port.
    let other = always(me());
    let response = perform(&client, |exchange| {
        *exchange.request.uri_mut() = "http://localhost:81/".parse().expect("a URI");
    });
    assert_eq!(response.expect("a response").status(), 200);
    assert_eq!(dialled(&probe), addresses);
    drop((client, other));
}

#[test]
fn a_server_that_takes_connections_and_nothing_else_is_not_preferred() {
    let hung = Server::start(|_, mut peer| peer.wait());
    let addresses = vec![black_hole(), hung.address];
    let probe = Probe { addresses: addresses.clone(), black_hole: Some(black_hole()), ..Probe::default() };
    let client = probe.client(config("https://localhost"));
    for _ in 0..2 {
        let limit = Timeout::Total(Duration::from_secs(1));
        let fault = perform(&client, |exchange| exchange.timeout = limit).expect_err("no handshake");
        assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, false));
        assert!(fault.to_string().contains("TLS"), "{fault}");
        assert_eq!(dialled(&probe), addresses, "the order is that of the look-up");
    }
    drop(client);
}

#[test]
fn a_limit_that_ends_the_attempts_leaves_the_reasons_of_those_before() {
    let refusing = refusing();
    let addresses = vec![refusing, black_hole()];
    let probe = Probe { addresses, black_hole: Some(black_hole()), ..Probe::default() };
    let client = probe.client(config("http://localhost"));
    let limit = Timeout::Total(Duration::from_millis(60));
    let fault = perform(&client, |exchange| exchange.timeout = limit).expect_err("no address responds");
    assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, false));
    assert!(fault.to_string().contains(&refusing.to_string()), "{fault}");
}

#[test]
fn a_name_is_looked_up_by_the_runtime() {
    let server = always(me());
    let client = teamwire_async_std::client(config(&format!("http://localhost:{}", server.address.port())));
    // It listens on 127.0.0.1 alone; where the name means ::1 as well, that refuses.
    assert_eq!(ask(&client.expect("options that work")).expect("an answer"), "Example");
}

#[test]
fn an_ipv6_address_is_an_address() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    drop(listener);
    let server = Server::on("[::1]:0".parse().expect("an address"), |_, mut peer| {
        while let Some(request) = peer.request() {
            assert!(request.header("host").is_some_and(|host| host.starts_with("[::1]:")), "{request:?}");
            peer.send(me());
        }
    });
    let client = teamwire_async_std::client(config(&server.url())).expect("options that work");
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert_eq!(server.connections(), 1);
}
