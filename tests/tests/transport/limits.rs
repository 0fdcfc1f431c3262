//! Limits on the memory for a response.

use teamwire_core::{Error, ErrorKind, config::Limits, effect::TransportErrorKind};
use teamwire_tests::{executor_test, harness::Harness};

use crate::{
    framing::CHUNKED,
    support::{Server, client, config, fault, response, unchanged},
};

#[executor_test(
    transports,
    hyper = "hyper rejects the largest length as too large a head",
    blocking_hyper = "hyper rejects the largest length as too large a head"
)]
fn announced_length_above_the_limit_is_refused_at_once<H: Harness>() {
    for length in [1_001, 3_000_000_000, u64::MAX] {
        // The body never comes.
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.request();
            peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n"));
            peer.wait_for_end();
        });
        let fault = fault::<H>(&client::<H>(&server), |exchange| exchange.limit = 1_000);
        assert_eq!((fault.kind, fault.sent, fault.received), (TransportErrorKind::TooLarge, true, 0), "{fault}");
        let error = Error::from(fault);
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
        assert!(error.to_string().contains("more than 1000 bytes"), "{error}");
    }
}

#[executor_test(transports)]
fn body_of_unknown_length_is_refused_beyond_the_limit<H: Harness>() {
    for (head, piece) in [(CHUNKED, "a\r\n0123456789\r\n"), ("HTTP/1.1 200 OK\r\n\r\n", "0123456789")] {
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.request();
            peer.send(head);
            while peer.send(piece) {}
        });
        let fault = fault::<H>(&client::<H>(&server), |exchange| exchange.limit = 1_000);
        let expected = (TransportErrorKind::TooLarge, true, 1_000);
        assert_eq!((fault.kind, fault.sent, fault.received), expected, "{fault}");
    }
}

#[executor_test(transports)]
fn body_of_exactly_the_limit_is_accepted<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.serve(200, "0123456789");
        peer.request();
        peer.send(format!("{CHUNKED}a\r\n0123456789\r\n0\r\n\r\n"));
        peer.serve(200, "01234567890");
    });
    let limits = Limits { max_response_size: 10, ..Limits::default() };
    let client = H::connect(config(&server.url()).with_limits(limits));
    for _ in 0..2 {
        assert_eq!(response::<H>(&client, unchanged).body(), b"0123456789");
    }
    assert_eq!(fault::<H>(&client, unchanged).kind, TransportErrorKind::TooLarge);
}

#[executor_test(
    transports,
    hyper = "hyper rejects the largest length as too large a head",
    blocking_hyper = "hyper rejects the largest length as too large a head"
)]
fn announced_length_allocates_nothing<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.request();
        peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nx", u64::MAX));
    });
    let limits = Limits { max_response_size: u64::MAX, ..Limits::default() };
    let client = H::connect(config(&server.url()).with_limits(limits));
    let fault = fault::<H>(&client, unchanged);
    assert_eq!((fault.kind, fault.received), (TransportErrorKind::Disconnected, 1), "{fault}");
}

#[executor_test(
    transports,
    hyper = "hyper limits its buffer, and not the head",
    blocking_hyper = "hyper limits its buffer, and not the head"
)]
fn head_of_the_maximum_size_is_read_and_a_larger_one_refused<H: Harness>() {
    let padding = |length: usize| format!("x-padding: {}\r\n", "x".repeat(length - 13));
    let head = |lines: usize, rest| format!("{}{}", padding(1_000).repeat(lines), padding(rest));
    for (lines, refusal) in [
        (head(64, 1_000), None),
        (head(65, 1_000), Some((TransportErrorKind::TooLarge, "too large"))),
        ("x: y\r\n".repeat(120), None),
        ("x: y\r\n".repeat(200), Some((TransportErrorKind::Protocol, "header"))),
    ] {
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.request();
            peer.send(format!("HTTP/1.1 200 OK\r\n{lines}content-length: 2\r\n\r\nok"));
            peer.wait_for_end();
        });
        let client = client::<H>(&server);
        match refusal {
            None => assert_eq!(response::<H>(&client, unchanged).body(), b"ok"),
            Some((kind, words)) => {
                let fault = fault::<H>(&client, unchanged);
                assert_eq!((fault.kind, fault.sent), (kind, true), "{fault}");
                assert!(fault.to_string().contains(words), "{fault}");
            }
        }
    }
}
