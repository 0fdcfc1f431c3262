//! Connections are kept, used again, and replaced when they have gone stale.

use std::{
    io::ErrorKind as IoErrorKind,
    net::TcpStream,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use teamwire_blocking::{ErrorKind, Limits, RetryPolicy};

use crate::support::{ME, Peer, Server, accept, as_is, client, config, fault, response};

#[test]
fn three_requests_share_one_connection() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        for _ in 0..2 {
            peer.serve(200, ME);
        }
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{\"a\r\n0\r\n\r\n");
        peer.serve(204, "");
    });
    let client = server.client();
    for _ in 0..2 {
        assert_eq!(client.contacts().me().expect("an answer").uid.as_str(), "u-bot");
    }
    assert_eq!(response(&client, as_is).body(), b"{\"a");
    response(&client, as_is);
    server.done();
}

#[test]
fn clones_share_their_connections() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.serve(200, ME);
        peer.serve(200, ME);
    });
    let client = server.client();
    client.clone().contacts().me().expect("an answer");
    client.contacts().me().expect("an answer");
    server.done();
}

#[test]
fn a_connection_that_the_server_ends_is_not_used_again() {
    let server = Server::new(|listener| {
        let mut first = accept(listener);
        first.request();
        first.send(format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{ME}", ME.len()));
        accept(listener).serve(200, ME);
        first.until_closed();
    });
    let client = server.client();
    client.contacts().me().expect("an answer");
    client.contacts().me().expect("an answer");
    server.done();
}

#[test]
fn a_connection_with_something_left_over_is_not_used_again() {
    for length in [10, 40_000] {
        let server = Server::new(move |listener| {
            accept(listener).answer_too_much(length);
            accept(listener).serve(200, ME);
        });
        let client = server.client();
        assert_eq!(response(&client, as_is).body().len(), length);
        assert_eq!(client.contacts().me().expect("an answer").first_name, "Example");
        server.done();
    }
}

#[test]
fn losing_a_used_connection_is_said_so() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.serve(200, ME);
        peer.request();
    });
    let client = server.client();
    response(&client, as_is);
    let fault = fault(&client, as_is);
    assert!(fault.reused && fault.sent, "{fault:?}");
    server.done();
}

#[test]
fn a_connection_that_went_stale_costs_no_attempt() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.serve(200, ME);
        peer.request();
        drop(peer);
        accept(listener).serve(500, "");
        accept(listener).serve(200, ME);
    });
    let once = RetryPolicy { retries: 1, first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
    let client = client(config(&server.url()).with_retry(once));
    client.contacts().me().expect("an answer");
    client.contacts().me().expect("the second attempt is free, and the third one is the retry");
    server.done();
}

#[test]
fn without_retries_a_request_is_sent_once_also_over_a_connection_that_went_stale() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.serve(200, ME);
        peer.request();
        drop(peer);
        // The next request is the next one of the test, and no repetition.
        accept(listener).serve(200, "{}");
    });
    let client = server.client();
    client.contacts().me().expect("an answer");
    let error = client.contacts().me().expect_err("it is sent once");
    assert_eq!((error.kind(), error.may_have_arrived()), (ErrorKind::Connection, true), "{error:?}");
    assert_eq!(client.contacts().me().expect_err("it is no user").kind(), ErrorKind::UnexpectedAnswer);
    server.done();
}

#[test]
fn as_many_idle_connections_are_kept_as_the_limit_says() {
    // More than ureq would keep by itself.
    const MANY: usize = 12;
    let server = Server::new(|listener| {
        let mut peers: Vec<_> = (0..MANY).map(|_| accept(listener)).collect();
        for _ in 0..2 {
            // All at once: nobody is answered before everybody has asked.
            for peer in &mut peers {
                peer.request();
            }
            for peer in &mut peers {
                peer.answer(200, ME);
            }
        }
    });
    let client = server.client();
    for _ in 0..2 {
        thread::scope(|scope| {
            for _ in 0..MANY {
                scope.spawn(|| client.contacts().me().expect("an answer"));
            }
        });
    }
    server.done();
}

#[test]
fn no_more_idle_connections_are_kept_than_the_limit_says() {
    let server = Server::new(|listener| {
        let mut peers: Vec<_> = (0..2).map(|_| accept(listener)).collect();
        for peer in &mut peers {
            peer.request();
        }
        for peer in &mut peers {
            peer.answer(200, ME);
        }
        // One of the two is closed once both are idle; the other serves the next request.
        for peer in &peers {
            peer.stream.set_nonblocking(true).expect("a socket can be");
        }
        let closed = loop {
            let ended = |peer: &Peer<TcpStream>| match peer.stream.peek(&mut [0]) {
                Ok(amount) => amount == 0,
                Err(error) => error.kind() != IoErrorKind::WouldBlock,
            };
            match peers.iter().position(ended) {
                Some(closed) => break closed,
                None => thread::yield_now(),
            }
        };
        let mut kept = peers.swap_remove(1 - closed);
        kept.stream.set_nonblocking(false).expect("a socket can be");
        kept.serve(200, ME);
    });
    let limits = Limits { idle_connections: 1, ..Limits::default() };
    let client = teamwire_blocking::client(config(&server.url()).with_limits(limits)).expect("a client");
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| client.contacts().me().expect("an answer"));
        }
    });
    client.contacts().me().expect("an answer");
    server.done();
}

#[test]
fn sixty_four_threads_share_one_client() {
    const THREADS: usize = 64;
    const EACH: usize = 5;
    let (over, connections) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (ends, counts) = (over.clone(), connections.clone());
    let server = Server::new(move |listener| {
        thread::scope(|scope| {
            loop {
                let mut peer = accept(listener);
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                counts.fetch_add(1, Ordering::SeqCst);
                scope.spawn(move || while peer.next_request().is_some_and(|_| peer.answer(200, ME)) {});
            }
        });
    });
    let client = server.client();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let client = client.clone();
                start.wait();
                for _ in 0..EACH {
                    client.contacts().me().expect("an answer");
                }
            });
        }
    });
    drop(client);
    over.store(true, Ordering::SeqCst);
    TcpStream::connect(server.address).expect("the server waits for this");
    server.done();
    assert!(connections.load(Ordering::SeqCst) <= THREADS, "{connections:?}");
}
