//! Dead idle connections: after one of them, the others are not used.

use std::{sync::mpsc, thread, time::Duration};

use teamwire_core::effect::{Timeout, TransportErrorKind};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{Peer, Server, ask_at_once, client, fault, me, response, serve_at_once, unchanged, within};

const MANY: usize = 5;

/// Serves the next request over a new connection.
fn serve(peer: &mut Peer) {
    peer.request();
    peer.send(me());
}

#[executor_test(adapters)]
fn connections_as_old_as_a_dead_one_are_not_used<H: Harness>() {
    // The connection is closed with the request read or unread. The latter is a reset.
    for reads in [true, false] {
        let server = Server::script(move |listener| {
            for mut peer in serve_at_once(listener, MANY) {
                thread::spawn(move || if reads { drop(peer.try_request()) } else { peer.wait_for_bytes() });
            }
            serve(&mut listener.accept());
        });
        let client = client::<H>(&server);
        ask_at_once::<H>(&client, MANY);
        let fault = fault::<H>(&client, unchanged);
        assert_eq!((fault.kind, fault.reused, fault.sent), (TransportErrorKind::Disconnected, true, true), "{fault}");
        response::<H>(&client, unchanged);
        assert_eq!(server.connections(), MANY + 1);
    }
}

#[executor_test(adapters)]
fn connections_as_old_as_a_silent_one_are_not_used<H: Harness>() {
    let server = Server::script(|listener| {
        let silent = serve_at_once(listener, MANY);
        serve(&mut listener.accept());
        drop(silent);
    });
    let client = client::<H>(&server);
    ask_at_once::<H>(&client, MANY);
    let fault = fault::<H>(&client, within(Timeout::Total(Duration::from_millis(500))));
    assert_eq!((fault.kind, fault.reused, fault.sent), (TransportErrorKind::Timeout, true, true), "{fault}");
    response::<H>(&client, unchanged);
}

#[executor_test(adapters)]
fn response_that_has_begun_casts_no_doubt_on_others<H: Harness>() {
    let server = Server::script(|listener| {
        let serving = serve_at_once(listener, MANY).into_iter().map(|mut peer| {
            thread::spawn(move || {
                peer.request();
                peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
            })
        });
        serving.collect::<Vec<_>>().into_iter().for_each(|peer| peer.join().expect("each gets a request"));
    });
    let client = client::<H>(&server);
    ask_at_once::<H>(&client, MANY);
    for _ in 0..MANY {
        let fault = fault::<H>(&client, unchanged);
        assert_eq!((fault.kind, fault.reused), (TransportErrorKind::Disconnected, true), "{fault}");
    }
    assert_eq!(server.connections(), MANY);
}

#[executor_test(adapters)]
fn fresh_exchange_takes_a_new_connection_and_ends_the_old<H: Harness>() {
    let (ended, has_ended) = mpsc::channel();
    let server = Server::script(move |listener| {
        let mut old = serve_at_once(listener, MANY);
        let mut new = listener.accept();
        serve(&mut new);
        for peer in &mut old {
            assert!(peer.try_request().is_none(), "a second request over an old connection");
        }
        ended.send(()).expect("the test waits");
        serve(&mut new);
        serve(&mut listener.accept());
    });
    let client = client::<H>(&server);
    ask_at_once::<H>(&client, MANY);
    response::<H>(&client, |exchange| exchange.requires_new_connection = true);
    has_ended.recv().expect("the old connections are closed");
    response::<H>(&client, unchanged);
    response::<H>(&client, |exchange| exchange.requires_new_connection = true);
    assert_eq!(server.connections(), MANY + 2);
}
