//! Responses that arrive before the request has been sent: they end the request and are its outcome.

use std::{sync::mpsc, time::Duration};

use teamwire_core::effect::{Body, Part, Timeout, TransportErrorKind};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{Folder, LARGE, Server, client, fault, file, me, posting, response, unchanged};

const REFUSALS: [&str; 3] = [
    "HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig",
    "HTTP/1.1 413 Too Large\r\nconnection: close\r\n\r\nbig",
    "HTTP/1.1 103 Hints\r\nlink: </a>\r\n\r\n\
     HTTP/1.1 413 Too Large\r\ntransfer-encoding: chunked\r\n\r\n3\r\nbig\r\n0\r\n\r\n",
];

/// The same bytes from memory, from a file, and from several parts.
fn bodies(folder: &Folder) -> [Body; 3] {
    let path = folder.file("file", vec![b'x'; LARGE]);
    let (half, bytes) = (folder.file("half", vec![b'x'; LARGE / 2 - 10]), Part::bytes(vec![b'x'; 10]));
    let half = Part::file(half, LARGE as u64 / 2 - 10);
    let parts = [bytes.clone(), half.clone(), bytes, half];
    [Body::from(vec![b'x'; LARGE]), file(&path, LARGE), parts.into_iter().collect()]
}

/// A server that rejects a request after its head, or in the middle of its body, and then closes the connection or
/// waits until the client closes it. It serves another request over another connection.
fn refusing(refusal: &'static str, closes: bool, in_the_middle: bool) -> Server {
    Server::script(move |listener| {
        let mut peer = listener.accept();
        let is_asked = peer.head().header("expect").is_some();
        if in_the_middle {
            if is_asked {
                peer.send("HTTP/1.1 100 Continue\r\n\r\n");
            }
            peer.body(100_000);
        }
        peer.send(refusal);
        if !closes {
            if refusal.contains("close") {
                peer.end_sending();
            }
            peer.wait_for_end();
        }
        drop(peer);
        let mut peer = listener.accept();
        peer.request();
        peer.send(me());
    })
}

fn assert_is_the_response<H: Harness>(in_the_middle: bool) {
    let folder = Folder::new();
    for refusal in REFUSALS {
        for closes in [true, false] {
            for body in bodies(&folder) {
                let server = refusing(refusal, closes, in_the_middle);
                let client = client::<H>(&server);
                let received = response::<H>(&client, posting(body));
                assert_eq!(
                    (received.status().as_u16(), received.body().as_slice()),
                    (413, b"big".as_slice()),
                    "{refusal}"
                );
                response::<H>(&client, unchanged);
            }
        }
    }
}

#[executor_test(
    transports,
    hyper = "hyper takes a reset for the loss of a response that ends with its connection",
    blocking_hyper = "hyper takes a reset for the loss of a response that ends with its connection"
)]
fn refusal_after_the_head_is_the_response<H: Harness>() {
    assert_is_the_response::<H>(false);
}

#[executor_test(
    transports,
    hyper = "hyper takes a reset for the loss of a response that ends with its connection",
    blocking_hyper = "hyper takes a reset for the loss of a response that ends with its connection"
)]
fn refusal_in_the_middle_of_the_body_is_the_response<H: Harness>() {
    assert_is_the_response::<H>(true);
}

#[executor_test(transports)]
fn refusal_is_received_if_the_body_is_not_read<H: Harness>() {
    let (received, is_received) = mpsc::channel::<()>();
    let server = Server::script(move |listener| {
        let mut peer = listener.accept();
        peer.head();
        peer.send("HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nless");
        // The server reads no further byte and keeps the connection, so the client cannot send the rest.
        is_received.recv().expect_err("the test drops the other end");
        let mut next = listener.accept();
        next.request();
        next.send(me());
    });
    let client = client::<H>(&server);
    let rejected = response::<H>(&client, posting(Body::from(vec![b'x'; LARGE])));
    assert_eq!((rejected.status().as_u16(), rejected.body().as_slice()), (413, b"less".as_slice()));
    drop(received);
    // The rest of the request was never sent, so the connection cannot be reused.
    response::<H>(&client, unchanged);
    assert_eq!(server.connections(), 2);
}

#[executor_test(transports)]
fn end_without_a_whole_response_is_a_loss<H: Harness>() {
    for closes in [true, false] {
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.head();
            peer.send("HTTP/1.1 413 Too La");
            if !closes {
                peer.end_sending();
                peer.wait_for_end();
            }
        });
        let fault = fault::<H>(&client::<H>(&server), |exchange| {
            posting(Body::from(vec![b'x'; LARGE]))(exchange);
            exchange.timeout = Timeout::Idle(Duration::from_secs(60));
        });
        assert_eq!((fault.kind, fault.sent, fault.received), (TransportErrorKind::Disconnected, true, 0), "{fault}");
    }
}

#[executor_test(transports)]
fn early_success_that_ends_with_a_reset_is_cut<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.head();
        // Unread bytes turn the end of the connection into a reset.
        peer.wait_for_bytes();
        peer.send("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhalf");
    });
    let fault = fault::<H>(&client::<H>(&server), posting(Body::from(vec![b'x'; LARGE])));
    assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Disconnected, true), "{fault}");
}
