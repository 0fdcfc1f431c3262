//! Idle connections that died: after one of them, the others are not tried.

use std::{
    net::{TcpListener, TcpStream},
    sync::Barrier,
    thread,
    time::Duration,
};

use teamwire_blocking::{Client, FaultKind, Timeout};

use crate::support::{ME, Peer, Server, accept, as_is, fault, response};

const MANY: usize = 5;

/// Serves so many requests at once, each over a connection of its own.
fn serve_at_once(listener: &TcpListener) -> Vec<Peer<TcpStream>> {
    let mut peers: Vec<_> = (0..MANY).map(|_| accept(listener)).collect();
    for peer in &mut peers {
        peer.request();
    }
    for peer in &mut peers {
        peer.answer(200, ME);
    }
    peers
}

fn ask_at_once(client: &Client) {
    let start = Barrier::new(MANY);
    thread::scope(|scope| {
        for _ in 0..MANY {
            scope.spawn(|| {
                start.wait();
                client.contacts().me().expect("an answer");
            });
        }
    });
}

/// Closes a connection once something comes over it, without a response.
fn hang_up(mut peer: Peer<TcpStream>) {
    thread::spawn(move || peer.next_request());
}

#[test]
fn after_a_dead_connection_the_others_of_its_time_are_not_tried() {
    let server = Server::new(|listener| {
        serve_at_once(listener).into_iter().for_each(hang_up);
        accept(listener).serve(200, ME);
    });
    let client = server.client();
    ask_at_once(&client);
    let fault = fault(&client, as_is);
    assert_eq!((fault.kind, fault.reused, fault.sent), (FaultKind::Lost, true, true), "{fault}");
    response(&client, as_is);
    server.done();
}

#[test]
fn after_a_silent_connection_the_others_of_its_time_are_not_tried() {
    let server = Server::new(|listener| {
        let silent = serve_at_once(listener);
        accept(listener).serve(200, ME);
        drop(silent);
    });
    let client = server.client();
    ask_at_once(&client);
    let fault = fault(&client, |exchange| exchange.timeout = Timeout::Total(Duration::from_millis(50)));
    assert_eq!((fault.kind, fault.reused, fault.sent), (FaultKind::Timeout, true, true), "{fault}");
    response(&client, as_is);
    server.done();
}

#[test]
fn an_exchange_that_requires_a_new_connection_gets_one() {
    let server = Server::new(|listener| {
        let mut old = serve_at_once(listener);
        let mut new = accept(listener);
        new.serve(200, ME);
        old.iter_mut().for_each(Peer::until_closed);
        new.serve(200, ME);
    });
    let client = server.client();
    ask_at_once(&client);
    response(&client, |exchange| exchange.fresh = true);
    response(&client, as_is);
    server.done();
}
