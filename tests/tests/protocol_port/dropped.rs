//! Futures that are dropped while they log in, over sockets.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Waker},
    time::Duration,
};

use teamwire_async_std::{Client, Runtime, smol};
use teamwire_core::{config::Timeouts, script::sample};
use teamwire_test_support::{Peer, Server, config};
use teamwire_tests::TokenProtocol;

use crate::support::FIRST;

/// The part of the response to the first login that arrives.
const PARTS: [&str; 3] = ["", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"tok"];

/// Polls a future once. It has to be pending.
fn poll_once(future: Pin<&mut impl Future>) {
    assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// Counts the requests, and leaves the first login without a complete response until its connection is closed.
fn serve(peer: &mut Peer, part: &str, logins: &AtomicUsize, posts: &AtomicUsize, arrived: &mpsc::Sender<()>) {
    while let Some(request) = peer.try_request() {
        if !request.line().starts_with("POST /session ") {
            posts.fetch_add(1, Ordering::SeqCst);
            peer.respond(201, &sample::message("m1", "c1", "hello").to_string());
        } else if logins.fetch_add(1, Ordering::SeqCst) == 0 {
            peer.send(part);
            arrived.send(()).expect("the test waits");
        } else {
            peer.respond(200, &TokenProtocol::token(FIRST).to_string());
        }
    }
}

fn is_taken_over<R: Runtime>(connect: impl Fn(teamwire_core::Config) -> Client<R>) {
    for part in PARTS {
        let (arrived, has_arrived) = mpsc::channel();
        let (arrived, counts) = (Mutex::new(arrived), Arc::new([(); 2].map(|()| AtomicUsize::new(0))));
        let server = {
            let counts = Arc::clone(&counts);
            Server::each(move |_, mut peer| {
                let arrived = arrived.lock().expect("no connection panicked").clone();
                serve(&mut peer, part, &counts[0], &counts[1], &arrived);
            })
        };
        // A login that is not taken over at once is taken over after twice this time, which is too late.
        let timeouts = Timeouts { request: Duration::from_secs(3_600), ..Timeouts::default() };
        let config = config(&server.url()).with_timeouts(timeouts);
        let client = connect(config.with_protocol(TokenProtocol::default()));
        let chat = client.chats().chat("c1");
        let [mut first, mut second] = [(); 2].map(|()| Box::pin(chat.post("hello")));
        while has_arrived.try_recv().is_err() {
            poll_once(first.as_mut());
        }
        // It waits for the login.
        poll_once(second.as_mut());
        drop(first);
        async_std::task::block_on(second).unwrap_or_else(|error| panic!("{part:?}: {error:?}"));
        drop((chat, client));
        drop(server);
        assert_eq!(counts.each_ref().map(|count| count.load(Ordering::SeqCst)), [2, 1], "{part:?}: logins and posts");
    }
}

#[test]
fn login_of_a_dropped_future_is_taken_over_on_async_std() {
    is_taken_over(|config| teamwire_async_std::client(config).expect("it is valid"));
}

#[test]
fn login_of_a_dropped_future_is_taken_over_on_smol() {
    is_taken_over(|config| smol::client(config).expect("it is valid"));
}
