//! Timeouts of exchanges.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    config::{RetryPolicy, Timeouts},
    effect::{Body, Timeout, TransportErrorKind},
};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{LARGE, Peer, Server, ask, client, config, fault, me, posting, response, within};

const SHORT: Duration = Duration::from_millis(60);
const LONG: Duration = Duration::from_secs(60);

/// Sends a body of this length, one byte at a time, for as long as the client reads.
fn drip(peer: &mut Peer, bytes: usize) {
    peer.request();
    peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n"));
    for _ in 0..bytes {
        // The tests depend on this pace, which is far from their shortest and their longest timeout.
        thread::sleep(Duration::from_millis(50));
        if !peer.send("x") {
            return;
        }
    }
}

#[executor_test(transports)]
fn total_is_the_whole_time_of_an_exchange<H: Harness>() {
    let server = Server::script(|listener| drip(&mut listener.accept(), 1_000));
    let limit = Duration::from_millis(300);
    let fault = fault::<H>(&client::<H>(&server), within(Timeout::Total(limit)));
    assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Timeout, true), "{fault}");
    assert!(fault.received < 10 && fault.to_string().contains("300ms"), "{fault}");
}

#[executor_test(transports)]
fn inactivity_does_not_limit_a_response_that_continues<H: Harness>() {
    let server = Server::script(|listener| drip(&mut listener.accept(), 40));
    let begun = Instant::now();
    let limit = Duration::from_millis(1_500);
    let timeout = Timeout::Idle(limit);
    let response = response::<H>(&client::<H>(&server), within(timeout));
    assert_eq!(response.body().len(), 40);
    assert!(begun.elapsed() > limit, "it takes longer than the limit");
}

#[executor_test(transports)]
fn long_poll_may_take_longer_once_its_response_has_begun<H: Harness>() {
    let server = Server::script(|listener| drip(&mut listener.accept(), 60));
    let head = Duration::from_secs(2);
    let begun = Instant::now();
    let timeout = Timeout::LongPoll { head, idle: LONG };
    let response = response::<H>(&client::<H>(&server), within(timeout));
    assert_eq!(response.body().len(), 60);
    assert!(begun.elapsed() > head, "it takes longer than the limit of the head");
}

#[executor_test(transports)]
fn silent_server_ends_with_either_kind_of_timeout<H: Harness>() {
    let limit = Duration::from_millis(500);
    for timeout in [Timeout::Total(limit), Timeout::Idle(limit)] {
        for begin in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n0123"] {
            let server = Server::script(move |listener| {
                let mut peer = listener.accept();
                peer.request();
                peer.send(begin);
                peer.wait_for_end();
            });
            let begun = Instant::now();
            let fault = fault::<H>(&client::<H>(&server), within(timeout));
            assert!(begun.elapsed() >= limit, "{:?}", begun.elapsed());
            assert_eq!((fault.kind, fault.sent, fault.reused), (TransportErrorKind::Timeout, true, false), "{fault}");
            assert_eq!(fault.received, if begin.ends_with("0123") { 4 } else { 0 });
        }
    }
}

#[executor_test(transports)]
fn either_timeout_ends_a_request_that_is_not_read<H: Harness>() {
    let limit = Duration::from_millis(500);
    for timeout in [Timeout::Total(limit), Timeout::Idle(limit)] {
        let (done, wait) = mpsc::channel::<()>();
        let server = Server::script(move |listener| {
            let _peer = listener.accept();
            wait.recv().expect_err("the test drops the other end");
        });
        let fault = fault::<H>(&client::<H>(&server), |exchange| {
            posting(Body::from(vec![b'x'; LARGE]))(exchange);
            exchange.timeout = timeout;
        });
        assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Timeout, true), "{fault}");
        drop(done);
    }
}

#[executor_test(transports)]
fn connection_after_a_timeout_is_a_new_one<H: Harness>() {
    for begin in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1234"] {
        let server = Server::script(move |listener| {
            let mut late = listener.accept();
            late.request();
            late.send(begin);
            late.wait_for_end();
            let mut next = listener.accept();
            next.request();
            next.send(me());
        });
        let client = client::<H>(&server);
        fault::<H>(&client, within(Timeout::Total(Duration::from_secs(1))));
        assert_eq!(ask::<H>(&client).expect("the request has its own timeout"), "Example");
    }
}

#[executor_test(transports)]
fn maximum_time_is_unlimited<H: Harness>() {
    let server = Server::always(me());
    let forever = Duration::MAX;
    let timeouts = Timeouts { request: forever, listing: forever, transfer_idle: forever };
    let client = H::connect(config(&server.url()).with_timeouts(timeouts));
    ask::<H>(&client).expect("a response");
    for timeout in [Timeout::Total(forever), Timeout::Idle(forever), Timeout::LongPoll { head: forever, idle: forever }]
    {
        response::<H>(&client, within(timeout));
    }
    assert_eq!(server.connections(), 1);
}

#[executor_test(transports)]
fn shortest_time_is_a_timeout_before_anything_is_sent<H: Harness>() {
    let server = Server::always(me());
    let client = client::<H>(&server);
    for time in [Duration::ZERO, Duration::from_nanos(1)] {
        for timeout in [Timeout::Total(time), Timeout::LongPoll { head: time, idle: LONG }] {
            let fault = fault::<H>(&client, within(timeout));
            assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Timeout, false), "{timeout:?}: {fault}");
        }
    }
    let fault = fault::<H>(&client, within(Timeout::Idle(Duration::ZERO)));
    assert_eq!(fault.kind, TransportErrorKind::Timeout, "{fault}");
}

#[executor_test(transports)]
fn timeout_of_an_earlier_exchange_does_not_end_a_later_one<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.request();
        peer.send(me());
        peer.request();
        // The timeout of the first exchange passes meanwhile.
        thread::sleep(5 * SHORT);
        peer.send(me());
        peer.request();
        peer.wait_for_end();
    });
    let client = client::<H>(&server);
    // On a busy machine it may pass before the response, and then there is nothing to test.
    if H::wait(teamwire_test_support::attempt(&client, within(Timeout::Total(4 * SHORT)))).is_err() {
        return;
    }
    response::<H>(&client, within(Timeout::Total(LONG)));
    // The longer timeout of an earlier exchange does not apply to a later one.
    let begun = Instant::now();
    let fault = fault::<H>(&client, within(Timeout::Total(SHORT)));
    assert_eq!((fault.kind, fault.reused), (TransportErrorKind::Timeout, true), "{fault}");
    assert!(begun.elapsed() < LONG / 2, "{:?}", begun.elapsed());
}

#[executor_test(transports)]
fn wait_before_a_retry_is_slept<H: Harness>() {
    let server = Server::each(|number, mut peer| {
        peer.request();
        if number == 0 {
            peer.respond(503, "")
        } else {
            peer.send(me())
        };
    });
    let wait = Duration::from_millis(40);
    let client =
        H::connect(config(&server.url()).with_retry(RetryPolicy { initial_backoff: wait, ..RetryPolicy::default() }));
    let begun = Instant::now();
    assert_eq!(ask::<H>(&client).expect("the retry succeeds"), "Example");
    assert!(begun.elapsed() >= wait / 2, "the policy leaves at least half of it");
}
