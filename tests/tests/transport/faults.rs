//! Errors of exchanges without a whole response: their kind, whether the request was sent, the number of received
//! bytes, and whether the connection was reused.

use std::io::Read;

use teamwire_core::{
    ErrorKind,
    effect::{Body, TransportErrorKind},
};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{LARGE, Server, ask, client, fault, http_response, me, perform, posting, response, unchanged};

#[executor_test(
    transports,
    hyper = "hyper may notice that a connection is closed before it sends the request",
    blocking_hyper = "hyper may notice that a connection is closed before it sends the request"
)]
fn closed_connection_is_a_loss_of_a_sent_request<H: Harness>() {
    for reads in [true, false] {
        let server = Server::each(move |_, mut peer| {
            if reads {
                peer.request();
            }
        });
        let client = client::<H>(&server);
        let fault = fault::<H>(&client, unchanged);
        let expected = (TransportErrorKind::Disconnected, true, 0, false);
        assert_eq!((fault.kind, fault.sent, fault.received, fault.reused), expected, "{fault}");
        let error = ask::<H>(&client).expect_err("the connection is closed without a response");
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, true));
        assert!(error.to_string().starts_with("me: the connection was lost: "), "{error}");
    }
}

#[executor_test(transports)]
fn cut_response_reports_the_number_of_bytes_received<H: Harness>() {
    for rest in ["content-length: 100\r\n\r\n0123456789", "transfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n"] {
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.request();
            peer.send(me());
            peer.request();
            peer.send(format!("HTTP/1.1 200 OK\r\n{rest}"));
        });
        let client = client::<H>(&server);
        response::<H>(&client, unchanged);
        let fault = fault::<H>(&client, unchanged);
        let expected = (TransportErrorKind::Disconnected, true, 10, true);
        assert_eq!((fault.kind, fault.sent, fault.received, fault.reused), expected, "{fault}");
    }
}

#[executor_test(transports)]
fn cut_response_reports_its_head<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.request();
        peer.send("HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 10\r\n\r\n1234");
    });
    let fault = fault::<H>(&client::<H>(&server), unchanged);
    assert_eq!((fault.kind, fault.received), (TransportErrorKind::Disconnected, 4));
    let head = fault.head.expect("the head had arrived");
    assert_eq!((head.status().as_u16(), head.headers()["retry-after"].as_bytes()), (503, b"7".as_slice()));
}

#[executor_test(transports)]
fn response_cut_anywhere_before_its_end_is_a_loss<H: Harness>() {
    let body = r#"{"uid":"u"}"#;
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4;x=y\r\n{\"ui\r\n7\r\nd\":\"u\"}\r\n0\r\na: b\r\n\r\n";
    let whole = [
        http_response(200, body),
        chunked.to_owned(),
        format!("HTTP/1.1 100 Continue\r\n\r\n{}", http_response(200, body)),
        // A client must not take a cut redirect for a whole one.
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ];
    for whole in whole {
        let sent = whole.clone();
        let server = Server::each(move |number, mut peer| {
            peer.request();
            peer.send(&sent.as_bytes()[..number.min(sent.len())]);
        });
        let client = client::<H>(&server);
        let head = whole.rfind("\r\n\r\n{").map_or(whole.len(), |at| at + 4);
        for length in 0..whole.len() {
            let sent = &whole[..length];
            let fault = match perform::<H>(&client, unchanged) {
                Err(fault) => fault,
                // The last chunk makes the body complete (RFC 9112, section 8), with or without trailers.
                Ok(response) if sent.contains("\r\n0\r\n") && sent.ends_with("\r\n") => {
                    assert_eq!(response.body(), body.as_bytes(), "{sent:?}");
                    continue;
                }
                Ok(response) => panic!("{sent:?}: {response:?}"),
            };
            let place = format!("{sent:?}: {fault}");
            assert_eq!(
                (fault.kind, fault.sent, fault.reused),
                (TransportErrorKind::Disconnected, true, false),
                "{place}"
            );
            if !whole.contains("chunked") {
                assert_eq!(fault.received, length.saturating_sub(head) as u64, "{place}");
            }
        }
        let response = response::<H>(&client, unchanged);
        assert!(response.status() == 302 || response.body() == body.as_bytes());
    }
}

#[executor_test(transports)]
fn body_without_a_length_ends_with_its_connection<H: Harness>() {
    for version in ["1.0", "1.1"] {
        let server = Server::each(move |_, mut peer| {
            peer.request();
            peer.send(format!("HTTP/{version} 200 OK\r\n\r\n0123456789"));
        });
        let client = client::<H>(&server);
        for requests in 1..=2 {
            assert_eq!(response::<H>(&client, unchanged).body(), b"0123456789");
            assert_eq!(server.connections(), requests);
        }
    }
}

#[executor_test(transports)]
fn body_without_a_length_that_ends_with_a_reset_is_cut<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        // The second half of the request is never read, so that the end of the connection is a reset.
        peer.stream.read_exact(&mut [0; 16]).expect("the client sends a request");
        peer.send("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789");
    });
    let fault = fault::<H>(&client::<H>(&server), unchanged);
    assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Disconnected, true), "{fault}");
}

#[executor_test(
    transports,
    hyper = "hyper takes a reset for the loss of a response that ends with its connection",
    blocking_hyper = "hyper takes a reset for the loss of a response that ends with its connection"
)]
fn failure_that_ends_with_a_reset_is_the_response<H: Harness>() {
    for (status, is_response) in [(403, true), (417, true), (200, false)] {
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.head();
            // A part of the request has arrived and is left unread, so that the end of the connection is a reset.
            peer.wait_for_bytes();
            peer.send(format!("HTTP/1.1 {status} Reason\r\nconnection: close\r\n\r\nno"));
        });
        let result = perform::<H>(&client::<H>(&server), posting(Body::from(vec![b'x'; LARGE])));
        match result {
            Ok(response) => assert_eq!((is_response, response.status().as_u16()), (true, status)),
            Err(fault) => assert_eq!((is_response, fault.kind), (false, TransportErrorKind::Disconnected), "{fault}"),
        }
    }
}
