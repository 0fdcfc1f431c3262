//! Requests and responses over TLS: records, and ends of the connection with and without `close_notify`.

use std::{
    io::{BufRead, Write},
    sync::mpsc,
    time::Duration,
};

use rustls::StreamOwned;
use teamwire_core::{
    config::RetryPolicy,
    effect::{Body, Timeout, TransportErrorKind},
};
use teamwire_tests::{executor_test, harness::Harness};

use crate::{
    connections::send_too_much,
    support::{Folder, LARGE, Server, ask, bot, config, file, me, pattern, perform, posting, response, unchanged},
    tls::{AUTHORITY, client_of},
};

#[executor_test(adapters)]
fn head_and_body_leave_in_one_record<H: Harness>() {
    let settings = AUTHORITY.server("localhost");
    let server = Server::script(move |listener| {
        let mut peer = listener.accept().secure(&settings);
        let record = String::from_utf8_lossy(peer.stream.fill_buf().expect("a record"));
        assert!(record.starts_with("POST ") && record.ends_with(r#"{"msg":"hello"}"#), "{record}");
    });
    let client = client_of::<H>(&server.https("localhost"));
    H::wait(client.chats().chat("c1").post("hello")).expect_err("the connection is closed without a response");
}

#[executor_test(adapters)]
fn unsolicited_record_is_not_taken_for_a_response<H: Harness>() {
    let settings = AUTHORITY.server("localhost");
    let server = Server::script(move |listener| {
        let mut peer = listener.accept().secure(&settings);
        peer.request();
        let StreamOwned { conn, sock } = &mut peer.stream;
        // Two records in one piece: rustls takes no more than 4 KB of it at a time.
        for status in [200, 500] {
            let record = format!("HTTP/1.1 {status} Reason\r\ncontent-length: 3000\r\n\r\n{}", "x".repeat(3000));
            conn.writer().write_all(record.as_bytes()).expect("there is room for two");
        }
        conn.complete_io(sock).expect("the client reads");
        peer.wait_for_end();
        let mut peer = listener.accept().secure(&settings);
        peer.request();
        peer.send(me());
    });
    let client = client_of::<H>(&server.https("localhost"));
    assert_eq!(response::<H>(&client, unchanged).body().len(), 3000);
    assert_eq!(ask::<H>(&client).expect("a response"), "Example");
}

#[executor_test(adapters)]
fn connection_with_bytes_left_over_is_not_used_again<H: Harness>() {
    for length in [10, 40_000] {
        let settings = AUTHORITY.server("localhost");
        let server = Server::script(move |listener| {
            send_too_much(&mut listener.accept().secure(&settings), length);
            let mut peer = listener.accept().secure(&settings);
            peer.request();
            peer.send(me());
        });
        let client = client_of::<H>(&server.https("localhost"));
        assert_eq!(response::<H>(&client, unchanged).body().len(), length);
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    }
}

#[executor_test(adapters)]
fn body_without_a_length_needs_an_announced_end<H: Harness>() {
    for (announced, expected) in
        [(true, None), (false, Some((TransportErrorKind::Disconnected, true, bot().len() as u64)))]
    {
        let settings = AUTHORITY.server("localhost");
        let server = Server::script(move |listener| {
            let mut peer = listener.accept().secure(&settings);
            peer.request();
            peer.send(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", bot()));
            if announced {
                peer.close();
            }
        });
        let result = perform::<H>(&client_of::<H>(&server.https("localhost")), unchanged);
        let fault = result.as_ref().err().map(|fault| (fault.kind, fault.sent, fault.received));
        assert_eq!(fault, expected, "{result:?}");
    }
}

#[executor_test(adapters)]
fn body_with_a_length_needs_no_announced_end<H: Harness>() {
    let settings = AUTHORITY.server("localhost");
    let server = Server::each(move |_, peer| {
        let mut peer = peer.secure(&settings);
        peer.request();
        peer.send(me());
    });
    let options = config(&server.https("localhost")).with_root_certificates_pem(AUTHORITY.pem());
    let client = H::connect(options.with_retry(RetryPolicy::default()));
    for connections in 1..=3 {
        // No operation fails, whether or not the end has arrived before the next request.
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
        assert_eq!(server.connections(), connections);
    }
}

#[executor_test(adapters)]
fn idle_connection_with_an_announced_end_is_replaced<H: Harness>() {
    let (closed, is_closed) = mpsc::channel();
    let settings = AUTHORITY.server("localhost");
    let server = Server::each(move |number, peer| {
        let mut peer = peer.secure(&settings);
        while peer.try_request().is_some_and(|_| peer.send(me())) {
            if number == 0 {
                peer.close();
                closed.send(()).expect("the test waits");
            }
        }
    });
    let client = client_of::<H>(&server.https("localhost"));
    response::<H>(&client, unchanged);
    is_closed.recv().expect("the server closes it");
    response::<H>(&client, unchanged);
    assert_eq!(server.connections(), 2);
}

#[executor_test(adapters)]
fn long_head_in_one_record_is_the_response_to_an_upload<H: Harness>() {
    let settings = AUTHORITY.server("localhost");
    let server = Server::each(move |_, peer| {
        let mut peer = peer.secure(&settings);
        while peer.try_request().is_some() {
            let policy = "x".repeat(3_000);
            let body = bot();
            let length = body.len();
            let early = format!("HTTP/1.1 103 Early Hints\r\nlink: {policy}\r\n\r\n");
            let head = format!("HTTP/1.1 200 OK\r\npolicy: {policy}\r\ncontent-length: {length}\r\n\r\n");
            peer.send(format!("{early}{head}{body}"));
        }
    });
    let client = client_of::<H>(&server.https("localhost"));
    for _ in 0..2 {
        let uploaded = response::<H>(&client, |exchange| {
            posting(Body::from(vec![0; 20_000]))(exchange);
            exchange.timeout = Timeout::Idle(Duration::from_secs(10));
        });
        assert_eq!(uploaded.body().len(), bot().len());
    }
    assert_eq!(server.connections(), 1);
}

#[executor_test(adapters)]
fn early_refusal_is_the_response<H: Harness>() {
    let folder = Folder::new();
    let path = folder.file("file", vec![b'x'; LARGE]);
    for closes in [true, false] {
        for body in [Body::from(vec![b'x'; LARGE]), file(&path, LARGE)] {
            let settings = AUTHORITY.server("localhost");
            let server = Server::script(move |listener| {
                let mut peer = listener.accept().secure(&settings);
                peer.head();
                peer.respond(413, "big");
                if !closes {
                    peer.wait_for_end();
                }
                // Unread bytes turn the end into a reset.
                drop(peer);
                let mut peer = listener.accept().secure(&settings);
                peer.request();
                peer.send(me());
            });
            let client = client_of::<H>(&server.https("localhost"));
            let received = response::<H>(&client, posting(body));
            assert_eq!((received.status().as_u16(), received.body().as_slice()), (413, b"big".as_slice()));
            response::<H>(&client, unchanged);
        }
    }
}

#[executor_test(adapters)]
fn announced_file_is_sent_when_the_server_asks_for_it<H: Harness>() {
    const LENGTH: usize = 300_000;
    let settings = AUTHORITY.server("localhost");
    let server = Server::script(move |listener| {
        let mut peer = listener.accept().secure(&settings);
        for _ in 0..2 {
            peer.head();
            peer.send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
            peer.send("HTTP/1.1 100 Continue\r\nx: y\r\n\r\n");
            assert!(peer.body(LENGTH) == pattern(LENGTH));
            peer.send(me());
        }
    });
    let (client, folder) = (client_of::<H>(&server.https("localhost")), Folder::new());
    let path = folder.file("file", pattern(LENGTH));
    for _ in 0..2 {
        response::<H>(&client, posting(file(&path, LENGTH)));
    }
}
