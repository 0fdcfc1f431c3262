//! Endless responses: every exchange ends in time.

use std::{
    io::Read,
    thread,
    time::{Duration, Instant},
};

use teamwire_core::effect::{Body, Timeout, TransportErrorKind};
use teamwire_tests::{executor_test, harness::Harness};

use crate::{
    framing::CHUNKED,
    support::{LARGE, Server, client, fault, posting, within},
};

const LIMIT: Duration = Duration::from_millis(300);
/// Maximum duration of an exchange, for a busy machine.
const AMPLE: Duration = Duration::from_secs(30);

/// A server that sends `head`, and then repeats a piece, several at a time, for as long as the client reads.
fn endless(begin: String, again: &'static str, at_once: usize) -> Server {
    Server::script(move |listener| {
        let mut peer = listener.accept();
        // On a busy machine, the timeout may pass before the request was sent.
        if peer.try_request().is_none() {
            return;
        }
        peer.send(begin);
        let again = again.repeat(at_once);
        while !again.is_empty() && peer.send(&again) {}
        peer.wait_for_end();
    })
}

/// Endless responses, and the errors that they may cause: if two limits are close, the adapters may reach either one
/// first.
fn all() -> [(String, &'static str, Option<TransportErrorKind>); 15] {
    let (too_large, protocol) = (Some(TransportErrorKind::TooLarge), Some(TransportErrorKind::Protocol));
    [
        (String::new(), "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", protocol),
        (String::new(), "HTTP/1.1 100 Continue\r\n\r\n", protocol),
        (String::new(), "HTTP/1.1 102 Processing\r\n\r\n", protocol),
        (String::new(), "\r\n", None),
        ("HTTP/1.1 200 ".into(), "x", too_large),
        ("HTTP/1.1 200 OK\r\n".into(), "x: y\r\n", too_large),
        ("HTTP/1.1 200 OK\r\nx: ".into(), "y", too_large),
        ("HTTP/1.1 200 OK\r\n\r\n".into(), "y", too_large),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n".into(), "y", too_large),
        (CHUNKED.into(), "1\r\ny\r\n", too_large),
        (CHUNKED.into(), "1;ext\r\ny\r\n", None),
        (CHUNKED.into(), "1", protocol),
        (format!("{CHUNKED}1;"), "y", protocol),
        (format!("{CHUNKED}0\r\n"), "x: y\r\n", protocol),
        (format!("{CHUNKED}0\r\nx: "), "y", protocol),
    ]
}

#[executor_test(transports)]
fn total_time_ends_every_endless_response<H: Harness>() {
    for (begin, again, _) in all() {
        for at_once in [0, 1, 10_000] {
            let server = endless(begin.clone(), again, at_once);
            let begun = Instant::now();
            let fault = fault::<H>(&client::<H>(&server), |exchange| {
                exchange.timeout = Timeout::Total(LIMIT);
                exchange.limit = u64::MAX;
            });
            let took = begun.elapsed();
            let text = format!("{begin:?}, {again:?} x {at_once}: {fault}");
            // Another limit may be reached before.
            let reaches_others = matches!(fault.kind, TransportErrorKind::TooLarge | TransportErrorKind::Protocol);
            assert!(fault.kind == TransportErrorKind::Timeout || at_once > 0 && reaches_others, "{text}");
            assert!(took < LIMIT + AMPLE, "{took:?}: {text}");
        }
    }
}

#[executor_test(
    transports,
    hyper = "hyper passes over any number of interim responses",
    blocking_hyper = "hyper passes over any number of interim responses"
)]
fn size_ends_every_endless_response_that_never_pauses<H: Harness>() {
    for (begin, again, kind) in all() {
        let server = endless(begin.clone(), again, (64 << 10) / again.len());
        let fault = fault::<H>(&client::<H>(&server), |exchange| {
            exchange.timeout = Timeout::Idle(Duration::from_secs(60));
            exchange.limit = 1 << 20;
        });
        let is_limited = matches!(fault.kind, TransportErrorKind::TooLarge | TransportErrorKind::Protocol);
        assert!(is_limited && fault.sent, "{begin:?}, {again:?}: {fault}");
        assert_eq!(fault.kind, kind.unwrap_or(fault.kind), "{begin:?}, {again:?}: {fault}");
    }
}

#[executor_test(transports)]
fn total_time_ends_a_request_that_is_read_slowly<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        let mut piece = vec![0; 64 << 10];
        while peer.stream.read(&mut piece).is_ok_and(|amount| amount > 0) {
            // The test depends on this pace: the whole response would take 10 s.
            thread::sleep(Duration::from_millis(20));
        }
    });
    let begun = Instant::now();
    let fault = fault::<H>(&client::<H>(&server), |exchange| {
        posting(Body::from(vec![b'x'; LARGE]))(exchange);
        exchange.timeout = Timeout::Total(LIMIT);
    });
    assert_eq!(fault.kind, TransportErrorKind::Timeout, "{fault}");
    assert!(begun.elapsed() < LIMIT + AMPLE, "{:?}", begun.elapsed());
}

#[executor_test(transports)]
fn long_poll_is_limited_until_its_head_has_arrived<H: Harness>() {
    let poll = Timeout::LongPoll { head: LIMIT, idle: Duration::from_secs(60) };
    for (begin, again) in [
        ("", ""),
        ("HTTP/1.1 200 OK\r\n", ""),
        ("HTTP/1.1 103 Hints\r\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\n", "x: y\r\n"),
        ("", "HTTP/1.1 102 Processing\r\n\r\n"),
    ] {
        let server = endless(begin.into(), again, 1);
        let begun = Instant::now();
        let fault = fault::<H>(&client::<H>(&server), within(poll));
        assert!(begun.elapsed() < LIMIT + AMPLE, "{:?}", begun.elapsed());
        if again.is_empty() {
            assert_eq!(fault.kind, TransportErrorKind::Timeout, "{fault}");
            assert!(fault.to_string().contains("no response within 300ms"), "{fault}");
        } else {
            let kinds = [TransportErrorKind::Timeout, TransportErrorKind::Protocol, TransportErrorKind::TooLarge];
            assert!(kinds.contains(&fault.kind), "{fault}");
        }
    }
}

#[executor_test(transports)]
fn long_poll_is_limited_by_inactivity_after_its_head<H: Harness>() {
    let poll = Timeout::LongPoll { head: Duration::from_secs(60), idle: LIMIT };
    let server = endless("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun".into(), "", 0);
    let fault = fault::<H>(&client::<H>(&server), within(poll));
    assert_eq!((fault.kind, fault.received), (TransportErrorKind::Timeout, 5), "{fault}");
    assert!(fault.to_string().contains("no bytes transferred for 300ms"), "{fault}");
}
