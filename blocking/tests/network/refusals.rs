//! Responses that come before the request was sent: they are the outcome, and end the sending.

use std::{
    net::{Shutdown, TcpListener},
    time::Duration,
};

use teamwire_blocking::{Body, FaultKind, Timeout};

use crate::support::{File, ME, Server, accept, as_is, fault, posting, response};

/// Larger than what the operating system holds on its way.
const LARGE: usize = 32 << 20;

const REFUSALS: [&str; 3] = [
    "HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig",
    "HTTP/1.1 413 Too Large\r\nconnection: close\r\n\r\nbig",
    "HTTP/1.1 103 Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 413 Too Large\r\ntransfer-encoding: chunked\r\n\r\n3\r\nbig\r\n0\r\n\r\n",
];

fn bodies() -> [(Option<File>, Body); 2] {
    let file = File::new(LARGE);
    let body = file.body();
    [(None, Body::from(vec![b'x'; LARGE])), (Some(file), body)]
}

/// A server that refuses a request after its head; then it closes the connection, or waits until the client does.
fn refusing(refusal: &'static str, closes: bool, asks: bool) -> Server {
    Server::new(move |listener: &TcpListener| {
        let mut peer = accept(listener);
        if peer.head().header("expect").is_empty() == asks {
            peer.body(100_000);
        }
        peer.send(refusal);
        if !closes && refusal.contains("close") {
            peer.stream.shutdown(Shutdown::Write).expect("it is connected");
        }
        if !closes {
            peer.until_closed();
        }
        drop(peer);
        accept(listener).serve(200, ME);
    })
}

#[test]
fn a_refusal_after_the_head_is_the_response() {
    for refusal in REFUSALS {
        for closes in [true, false] {
            for (_file, body) in bodies() {
                let server = refusing(refusal, closes, false);
                let client = server.client();
                let answer = response(&client, posting(body));
                assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (413, b"big".as_slice()));
                response(&client, as_is);
                server.done();
            }
        }
    }
}

#[test]
fn a_refusal_in_the_middle_of_the_body_is_the_response() {
    for refusal in REFUSALS {
        for closes in [true, false] {
            let server = refusing(refusal, closes, true);
            let client = server.client();
            let answer = response(&client, posting(Body::from(vec![b'x'; LARGE])));
            assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (413, b"big".as_slice()));
            response(&client, as_is);
            server.done();
        }
    }
}

#[test]
fn what_is_not_http_ends_the_sending_too() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.head();
        peer.send("SSH-2.0-OpenSSH_9.6\r\n");
        peer.until_closed();
    });
    let fault = fault(&server.client(), posting(Body::from(vec![b'x'; LARGE])));
    assert_eq!((fault.kind, fault.sent), (FaultKind::Protocol, true), "{fault}");
    server.done();
}

#[test]
fn a_server_that_closes_without_a_response_is_lost() {
    for closes in [true, false] {
        let server = Server::new(move |listener| {
            let mut peer = accept(listener);
            peer.head();
            peer.send("HTTP/1.1 413 Too La");
            if !closes {
                peer.stream.shutdown(Shutdown::Write).expect("it is connected");
                peer.until_closed();
            }
        });
        let fault = fault(&server.client(), |exchange| {
            posting(Body::from(vec![b'x'; LARGE]))(exchange);
            exchange.timeout = Timeout::Inactivity(Duration::from_secs(60));
        });
        assert_eq!((fault.kind, fault.sent, fault.received), (FaultKind::Lost, true, 0), "{fault}");
        server.done();
    }
}

#[test]
fn half_of_a_success_is_not_taken_for_a_whole_one() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhalf");
    });
    let fault = fault(&server.client(), posting(Body::from(vec![b'x'; LARGE])));
    assert_eq!((fault.kind, fault.sent), (FaultKind::Lost, true), "{fault}");
    server.done();
}
