//! Forms of responses that few servers use, and those that only look like one.

use teamwire_async_std::{Body, FaultKind};

use crate::{
    support::{Canned, Server, always, client, config, fault, perform},
    tls::{Authority, secured},
};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[test]
fn every_form_that_the_rfcs_allow_is_read_and_the_connection_kept() {
    let long = "x".repeat(3_000);
    for text in [
        format!("{CHUNKED}5;name=\"a longer extension than twenty bytes\"\r\nhello\r\n0;{long}\r\n\r\n"),
        format!("{CHUNKED}00000000000000000000000000005 \r\nhello\r\n000\r\ntrailer: {long}\r\nx:\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nfolded: a\r\n b\r\n\tc\r\ncontent-length:\r\n 5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 05\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 \r\nContent-Length:5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\nx: y\ncontent-length: 5\n\nhello".to_owned(),
        "\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned(),
    ] {
        let server = always(text.clone());
        let client = client(&server);
        for _ in 0..2 {
            assert_eq!(perform(&client, |_| {}).expect("a response").into_body(), b"hello", "{text}");
        }
        assert_eq!(server.connections(), 1, "{text}");
        drop(client);
    }
}

#[test]
fn a_refusal_that_ends_with_a_reset_is_the_response() {
    for (status, refused) in [(403, true), (417, true), (200, false)] {
        let server = Server::start(move |_, mut peer| {
            peer.head();
            // A part of the request has arrived and is left unread, so that closing is a reset.
            assert_eq!(peer.stream.peek(&mut [0]).expect("a client that sends"), 1);
            peer.send(format!("HTTP/1.1 {status} Whatever\r\nconnection: close\r\n\r\nno"));
        });
        let result = perform(&client(&server), |exchange| *exchange.request.body_mut() = Body::from(vec![0; 8 << 20]));
        match result {
            Ok(response) => assert_eq!((refused, response.status().as_u16()), (true, status)),
            Err(fault) => assert_eq!((refused, fault.kind), (false, FaultKind::Lost), "{fault}"),
        }
    }
}

#[test]
fn forms_of_which_another_reader_could_make_something_else_end_the_connection() {
    for text in [
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: identity\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 204 None\r\ncontent-length: 5\r\n\r\n",
        "HTTP/1.1 204 None\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 204 None\r\n\r\nhello",
    ] {
        let server = always(text);
        let client = client(&server);
        for requests in 1..=2 {
            let response = perform(&client, |_| {}).expect("a response");
            assert_eq!(
                response.body().as_slice(),
                if response.status() == 204 { &b""[..] } else { b"hello" },
                "{text}"
            );
            assert_eq!(server.connections(), requests, "{text}");
        }
        drop(client);
    }
}

#[test]
fn a_form_that_cannot_be_read_is_refused_at_once_and_says_why() {
    let fields = "x: y\r\n".repeat(129);
    for (text, words) in [
        (format!("{CHUNKED}+5\r\nhello\r\n0\r\n\r\n"), "malformed"),
        (format!("{CHUNKED} 5\r\nhello\r\n0\r\n\r\n"), "malformed"),
        (format!("{CHUNKED}0x5\r\nhello\r\n0\r\n\r\n"), "malformed"),
        (format!("{CHUNKED}5\nhello\n0\n\n"), "malformed"),
        (format!("{CHUNKED}5\r\nhello\n0\r\n\r\n"), "malformed"),
        (format!("{CHUNKED}5\r\nhello\r\n0\r\n\n"), "malformed"),
        (format!("{CHUNKED}5\r\nhello\r\n0\r\nx: a\rb\r\n\r\n"), "malformed"),
        (format!("{CHUNKED}5\r\nhello\r\n0\r\n{}", "x: y\r\n".repeat(20_000)), "trailers"),
        (format!("{CHUNKED}5;{}", "x".repeat(2 << 20)), "extensions"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n".to_owned(), "transfer coding"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\ncontent-length: 5\r\n\r\n".to_owned(), "transfer coding"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n".to_owned(),
            "transfer coding",
        ),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n".to_owned(), "twice"),
        ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n".to_owned(), "HTTP/1.0"),
        ("HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello".to_owned(), "content-length"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello".to_owned(), "content-length"),
        (format!("HTTP/1.1 200 OK\r\n{fields}\r\n"), "more than 128 header fields"),
        ("HTTP/1.2 200 OK\r\n".to_owned(), "version"),
        ("HTTP/2.0 200 OK\r\n".to_owned(), "version"),
        ("<html>".to_owned(), "version"),
        ("HTTP/1.1 abc\r\n".to_owned(), "status"),
        ("HTTP/1.1 200 OK\r\n folded: first\r\n\r\n".to_owned(), "header"),
    ] {
        let part: String = text.chars().take(120).collect();
        // It stays connected: there is nothing to wait for.
        let server = Server::start(move |_, mut peer| {
            peer.request();
            peer.send(&text);
            peer.wait();
        });
        let client = client(&server);
        let fault = fault(&client);
        assert_eq!((fault.kind, fault.sent), (FaultKind::Protocol, true), "{part:?}: {fault}");
        assert!(fault.to_string().to_lowercase().contains(&words.to_lowercase()), "{part:?}: {fault}");
        drop(client);
    }
}

const REFUSAL: &str = "HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nless";
const LENGTH: usize = 30_000_000;

#[test]
fn a_response_that_comes_early_ends_the_sending_though_it_need_never_wait() {
    let runtime = Canned::new(REFUSAL);
    let client = teamwire_async_std::client_on(runtime.clone(), config("http://127.0.0.1:1")).expect("options");
    let response = perform(&client, |exchange| {
        *exchange.request.method_mut() = http::Method::POST;
        *exchange.request.body_mut() = Body::from(vec![0; LENGTH]);
    });
    assert_eq!(response.expect("a response").into_body(), b"less");
    assert!(runtime.written.load(std::sync::atomic::Ordering::SeqCst) < 100_000);
}

#[test]
fn a_response_that_comes_early_is_read_though_the_connection_breaks() {
    let folder = crate::support::Folder::new();
    let path = folder.file("file", vec![0; LENGTH]);
    let authority = Authority::new();
    for tls in [None, Some(authority.server("localhost"))] {
        let is_tls = tls.is_some();
        let server = Server::start(move |_, mut peer| match &tls {
            None => {
                peer.head();
                peer.send(REFUSAL);
                // What is unread makes the end a reset.
            }
            Some(settings) => {
                let mut peer = secured(peer, settings);
                peer.head();
                peer.send(REFUSAL);
            }
        });
        let options = if is_tls {
            let url = format!("https://localhost:{}", server.address.port());
            config(&url).with_root_certificates_pem(authority.pem())
        } else {
            config(&server.url())
        };
        let client = teamwire_async_std::client(options).expect("options that work");
        let file = Body::File { path: path.clone(), length: LENGTH as u64, may_grow: false };
        for body in [Body::from(vec![0; LENGTH]), file] {
            let response = perform(&client, |exchange| {
                *exchange.request.method_mut() = http::Method::POST;
                *exchange.request.body_mut() = body;
            });
            assert_eq!(response.expect("a response").into_body(), b"less");
        }
    }
}
