//! All addresses of a host are tried.

use std::net::{SocketAddr, TcpListener};

use teamwire_async_std::FaultKind;

use crate::support::{Probe, always, ask, config, fault, me};

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

#[test]
fn a_name_is_looked_up_by_the_runtime() {
    let server = always(me());
    let client = teamwire_async_std::connect(config(&format!("http://localhost:{}", server.address.port())));
    // It listens on 127.0.0.1 alone; where the name means ::1 as well, that refuses.
    assert_eq!(ask(&client.expect("options that work")).expect("an answer"), "Example");
}

#[test]
fn an_ipv6_address_is_an_address() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    drop(listener);
    let server = crate::support::Server::on("[::1]:0".parse().expect("an address"), |_, mut peer| {
        while let Some(request) = peer.request() {
            assert!(request.header("host").is_some_and(|host| host.starts_with("[::1]:")), "{request:?}");
            peer.send(me());
        }
    });
    let client = teamwire_async_std::connect(config(&server.url())).expect("options that work");
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert_eq!(server.connections(), 1);
}
