//! Files that are announced: `Expect: 100-continue`.

use std::{
    io::Read,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use teamwire_blocking::Progress;

use crate::support::{File, ME, Server, accept, as_is, fault, posting, response};

const LARGE: usize = 300_000;

#[test]
fn a_file_of_a_packet_or_two_is_sent_at_once() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        for length in [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 64 << 10] {
            let request = peer.serve(200, ME);
            assert!(request.header("expect").is_empty(), "{}", request.head);
            assert_eq!(request.body.len(), length);
            assert!(length > 5 || request.reads == 1, "in one piece");
        }
    });
    let client = server.client();
    for length in [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 64 << 10] {
        response(&client, posting(File::new(length).body()));
    }
    server.done();
}

#[test]
fn a_file_is_sent_when_the_server_asks_for_it() {
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nx-powered-by: y\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n b\r\n\r\nHTTP/1.1 100\r\nx: y\r\n\r\n",
    ] {
        for cut in [1, 30, interim.len()] {
            let asked = Arc::new(AtomicBool::new(false));
            let asks = asked.clone();
            let server = Server::new(move |listener| {
                let mut peer = accept(listener);
                for _ in 0..2 {
                    assert_eq!(peer.head().header("expect"), ["100-continue"]);
                    let (first, rest) = interim.split_at(cut.min(interim.len()));
                    asks.fetch_or(rest.is_empty(), Ordering::SeqCst);
                    peer.send(first);
                    asks.store(true, Ordering::SeqCst);
                    peer.send(rest);
                    assert!(peer.body(LARGE).iter().all(|byte| *byte == b'x'));
                    peer.answer(200, ME);
                }
            });
            let (client, file) = (server.client(), File::new(LARGE));
            for _ in 0..2 {
                response(&client, |exchange| {
                    posting(file.body())(exchange);
                    let asked = asked.clone();
                    exchange.progress =
                        Some(Progress::new(move |_| assert!(asked.load(Ordering::SeqCst), "before it was asked for")));
                });
            }
            server.done();
        }
    }
}

#[test]
fn a_server_that_does_not_ask_gets_the_file_after_a_while() {
    for interim in ["", "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n"] {
        let server = Server::new(move |listener| {
            let mut peer = accept(listener);
            peer.head();
            peer.send(interim);
            peer.body(LARGE);
            peer.answer(200, ME);
        });
        response(&server.client(), posting(File::new(LARGE).body()));
        server.done();
    }
}

#[test]
fn a_refusal_instead_of_100_is_the_response_and_nothing_is_read_of_the_file() {
    for closes in [true, false] {
        let server = Server::new(move |listener| {
            let mut peer = accept(listener);
            peer.head();
            peer.answer(401, "no");
            if !closes {
                let mut rest = Vec::new();
                peer.stream.read_to_end(&mut rest).expect("the client closes the connection in order");
                assert!(rest.is_empty(), "{} bytes of the file came", rest.len());
            }
        });
        let file = File::new(LARGE);
        let answer = response(&server.client(), |exchange| {
            posting(file.body())(exchange);
            exchange.progress = Some(Progress::new(|moved| panic!("{moved:?} although it was refused")));
        });
        assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (401, b"no".as_slice()));
        server.done();
    }
}

#[test]
fn a_refusal_after_100_is_the_response() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.head();
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        peer.body(100_000);
        peer.answer(413, "big");
    });
    let file = File::new(32 << 20);
    assert_eq!(response(&server.client(), posting(file.body())).status(), 413);
    server.done();
}

#[test]
fn a_server_that_does_not_know_the_question_is_not_asked_again() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        assert_eq!(peer.head().header("expect"), ["100-continue"]);
        peer.answer(417, "what?");
        let mut peer = accept(listener);
        let head = peer.head();
        assert!(head.header("expect").is_empty(), "{}", head.head);
        assert_eq!(head.header("authorization").len(), 1);
        peer.body(LARGE);
        peer.answer(200, ME);
        peer.serve(200, ME);
    });
    let client = server.client();
    let reports = Arc::new(Mutex::new(Vec::new()));
    let seen = reports.clone();
    let file = File::new(LARGE);
    let answer = response(&client, |exchange| {
        posting(file.body())(exchange);
        exchange.progress = Some(Progress::new(move |moved| seen.lock().expect("no panic").push(moved.bytes)));
    });
    assert_eq!(answer.status(), 200);
    let reports = reports.lock().expect("no panic");
    assert!(reports.is_sorted() && reports.last() == Some(&(LARGE as u64)), "{reports:?}");
    response(&client, as_is);
    server.done();
}

#[test]
fn a_second_417_is_the_response() {
    let server = Server::new(|listener| {
        accept(listener).head();
        let mut peer = accept(listener);
        peer.head();
        peer.answer(417, "what?");
        let mut peer = accept(listener);
        peer.head();
        peer.answer(417, "what?");
    });
    let client = server.client();
    let file = File::new(LARGE);
    fault(&client, posting(file.body()));
    assert_eq!(response(&client, posting(file.body())).status(), 417);
    server.done();
}
