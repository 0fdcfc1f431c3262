//! Interim responses, and files that are announced before they are sent.

use std::{
    io,
    sync::{Mutex, mpsc},
    time::Duration,
};

use teamwire_async_std::{Body, Client, Fault, Progress, Response, Runtime};

use crate::support::{Folder, Peer, Probe, Server, answer, client, config, pattern, perform};

const LENGTH: usize = 200_000;

fn upload<R: Runtime>(client: &Client<R>, folder: &Folder, length: usize) -> Result<Response, Fault> {
    let path = folder.file("file", pattern(length));
    perform(client, |exchange| {
        *exchange.request.method_mut() = http::Method::POST;
        *exchange.request.body_mut() = Body::File { path, length: length as u64, may_grow: false };
    })
}

fn sends_nothing(peer: &mut Peer) -> bool {
    peer.stream.set_read_timeout(Some(Duration::from_millis(150))).expect("a socket");
    let peeked = peer.stream.peek(&mut [0]);
    peer.stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
    peeked.is_err_and(|error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
}

#[test]
fn early_hints_do_not_ask_for_the_file() {
    for (interim, asks) in [
        ("HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n", false),
        ("HTTP/1.1 102 Processing\r\n\r\n", false),
        ("HTTP/1.1 100 Continue\r\nserver: x\r\nlink: a\r\n b\r\n\r\n", true),
    ] {
        let server = Server::start(move |_, mut peer| {
            let Some(head) = peer.head() else { return };
            peer.send(interim);
            if !asks {
                assert!(sends_nothing(&mut peer), "{interim:?}");
                peer.send("HTTP/1.1 100 Continue\r\n\r\n");
            }
            let body = peer.body(head.length()).expect("the file");
            peer.send(answer(200, &body.len().to_string()));
        });
        // The file is sent because the server asks for it, and not because the time is over.
        let probe = Probe { is_timeless: true, ..Probe::default() };
        let client = probe.client(config(&server.url()));
        let response = upload(&client, &Folder::new(), LENGTH).expect("a response");
        assert_eq!(response.into_body(), LENGTH.to_string().into_bytes());
        drop(client);
    }
}

#[test]
fn interim_responses_with_fields_are_skipped_before_every_response() {
    let interim = "HTTP/1.1 100 Continue\r\nx: y\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let server =
        Server::start(
            move |_, mut peer| {
                while peer.request().is_some_and(|_| peer.send(format!("{interim}{}", answer(200, "{}")))) {}
            },
        );
    let client = client(&server);
    for _ in 0..2 {
        let response = perform(&client, |exchange| {
            *exchange.request.method_mut() = http::Method::POST;
            *exchange.request.body_mut() = Body::from(pattern(10));
        });
        assert_eq!(response.expect("a response").into_body(), b"{}");
    }
    assert_eq!(server.connections(), 1);
    drop(client);
}

/// Refuses every expectation, after this much of the body.
fn expects_nothing(after: usize) -> Server {
    Server::start(move |_, mut peer| {
        while let Some(head) = peer.head() {
            if head.header("expect").is_none() {
                let body = peer.body(head.length()).expect("the whole file");
                peer.send(answer(200, if body == pattern(LENGTH) { "whole" } else { "another" }));
                continue;
            }
            if after > 0 {
                peer.send("HTTP/1.1 100 Continue\r\n\r\n");
                peer.body(after).expect("some of the file");
            }
            peer.send("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n");
            if peer.body(head.length() - after).is_none() {
                return;
            }
        }
    })
}

#[test]
fn an_expectation_that_fails_is_given_up() {
    for after in [0, 70_000] {
        let server = expects_nothing(after);
        let client = client(&server);
        let (tell, told) = mpsc::channel();
        let tell = Mutex::new(tell);
        let folder = Folder::new();
        let path = folder.file("file", pattern(LENGTH));
        let response = perform(&client, |exchange| {
            *exchange.request.method_mut() = http::Method::POST;
            *exchange.request.body_mut() = Body::File { path, length: LENGTH as u64, may_grow: false };
            exchange.progress = Some(Progress::new(move |it| {
                tell.lock().expect("nobody panicked").send(it.bytes).expect("the test listens");
            }));
        });
        assert_eq!(response.expect("a response to the second request").into_body(), b"whole");
        let told: Vec<u64> = told.try_iter().collect();
        assert_eq!(told.last(), Some(&(LENGTH as u64)), "{told:?}");
        drop(client);
    }
}

#[test]
fn where_nothing_was_expected_the_refusal_is_the_response() {
    let server = Server::start(|_, mut peer| while peer.request().is_some_and(|_| peer.send(answer(417, ""))) {});
    let client = client(&server);
    assert_eq!(upload(&client, &Folder::new(), 10).expect("a response").status(), 417);
    // The second response is the last, whatever it is.
    assert_eq!(upload(&client, &Folder::new(), LENGTH).expect("a response").status(), 417);
    drop(client);
}
