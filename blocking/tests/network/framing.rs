//! Responses in all the forms that RFC 9110 and 9112 have a client accept.

use teamwire_blocking::{Body, FaultKind};

use crate::support::{ME, Server, accept, as_is, fault, posting, response};

/// Serves this response, in pieces of this length, and another one over the same connection.
fn served(answer: &str, piece: usize) -> Server {
    let answer = answer.to_owned();
    Server::new(move |listener| {
        let mut peer = accept(listener);
        peer.request();
        for piece in answer.as_bytes().chunks(piece) {
            peer.send(piece);
        }
        peer.serve(200, ME);
    })
}

#[test]
fn interim_responses_are_passed_over_whatever_they_say() {
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nx-powered-by: y\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </a>,\r\n </b>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
    ] {
        for piece in [1, 7, 1_000] {
            let server = served(&format!("{interim}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"), piece);
            let client = server.client();
            assert_eq!(response(&client, posting(Body::from(b"hello".to_vec()))).body(), b"ok");
            response(&client, as_is);
            server.done();
        }
    }
}

#[test]
fn a_body_in_chunks_is_read_whatever_is_said_beside_them() {
    for body in [
        "2\r\nok\r\n0\r\n\r\n",
        "2;name=\"a value of more than twenty bytes\"\r\nok\r\n0;end\r\n\r\n",
        "00000000000000000000000000000002\r\nok\r\n000\r\n\r\n",
        "2 \r\nok\r\n0\r\nchecksum: abc\r\nother: def\r\n\r\n",
        "1\r\no\r\n1;x\r\nk\r\n0\r\n\r\n",
    ] {
        for piece in [1, 3, 1_000] {
            let server = served(&format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}"), piece);
            let client = server.client();
            assert_eq!(response(&client, as_is).body(), b"ok", "{body}");
            response(&client, as_is);
            server.done();
        }
    }
}

#[test]
fn a_header_in_several_lines_is_one() {
    let answer = "HTTP/1.1 200 OK\r\nx-folded: one\r\n two\r\n\tthree\r\ncontent-length: 2\r\n\r\nok";
    for piece in [1, 1_000] {
        let server = served(answer, piece);
        let client = server.client();
        let answer = response(&client, as_is);
        let folded = answer.headers()["x-folded"].to_str().expect("text");
        assert_eq!(folded.split_whitespace().collect::<Vec<_>>(), ["one", "two", "three"]);
        assert_eq!(answer.body(), b"ok");
        response(&client, as_is);
        server.done();
    }
}

#[test]
fn a_body_with_two_ends_is_read_and_its_connection_is_not_kept() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let server = Server::new(move |listener| {
        let mut peer = accept(listener);
        peer.request();
        peer.send(head);
        peer.until_closed();
        accept(listener).serve(200, ME);
    });
    let client = server.client();
    assert_eq!(response(&client, as_is).body(), b"ok");
    response(&client, as_is);
    server.done();
}

#[test]
fn a_body_in_chunks_is_refused_in_http_1_0() {
    let server = Server::new(move |listener| {
        let mut peer = accept(listener);
        peer.request();
        peer.send("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    });
    let fault = fault(&server.client(), as_is);
    assert_eq!((fault.kind, fault.sent), (FaultKind::Protocol, true), "{fault}");
    server.done();
}

#[test]
fn a_transfer_coding_that_was_not_asked_for_is_named() {
    for coding in ["gzip, chunked", "gzip"] {
        let server = Server::new(move |listener| {
            let mut peer = accept(listener);
            peer.request();
            peer.send(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: {coding}\r\n\r\n2\r\nok\r\n0\r\n\r\n"));
        });
        let fault = fault(&server.client(), as_is);
        assert_eq!((fault.kind, fault.sent), (FaultKind::Protocol, true), "{fault}");
        assert!(fault.to_string().contains("not asked for: gzip"), "{fault}");
        server.done();
    }
}

#[test]
fn a_body_that_is_cut_in_the_middle_of_a_line_is_lost() {
    for body in ["a\r\n0123456789\r", "a\r\n0123456789\r\n1", "a\r\n0123456789\r\n0\r\nx: y"] {
        let server = Server::new(move |listener| {
            let mut peer = accept(listener);
            peer.request();
            peer.send(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}"));
        });
        let fault = fault(&server.client(), as_is);
        assert_eq!((fault.kind, fault.received), (FaultKind::Lost, 10), "{fault}");
        server.done();
    }
}

#[test]
fn a_large_head_is_read_and_one_that_is_too_large_says_so() {
    let padding = |length: usize| format!("x-padding: {}\r\n", "x".repeat(length - 13));
    let head = |lines: usize, rest| format!("{}{}", padding(1_000).repeat(lines), padding(rest));
    for (lines, kind, why) in [
        (head(64, 1_000), None, ""),
        (head(65, 1_000), Some(FaultKind::TooLarge), "more than 65536 bytes"),
        ("x: y\r\n".repeat(120), None, ""),
        ("x: y\r\n".repeat(200), Some(FaultKind::Protocol), "too many headers"),
    ] {
        let server = Server::new(move |listener| {
            let mut peer = accept(listener);
            peer.request();
            peer.send(format!("HTTP/1.1 200 OK\r\n{lines}content-length: 2\r\n\r\nok"));
            peer.until_closed();
        });
        match kind {
            None => assert_eq!(response(&server.client(), as_is).body(), b"ok"),
            Some(kind) => {
                let fault = fault(&server.client(), as_is);
                assert_eq!((fault.kind, fault.sent), (kind, true), "{fault}");
                assert!(fault.to_string().contains(why), "{fault}");
            }
        }
        server.done();
    }
}
