//! Files that are sent with `Expect: 100-continue`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use teamwire_core::effect::{Timeout, TransportErrorKind};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{
    CONTINUE, Folder, LARGE, Server, client, fault, file, me, observed, observed_by, pattern, posting, response,
    unchanged,
};

const LENGTH: usize = 300_000;

#[executor_test(adapters)]
fn small_file_is_sent_at_once<H: Harness>() {
    let lengths = [5, 5, 5, 0, 64 << 10];
    let server = Server::script(move |listener| {
        let mut peer = listener.accept();
        for length in lengths {
            let request = peer.serve(200, "{}");
            assert_eq!(request.header("expect"), None, "{}", request.head);
            assert!(request.body == pattern(length), "{length} bytes");
            assert!(length > 5 || request.reads == 1, "in one piece");
        }
    });
    let (client, folder) = (client::<H>(&server), Folder::new());
    for length in lengths {
        response::<H>(&client, posting(file(&folder.file("file", pattern(length)), length)));
    }
}

#[executor_test(adapters)]
fn large_file_is_sent_when_the_server_asks_for_it<H: Harness>() {
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nserver: x\r\nlink: a\r\n b\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n b\r\n\r\n\
         HTTP/1.1 100\r\nx: y\r\n\r\n",
    ] {
        for cut in [1, 30, interim.len()] {
            let asked = Arc::new(AtomicBool::new(false));
            let asks = asked.clone();
            let server = Server::script(move |listener| {
                let mut peer = listener.accept();
                for _ in 0..2 {
                    assert_eq!(peer.head().header("expect"), Some("100-continue"));
                    let (first, rest) = interim.split_at(cut.min(interim.len()));
                    asks.fetch_or(rest.is_empty(), Ordering::SeqCst);
                    peer.send(first);
                    asks.store(true, Ordering::SeqCst);
                    peer.send(rest);
                    assert!(peer.body(LENGTH) == pattern(LENGTH));
                    peer.send(me());
                }
            });
            let (client, folder) = (client::<H>(&server), Folder::new());
            let path = folder.file("file", pattern(LENGTH));
            for _ in 0..2 {
                asked.store(false, Ordering::SeqCst);
                let asked = asked.clone();
                let is_asked = move |_| assert!(asked.load(Ordering::SeqCst), "before the server asks for it");
                response::<H>(&client, posting(observed_by(is_asked, &file(&path, LENGTH))));
            }
        }
    }
}

#[executor_test(adapters)]
fn large_file_is_sent_to_a_server_that_does_not_ask<H: Harness>() {
    for (interim, late) in [("", CONTINUE), ("HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n", "")] {
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.head();
            peer.send(interim);
            peer.body(LENGTH);
            peer.send(late);
            for _ in 0..2 {
                peer.send(me());
                peer.try_request();
            }
        });
        let (client, folder) = (client::<H>(&server), Folder::new());
        let path = folder.file("file", pattern(LENGTH));
        let begun = Instant::now();
        response::<H>(&client, posting(file(&path, LENGTH)));
        assert!(begun.elapsed() >= Duration::from_secs(1), "the server has a second to ask: {:?}", begun.elapsed());
        response::<H>(&client, unchanged);
        assert_eq!(server.connections(), 1);
    }
}

#[executor_test(adapters)]
fn final_response_instead_of_100_ends_the_request<H: Harness>() {
    for closes in [true, false] {
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            assert_eq!(peer.head().length(), LENGTH);
            peer.respond(401, "no");
            if !closes {
                assert_eq!(peer.try_body(1), None, "a byte of the file comes");
            }
            drop(peer);
            let mut peer = listener.accept();
            peer.request();
            peer.send(me());
        });
        let (client, folder) = (client::<H>(&server), Folder::new());
        let path = folder.file("file", pattern(LENGTH));
        let body = observed_by(|moved| panic!("{moved:?} although it is refused"), &file(&path, LENGTH));
        let received = response::<H>(&client, |exchange| {
            posting(body)(exchange);
            exchange.timeout = Timeout::Total(Duration::from_secs(60));
        });
        assert_eq!((received.status().as_u16(), received.body().as_slice()), (401, b"no".as_slice()));
        response::<H>(&client, unchanged);
        assert_eq!(server.connections(), 2);
    }
}

