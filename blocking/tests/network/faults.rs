//! What is said of an exchange without a whole answer: whether it was sent, how much came, over which connection.

use std::{io::Read, net::TcpListener};

use teamwire_blocking::{ErrorKind, FaultKind};

use crate::support::{ME, Server, accept, as_is, client, config, fault, response};

#[test]
fn a_host_without_an_address_is_named() {
    // No name has a label this long, so nobody has to be asked.
    let host = format!("{}.invalid", "a".repeat(64));
    let fault = fault(&client(config(&format!("http://{host}:81"))), as_is);
    assert_eq!((fault.kind, fault.sent, fault.reused), (FaultKind::Resolve, false, false), "{fault}");
    assert!(fault.to_string().contains(&format!("{host}:81")), "{fault}");
}

#[test]
fn where_nobody_listens_nothing_is_sent() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let fault = fault(&client(config(&format!("http://{free}"))), as_is);
    assert_eq!((fault.kind, fault.sent, fault.reused), (FaultKind::Connect, false, false), "{fault}");
    assert!(fault.to_string().contains(&free.to_string()), "{fault}");
}

#[test]
fn a_server_that_hangs_up_without_a_look_may_have_got_the_request() {
    let server = Server::new(|listener| drop(accept(listener)));
    let fault = fault(&server.client(), as_is);
    assert_eq!((fault.kind, fault.sent, fault.reused, fault.received), (FaultKind::Lost, true, false, 0), "{fault}");
    server.done();
}

#[test]
fn a_server_that_hangs_up_instead_of_an_answer_may_have_acted() {
    let server = Server::new(|listener| drop(accept(listener).request()));
    let fault = fault(&server.client(), as_is);
    assert_eq!((fault.kind, fault.sent, fault.reused, fault.received), (FaultKind::Lost, true, false, 0), "{fault}");
    server.done();
}

#[test]
fn of_half_an_answer_it_is_said_how_much_came() {
    for head in ["content-length: 100\r\n\r\n0123456789", "transfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n"] {
        let server = Server::new(move |listener| {
            let mut peer = accept(listener);
            peer.serve(200, ME);
            peer.request();
            peer.send(format!("HTTP/1.1 200 OK\r\n{head}"));
        });
        let client = server.client();
        response(&client, as_is);
        let fault = fault(&client, as_is);
        assert_eq!(
            (fault.kind, fault.sent, fault.received, fault.reused),
            (FaultKind::Lost, true, 10, true),
            "{fault}"
        );
        server.done();
    }
}

#[test]
fn an_answer_that_a_reset_cuts_off_is_not_taken_for_a_whole_one() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        // The second half of the request is never read, so that closing is a reset.
        peer.stream.read_exact(&mut [0; 16]).expect("the begin of a request");
        peer.send("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789");
    });
    let fault = fault(&server.client(), as_is);
    assert_eq!((fault.kind, fault.sent), (FaultKind::Lost, true), "{fault}");
    server.done();
}

#[test]
fn an_answer_that_ends_with_its_connection_is_a_whole_one() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.request();
        peer.send("HTTP/1.0 200 OK\r\n\r\n0123456789");
    });
    assert_eq!(response(&server.client(), as_is).body(), b"0123456789");
    server.done();
}

#[test]
fn what_is_not_http_is_said_so() {
    for noise in ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/3.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"]
    {
        let server = Server::new(move |listener| {
            let mut peer = accept(listener);
            peer.request();
            peer.send(noise);
            peer.until_closed();
        });
        let fault = fault(&server.client(), as_is);
        assert_eq!((fault.kind, fault.sent, fault.received), (FaultKind::Protocol, true, 0), "{fault}");
        server.done();
    }
}

#[test]
fn an_announced_length_above_the_limit_is_refused_before_the_body() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 3000000000\r\n\r\n");
        peer.until_closed();
    });
    let fault = fault(&server.client(), as_is);
    assert_eq!((fault.kind, fault.sent, fault.received), (FaultKind::TooLarge, true, 0), "{fault}");
    server.done();
}

#[test]
fn an_answer_without_a_length_is_refused_when_it_passes_the_limit() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        while peer.send("a\r\n0123456789\r\n") {}
    });
    let fault = fault(&server.client(), |exchange| exchange.limit = 1_000);
    assert_eq!((fault.kind, fault.sent, fault.received), (FaultKind::TooLarge, true, 1_000), "{fault}");
    server.done();
}

#[test]
fn an_answer_of_exactly_the_limit_is_taken() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.serve(200, "0123456789");
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n");
        peer.serve(200, "01234567890");
    });
    let client = server.client();
    for _ in 0..2 {
        assert_eq!(response(&client, |exchange| exchange.limit = 10).body(), b"0123456789");
    }
    assert_eq!(fault(&client, |exchange| exchange.limit = 10).kind, FaultKind::TooLarge);
    server.done();
}

#[test]
fn a_head_without_an_end_is_refused() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n");
        while peer.send(format!("x-padding: {}\r\n", "x".repeat(1000))) {}
    });
    let fault = fault(&server.client(), as_is);
    assert_eq!((fault.kind, fault.sent), (FaultKind::TooLarge, true), "{fault}");
    server.done();
}

#[test]
fn a_fault_becomes_an_error_that_says_what_happened() {
    let server = Server::new(|listener| drop(accept(listener).request()));
    let error = server.client().contacts().me().expect_err("there is no answer");
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(error.to_string().starts_with("the connection was lost: "), "{error}");
    server.done();
}
