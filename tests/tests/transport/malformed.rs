//! Responses that break the rules of HTTP are refused at once, with the reason.

use teamwire_core::effect::{Body, TransportErrorKind};
use teamwire_tests::{executor_test, harness::Harness};

use crate::{
    framing::CHUNKED,
    support::{LARGE, Server, client, fault, posting, unchanged},
};

/// Malformed responses, and words of the reason.
fn malformed() -> Vec<(String, &'static str)> {
    let head = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\nhello");
    let chunks = |chunks: &str| format!("{CHUNKED}{chunks}");
    vec![
        (chunks("+5\r\nhello\r\n0\r\n\r\n"), "malformed"),
        (chunks(" 5\r\nhello\r\n0\r\n\r\n"), "malformed"),
        (chunks("0x5\r\nhello\r\n0\r\n\r\n"), "malformed"),
        (chunks("5\nhello\n0\n\n"), "malformed"),
        (chunks("5\r\nhello\n0\r\n\r\n"), "malformed"),
        (chunks("5\r\nhello\r\n0\r\n\n"), "malformed"),
        (chunks("5\r\nhello\r\n0\r\nx: a\rb\r\n\r\n"), "malformed"),
        (chunks("many\r\n"), ""),
        (chunks("2\r\nabc\r\n0\r\n\r\n"), ""),
        (chunks("fffffffffffffffff\r\n"), ""),
        (chunks(&format!("5\r\nhello\r\n0\r\n{}", "x: y\r\n".repeat(20_000))), "trailers"),
        (chunks(&format!("5;{}", "x".repeat(2 << 20))), "extensions"),
        (head("transfer-encoding: gzip, chunked"), "not requested: gzip"),
        (head("transfer-encoding: gzip"), "not requested: gzip"),
        (head("transfer-encoding: gzip\r\ncontent-length: 5"), "transfer coding"),
        (head("transfer-encoding: gzip\r\ntransfer-encoding: chunked"), "transfer coding"),
        (head("transfer-encoding: chunked, chunked"), "twice"),
        ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_owned(), "HTTP/1.0"),
        (head("content-length: +5"), "content-length"),
        (head("content-length: -1"), "content-length"),
        (head("content-length: x"), "content-length"),
        (head("content-length: 5\r\ncontent-length: 6"), "content-length"),
        ("HTTP/1.1 204 None\r\ncontent-length: x\r\n\r\n".to_owned(), "content-length"),
        ("HTTP/1.1 204 None\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n".to_owned(), "content-length"),
        ("HTTP/1.1 304 Same\r\ncontent-length: x\r\n\r\n".to_owned(), "content-length"),
        (format!("{}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "\r\n".repeat(9)), "line breaks"),
        (head("no colon"), ""),
        (head(&"x: y\r\n".repeat(200)), "header"),
        (head(" folded: first"), "header"),
        ("HTTP/1.2 200 OK\r\n".to_owned(), "version"),
        ("HTTP/2.0 200 OK\r\n".to_owned(), "version"),
        ("HTTP/2 200\r\n\r\n".to_owned(), "version"),
        ("HTTP/3.0 200 OK\r\n\r\n".to_owned(), "version"),
        ("SSH-2.0-OpenSSH_9.9\r\n".to_owned(), "version"),
        ("<html>".to_owned(), "version"),
        ("\u{16}\u{3}\u{1}\0\u{2}\u{1}".to_owned(), ""),
        ("HTTP/1.1 abc\r\n".to_owned(), "status"),
        ("HTTP/1.1 20 OK\r\n\r\n".to_owned(), ""),
        ("HTTP/1.1 099 OK\r\n\r\n".to_owned(), ""),
    ]
}

#[executor_test(
    transports,
    hyper = "hyper ignores the length of a response without a body",
    blocking_hyper = "hyper ignores the length of a response without a body"
)]
fn malformed_response_is_refused_at_once_with_the_reason<H: Harness>() {
    let mut wrong = Vec::new();
    for (text, words) in malformed() {
        let part: String = text.chars().take(120).collect();
        // The server keeps the connection open, and the client does not wait.
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.request();
            peer.send(&text);
            peer.wait_for_end();
        });
        let fault = fault::<H>(&client::<H>(&server), unchanged);
        let says = fault.to_string().to_lowercase().contains(&words.to_lowercase());
        if (fault.kind, fault.sent, says) != (TransportErrorKind::Protocol, true, true) {
            wrong.push(format!("{part:?}: {fault}, but not {words:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[executor_test(transports)]
fn malformed_response_ends_the_sending<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.head();
        peer.send("SSH-2.0-OpenSSH_9.6\r\n");
        peer.wait_for_end();
    });
    let fault = fault::<H>(&client::<H>(&server), posting(Body::from(vec![b'x'; LARGE])));
    assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Protocol, true), "{fault}");
}
