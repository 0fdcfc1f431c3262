//! How long an answer is waited for.

use std::{net::TcpStream, sync::mpsc, thread, time::Duration};

use teamwire_blocking::{Body, FaultKind, Timeout, Timeouts};
use ureq::http::Method;

use crate::support::{ME, Peer, Server, accept, as_is, client, config, fault, posting, response};

/// Sends this many bytes of a body, one at a time.
fn drip(peer: &mut Peer<TcpStream>, bytes: usize) {
    peer.request();
    peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n"));
    for _ in 0..bytes {
        // The pace itself is what is tested: far from the shortest, and from the longest time that a test goes by.
        thread::sleep(Duration::from_millis(50));
        if !peer.send("x") {
            return;
        }
    }
}

#[test]
fn a_total_is_the_whole_time_that_an_exchange_has() {
    let server = Server::new(|listener| drip(&mut accept(listener), 1_000));
    let timeout = Timeout::Total(Duration::from_millis(300));
    let fault = fault(&server.client(), |exchange| exchange.timeout = timeout);
    assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, true), "{fault}");
    assert!(fault.received < 10 && fault.to_string().contains("300ms"), "{fault}");
    server.done();
}

#[test]
fn inactivity_is_no_limit_to_an_answer_that_goes_on() {
    let server = Server::new(|listener| drip(&mut accept(listener), 40));
    let timeout = Timeout::Inactivity(Duration::from_secs(1));
    let answer = response(&server.client(), |exchange| exchange.timeout = timeout);
    assert_eq!(answer.body().len(), 40);
    server.done();
}

#[test]
fn a_long_poll_whose_response_has_begun_may_take_longer_than_it() {
    let server = Server::new(|listener| drip(&mut accept(listener), 20));
    let timeout = Timeout::LongPoll { head: Duration::from_millis(500), inactivity: Duration::from_secs(10) };
    let answer = response(&server.client(), |exchange| exchange.timeout = timeout);
    assert_eq!(answer.body().len(), 20);
    server.done();
}

#[test]
fn a_silent_server_is_given_up_with_either_kind_of_timeout() {
    let time = Duration::from_millis(400);
    for timeout in [Timeout::Total(time), Timeout::Inactivity(time)] {
        for begin in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n0123"] {
            let server = Server::new(move |listener| {
                let mut peer = accept(listener);
                peer.request();
                peer.send(begin);
                peer.until_closed();
            });
            let fault = fault(&server.client(), |exchange| exchange.timeout = timeout);
            assert_eq!((fault.kind, fault.sent, fault.reused), (FaultKind::Timeout, true, false), "{fault}");
            assert_eq!(fault.received, if begin.ends_with("0123") { 4 } else { 0 });
            server.done();
        }
    }
}

#[test]
fn a_server_that_reads_nothing_is_given_up_too() {
    let time = Duration::from_millis(100);
    for timeout in [Timeout::Total(time), Timeout::Inactivity(time)] {
        let (done, wait) = mpsc::channel::<()>();
        let server = Server::new(move |listener| {
            let _peer = accept(listener);
            wait.recv().expect_err("the test drops the other end");
        });
        let fault = fault(&server.client(), |exchange| {
            exchange.timeout = timeout;
            *exchange.request.method_mut() = Method::POST;
            *exchange.request.body_mut() = Body::from(vec![b'x'; 64 << 20]);
        });
        assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, true), "{fault}");
        drop(done);
        server.done();
    }
}

#[test]
fn a_connection_after_a_timeout_is_a_new_one() {
    let server = Server::new(|listener| {
        let mut late = accept(listener);
        late.request();
        late.until_closed();
        accept(listener).serve(200, ME);
    });
    let client = server.client();
    fault(&client, |exchange| exchange.timeout = Timeout::Total(Duration::from_millis(50)));
    response(&client, as_is);
    server.done();
}

#[test]
fn no_time_is_too_long_or_too_short() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.serve(200, ME);
        peer.serve(200, ME);
    });
    let client_of = |time| {
        let timeouts = Timeouts { default: time, long: time, assets: time };
        client(config(&server.url()).with_timeouts(timeouts))
    };
    let client = client_of(Duration::MAX);
    client.contacts().me().expect("an answer");
    response(&client, |exchange| exchange.timeout = Timeout::Inactivity(Duration::MAX));
    for short in [Duration::ZERO, Duration::from_nanos(1)] {
        let fault = fault(&client_of(Duration::MAX), |exchange| exchange.timeout = Timeout::Total(short));
        assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, false), "{fault}");
    }
    server.done();
}

/// Only Linux says how much of what was written has still to leave.
#[cfg(target_os = "linux")]
#[test]
fn a_request_that_still_leaves_is_no_silence() {
    const LENGTH: usize = 3 << 20;
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.head();
        for _ in 0..LENGTH / (16 << 10) {
            // The pace is what is tested: all of it takes far longer than the limit, each piece far less.
            thread::sleep(Duration::from_millis(20));
            peer.body(16 << 10);
        }
        peer.answer(200, ME);
    });
    response(&server.client(), |exchange| {
        posting(Body::from(vec![b'x'; LENGTH]))(exchange);
        exchange.timeout = Timeout::Inactivity(Duration::from_millis(1_500));
    });
    server.done();
}
