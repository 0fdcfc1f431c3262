//! Responses without an end: every exchange ends in time whatever the server sends.

use std::{
    io::Read,
    thread,
    time::{Duration, Instant},
};

use teamwire_blocking::{Body, FaultKind, Timeout};

use crate::support::{Server, accept, fault, posting};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// A server that sends this, and then this again and again, for as long as the client takes it. In pieces of so many bytes.
fn endless(begin: String, again: &'static str, piece: usize) -> Server {
    Server::new(move |listener| {
        let mut peer = accept(listener);
        // On a busy machine, the time may be over before the request was sent.
        if peer.next_request().is_none() {
            return;
        }
        peer.send(begin);
        let again = if piece == 0 { String::new() } else { again.repeat(piece.div_ceil(again.len())) };
        while piece > 0 && peer.send(&again) {}
        peer.until_closed();
    })
}

/// Responses without an end, and the end of an exchange that has no limit to its whole time.
fn all() -> [(String, &'static str, Option<FaultKind>); 9] {
    let protocol = Some(FaultKind::Protocol);
    [
        (String::new(), "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", protocol),
        (String::new(), "HTTP/1.1 100 Continue\r\n\r\n", protocol),
        ("HTTP/1.1 200 OK\r\n".into(), "x: y\r\n", Some(FaultKind::TooLarge)),
        ("HTTP/1.1 200 OK\r\nx: ".into(), "y", Some(FaultKind::TooLarge)),
        ("HTTP/1.1 200 OK\r\n\r\n".into(), "y", Some(FaultKind::TooLarge)),
        (CHUNKED.into(), "1\r\ny\r\n", Some(FaultKind::TooLarge)),
        (format!("{CHUNKED}1;"), "y", protocol),
        (format!("{CHUNKED}0\r\n"), "x: y\r\n", protocol),
        (format!("{CHUNKED}0\r\nx: "), "y", protocol),
    ]
}

#[test]
fn a_total_time_ends_what_never_pauses_and_what_is_silent() {
    let time = Duration::from_millis(300);
    for (begin, again, _) in all() {
        for piece in [0, 1, 64 << 10] {
            let server = endless(begin.clone(), again, piece);
            let begun = Instant::now();
            let fault = fault(&server.client(), |exchange| {
                exchange.timeout = Timeout::Total(time);
                exchange.limit = u64::MAX;
            });
            let took = begun.elapsed();
            // A limit of another kind may end it sooner.
            assert!(fault.kind == FaultKind::Timeout || piece > 0, "{begin}{again}: {fault}");
            assert!(took < Duration::from_secs(3), "{begin}{again}: {took:?} until {fault}");
            server.done();
        }
    }
}

#[test]
fn what_never_pauses_ends_without_a_total_time_too() {
    for (begin, again, kind) in all() {
        let server = endless(begin.clone(), again, 64 << 10);
        let fault = fault(&server.client(), |exchange| {
            exchange.timeout = Timeout::Inactivity(Duration::from_secs(60));
            exchange.limit = 1 << 20;
        });
        assert_eq!((Some(fault.kind), fault.sent), (kind, true), "{begin}{again}: {fault}");
        server.done();
    }
}

#[test]
fn a_total_time_ends_a_request_that_is_read_slowly() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        let mut piece = vec![0; 64 << 10];
        while peer.stream.read(&mut piece).is_ok_and(|amount| amount > 0) {
            // The pace is what is tested: all of it would take 10 s.
            thread::sleep(Duration::from_millis(20));
        }
    });
    let begun = Instant::now();
    let fault = fault(&server.client(), |exchange| {
        posting(Body::from(vec![b'x'; 32 << 20]))(exchange);
        exchange.timeout = Timeout::Total(Duration::from_millis(300));
    });
    assert_eq!(fault.kind, FaultKind::Timeout, "{fault}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    server.done();
}

#[test]
fn a_long_poll_has_a_total_time_to_its_head_and_none_after_it() {
    let (head, inactivity) = (Duration::from_millis(300), Duration::from_secs(60));
    let poll = Timeout::LongPoll { head, inactivity };
    for begin in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 Hints\r\n\r\n"] {
        let server = endless(begin.into(), "", 0);
        let fault = fault(&server.client(), |exchange| exchange.timeout = poll);
        assert_eq!(fault.kind, FaultKind::Timeout, "{fault}");
        assert!(fault.to_string().contains("no response within 300ms"), "{fault}");
        server.done();
    }
    let poll = Timeout::LongPoll { head: inactivity, inactivity: head };
    let server = endless("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun".into(), "", 0);
    let fault = fault(&server.client(), |exchange| exchange.timeout = poll);
    assert_eq!((fault.kind, fault.received), (FaultKind::Timeout, 5), "{fault}");
    assert!(fault.to_string().contains("not a byte moved for 300ms"), "{fault}");
    server.done();
}
