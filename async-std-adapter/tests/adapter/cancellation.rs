//! A future that is dropped, wherever it was, harms no other.

use std::{
    future::Future,
    io::{Read, Write},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake},
    thread::{self, Thread},
    time::Duration,
};

use async_std::task;
use teamwire_async_std::{Client, script::sample};

use crate::{
    support::{Fits, Peer, Probe, Server, answer, config},
    tls::{Authority, secured},
};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future this often, whenever it wants to be, and drops it. What it ended with, if it did.
fn poll_times<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let waker = Arc::new(Unpark(thread::current())).into();
    for _ in 0..times {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(value);
        }
        thread::park_timeout(Duration::from_secs(20));
    }
    None
}

/// Answers each message with itself, so that the answer to another request is found out.
fn echo<S: Read + Write>(mut peer: Peer<S>) {
    while let Some(request) = peer.request() {
        assert!(request.line.starts_with("POST /v1/chats/c1/messages "), "half a request before it: {request:?}");
        let body = String::from_utf8(request.body).expect("JSON");
        let text = body.split('"').nth(3).expect("a text");
        peer.send(answer(201, &sample::message("m", "c1", text).to_string()));
    }
}

/// Drops a future after no poll, after one, after two, until one gets to its end; each time, the next request of the
/// same client is answered, on a connection of its own or on one that is whole. How many polls it took to the end.
fn stop_everywhere(client_for: impl Fn() -> Client<Probe>) -> usize {
    for polls in 0.. {
        let client = client_for();
        let chat = client.chats().chat("c1");
        let done = poll_times(chat.post(format!("dropped-{polls}")), polls);
        let next = format!("next-{polls}");
        let posted = task::block_on(chat.post(next.clone())).expect("an answer after one was dropped");
        assert_eq!(posted.text, Some(next), "the answer to a request that was dropped");
        if let Some(done) = done {
            assert_eq!(done.expect("an answer").text, Some(format!("dropped-{polls}")));
            return polls;
        }
    }
    unreachable!("it ends when a future is done")
}

/// With a new client each time, so that making the connection is stopped too; and with one that has a connection.
fn stop_everywhere_cold_and_warm(client: impl Fn() -> Client<Probe>) {
    let cold = stop_everywhere(&client);
    let warm = client();
    let warm = stop_everywhere(|| warm.clone());
    assert!(10 < cold && 10 < warm, "there were only {cold} points to stop at, and {warm} with a connection");
}

#[test]
fn a_future_can_be_dropped_at_every_point() {
    let server = Server::start(|_, peer| echo(peer));
    let probe = Probe { fits: Fits::Bytes(24), ..Probe::default() };
    stop_everywhere_cold_and_warm(|| probe.client(config(&server.url())));
}

#[test]
fn a_future_over_tls_can_be_dropped_at_every_point() {
    let authority = Authority::new();
    let settings = authority.server("localhost");
    let server = Server::start(move |_, peer| echo(secured(peer, &settings)));
    let probe = Probe { fits: Fits::Bytes(48), addresses: vec![server.address], ..Probe::default() };
    let url = format!("https://localhost:{}", server.address.port());
    let options = config(&url).with_root_certificates_pem(authority.pem());
    stop_everywhere_cold_and_warm(|| probe.client(options.clone()));
}

#[test]
fn dropping_requests_at_once_leaves_the_others_alone() {
    let server = Server::start(|_, peer| echo(peer));
    let probe = Probe { fits: Fits::Bytes(64), ..Probe::default() };
    let client = probe.client(config(&server.url()));
    let tasks = (0..4).map(|lane| {
        let client = client.clone();
        thread::spawn(move || {
            for polls in 0..40 {
                let text = format!("{lane}/{polls}");
                let chat = client.chats().chat("c1");
                drop(poll_times(chat.post(format!("dropped-{text}")), polls));
                let posted = task::block_on(chat.post(text.clone())).expect("an answer");
                assert_eq!(posted.text, Some(text));
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.join().expect("no thread failed");
    }
}
