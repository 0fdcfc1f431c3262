//! Responses in all forms that clients have to accept by RFC 9110 and 9112.

use std::{thread, time::Duration};

use teamwire_core::effect::{Exchange, Timeout, TransportErrorKind};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{Server, client, fault, response, unchanged};

pub(crate) const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// Responses with the body `hello` that leave their connection reusable.
pub(crate) fn forms() -> Vec<String> {
    let long = "x".repeat(3_000);
    let mut forms: Vec<_> = [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nfolded: a\r\n b\r\n\tc\r\ncontent-length:\r\n 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 05\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello",
        "HTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 \r\nContent-Length:5\r\n\r\nhello",
        "HTTP/1.1 200 OK\nx: y\ncontent-length: 5\n\nhello",
        "\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "\r\n\r\n\n\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: </x>\r\n\r\n\
         HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    ]
    .map(str::to_owned)
    .into();
    forms.extend(
        [
            "5\r\nhello\r\n0\r\n\r\n",
            "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n",
            "2;ext=1\r\nhe\r\n3;x\r\nllo\r\n0;end\r\ntrailer: x\r\nother: y\r\n\r\n",
            "5;name=\"a value of more than twenty bytes\"\r\nhello\r\n0\r\n\r\n",
            "5 \r\nhello\r\n0\r\nchecksum: abc\r\n\r\n",
            &format!("00000000000000000000000000005 \r\nhello\r\n000\r\ntrailer: {long}\r\nx:\r\n\r\n"),
            &format!("5\r\nhello\r\n0;{long}\r\n\r\n"),
        ]
        .map(|body| format!("{CHUNKED}{body}")),
    );
    forms
}

#[executor_test(transports)]
fn response_of_every_form_is_read_and_its_connection_kept<H: Harness>() {
    for form in forms() {
        let server = Server::always(form.clone());
        let client = client::<H>(&server);
        for _ in 0..3 {
            assert_eq!(response::<H>(&client, unchanged).body(), b"hello", "{form}");
        }
        assert_eq!(server.connections(), 1, "{form}");
    }
}

#[executor_test(transports)]
fn response_of_every_form_may_arrive_in_pieces<H: Harness>() {
    for form in forms() {
        for length in [1, 7] {
            let whole = form.clone();
            let server = Server::each(move |_, mut peer| {
                while peer.try_request().is_some() {
                    for piece in whole.as_bytes().chunks(length) {
                        peer.send(piece);
                        thread::yield_now();
                    }
                }
            });
            let client = client::<H>(&server);
            // On a busy machine, each piece waits for its turn.
            let patient = |exchange: &mut Exchange| exchange.timeout = Timeout::Total(Duration::from_secs(120));
            for _ in 0..2 {
                assert_eq!(response::<H>(&client, patient).body(), b"hello", "{form}");
            }
            assert_eq!(server.connections(), 1, "{form}");
        }
    }
}

#[executor_test(transports)]
fn header_in_several_lines_is_one<H: Harness>() {
    let server = Server::always("HTTP/1.1 200 OK\r\nx-folded: one\r\n two\r\n\tthree\r\ncontent-length: 2\r\n\r\nok");
    let client = client::<H>(&server);
    let response = response::<H>(&client, unchanged);
    let folded = response.headers()["x-folded"].to_str().expect("it is text");
    assert_eq!(folded.split_whitespace().collect::<Vec<_>>(), ["one", "two", "three"]);
}

#[executor_test(
    transports,
    hyper = "hyper keeps a connection whose response has both a length and chunks",
    blocking_hyper = "hyper keeps a connection whose response has both a length and chunks"
)]
fn ambiguous_response_is_read_and_ends_its_connection<H: Harness>() {
    for form in [
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: identity\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 204 None\r\ncontent-length: 5\r\n\r\n",
        "HTTP/1.1 204 None\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 204 None\r\n\r\nhello",
    ] {
        // The server leaves the connection open, so the client has to close it.
        let server = Server::always(form);
        let client = client::<H>(&server);
        for requests in 1..=2 {
            let response = response::<H>(&client, unchanged);
            let expected: &[u8] = if response.status() == 204 { b"" } else { b"hello" };
            assert_eq!(response.body().as_slice(), expected, "{form}");
            assert_eq!(server.connections(), requests, "{form}");
        }
    }
}

#[executor_test(transports)]
fn chunked_body_that_is_cut_within_a_line_is_lost<H: Harness>() {
    for body in ["a\r\n0123456789\r", "a\r\n0123456789\r\n1", "a\r\n0123456789\r\n0\r\nx: y"] {
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.request();
            peer.send(format!("{CHUNKED}{body}"));
        });
        let fault = fault::<H>(&client::<H>(&server), unchanged);
        assert_eq!((fault.kind, fault.received), (TransportErrorKind::Disconnected, 10), "{fault}");
    }
}