#[executor_test(adapters)]
fn refusal_after_100_is_the_response<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.head();
        peer.send(CONTINUE);
        peer.body(100_000);
        peer.respond(413, "big");
    });
    let folder = Folder::new();
    let path = folder.file("file", vec![0; LARGE]);
    assert_eq!(response::<H>(&client::<H>(&server), posting(file(&path, LARGE))).status(), 413);
}

/// Rejects every expectation after this part of the body, and serves requests without one.
fn refuses_expectations(after: usize) -> Server {
    Server::each(move |_, mut peer| {
        while let Some(head) = peer.try_head() {
            assert_eq!(head.headers("authorization").len(), 1);
            if head.header("expect").is_none() {
                let is_whole = peer.body(head.length()) == pattern(head.length());
                peer.respond(200, if is_whole { "whole" } else { "another" });
                continue;
            }
            if after > 0 {
                peer.send(CONTINUE);
                peer.body(after);
            }
            peer.send("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n");
            if peer.try_body(head.length() - after).is_none() {
                return;
            }
        }
    })
}

#[executor_test(adapters)]
fn refused_expectation_is_not_repeated<H: Harness>() {
    for after in [0, 70_000] {
        let server = refuses_expectations(after);
        let (client, folder) = (client::<H>(&server), Folder::new());
        let path = folder.file("file", pattern(LENGTH));
        let (observer, reported) = observed();
        let received = response::<H>(&client, posting(observed_by(observer, &file(&path, LENGTH))));
        assert_eq!((received.status().as_u16(), received.body().as_slice()), (200, b"whole".as_slice()));
        let reported: Vec<_> = reported.try_iter().map(|moved| moved.bytes).collect();
        // The progress starts again with the second request.
        assert!(after > 0 || reported.is_sorted(), "{reported:?}");
        assert_eq!(reported.last(), Some(&(LENGTH as u64)), "{reported:?}");
        response::<H>(&client, unchanged);
    }
}

#[executor_test(adapters)]
fn connection_is_reused_after_a_417_to_the_whole_request<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        for (expects, status) in [(true, 417), (false, 200)] {
            let head = peer.head();
            assert_eq!(head.header("expect").is_some(), expects);
            // The client waits for a moment, and then sends it without permission.
            peer.body(head.length());
            peer.respond(status, "");
        }
    });
    let (client, folder) = (client::<H>(&server), Folder::new());
    let path = folder.file("file", pattern(LENGTH));
    assert_eq!(response::<H>(&client, posting(file(&path, LENGTH))).status(), 200);
}

#[executor_test(adapters)]
fn second_417_is_the_response<H: Harness>() {
    let server = Server::each(|_, mut peer| {
        while let Some(head) = peer.try_head() {
            peer.send("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 5\r\n\r\nwhat?");
            if head.header("expect").is_some() || peer.try_body(head.length()).is_none() {
                return;
            }
        }
    });
    let (client, folder) = (client::<H>(&server), Folder::new());
    let path = folder.file("file", pattern(LENGTH));
    assert_eq!(response::<H>(&client, posting(file(&path, LENGTH))).status(), 417);
    assert_eq!(server.connections(), 2);
    // Without an expectation, the progress is that of the first request.
    let path = folder.file("small", pattern(10));
    assert_eq!(response::<H>(&client, posting(file(&path, 10))).status(), 417);
}

#[executor_test(adapters)]
fn failure_after_an_announcement_is_no_417<H: Harness>() {
    let server = Server::script(|listener| {
        listener.accept().head();
    });
    let (client, folder) = (client::<H>(&server), Folder::new());
    let path = folder.file("file", pattern(LENGTH));
    let fault = fault::<H>(&client, posting(file(&path, LENGTH)));
    assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Disconnected, true), "{fault}");
    assert_eq!(server.connections(), 1);
}
