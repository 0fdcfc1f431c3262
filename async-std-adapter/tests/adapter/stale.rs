//! Connections that have ended unnoticed are not tried one after the other.

use std::{
    net::TcpStream,
    sync::{Barrier, Mutex, mpsc},
    time::Duration,
};

use async_std::task;
use teamwire_async_std::{Client, FaultKind, Timeout};

use crate::support::{Peer, Server, client, me, perform};

const IDLE: usize = 5;
const SHORT: Duration = Duration::from_millis(60);

/// A server of [`IDLE`] connections that serve one request each, all at once; `then` is what they do with the next. All other
/// connections serve every request.
fn dies_after_one_request(then: impl Fn(Peer) + Send + Sync + 'static) -> (Server, Client) {
    let all_asked = Barrier::new(IDLE);
    let server = Server::start(move |number, mut peer| {
        if number < IDLE {
            peer.request();
            all_asked.wait();
            peer.send(me());
            return then(peer);
        }
        while peer.request().is_some_and(|_| peer.send(me())) {}
    });
    let client = client(&server);
    let asking = (0..IDLE).map(|_| {
        let client = client.clone();
        task::spawn(async move { client.contacts().me().await })
    });
    for asked in asking.collect::<Vec<_>>() {
        task::block_on(asked).expect("an answer");
    }
    (server, client)
}

fn wait_for_request(stream: &TcpStream) {
    stream.peek(&mut [0]).expect("the client speaks or hangs up");
}

#[test]
fn a_retry_does_not_find_the_next_dead_connection() {
    // With the request unread, the end is a reset.
    let (server, client) = dies_after_one_request(|peer| wait_for_request(&peer.stream));
    let fault = perform(&client, |_| {}).expect_err("the server resets it");
    assert_eq!((fault.kind, fault.reused), (FaultKind::Lost, true));
    assert_eq!(perform(&client, |_| {}).expect("an answer, over a new connection").status(), 200);
    assert_eq!(server.connections(), IDLE + 1);
    drop(client);
}

#[test]
fn a_retry_does_not_find_the_next_silent_connection() {
    let (server, client) = dies_after_one_request(|mut peer| peer.wait());
    let fault = perform(&client, |exchange| exchange.timeout = Timeout::Total(SHORT)).expect_err("it is silent");
    assert_eq!((fault.kind, fault.reused), (FaultKind::Timeout, true));
    assert_eq!(perform(&client, |_| {}).expect("an answer, over a new connection").status(), 200);
    assert_eq!(server.connections(), IDLE + 1);
    drop(client);
}

#[test]
fn a_response_that_has_begun_says_nothing_of_other_connections() {
    let (server, client) = dies_after_one_request(|mut peer| {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    });
    for _ in 0..IDLE {
        let fault = perform(&client, |_| {}).expect_err("it is cut off");
        assert_eq!((fault.kind, fault.reused), (FaultKind::Lost, true));
    }
    assert_eq!(server.connections(), IDLE);
    drop(client);
}

#[test]
fn a_fresh_exchange_uses_no_idle_connection_and_ends_those_of_before() {
    let (ended, has_ended) = mpsc::channel();
    let ended = Mutex::new(ended);
    let (server, client) = dies_after_one_request(move |mut peer| {
        assert!(peer.request().is_none(), "a second request");
        ended.lock().expect("nobody panicked").send(()).expect("the test waits");
    });
    perform(&client, |exchange| exchange.fresh = true).expect("an answer");
    for _ in 0..IDLE {
        has_ended.recv_timeout(Duration::from_secs(20)).expect("it is closed");
    }
    perform(&client, |_| {}).expect("an answer, over the same connection");
    assert_eq!(server.connections(), IDLE + 1);
    perform(&client, |exchange| exchange.fresh = true).expect("an answer");
    assert_eq!(server.connections(), IDLE + 2);
    drop(client);
}
