//! Every exchange ends when its time is over, whatever the server sends meanwhile.

use std::{
    thread,
    time::{Duration, Instant},
};

use teamwire_async_std::{Fault, FaultKind, Timeout};

use crate::support::{Canned, Server, client, config, perform};

const LIMIT: Duration = Duration::from_millis(300);
/// A machine with other work needs some time for everything.
const AMPLE: Duration = Duration::from_secs(3);

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// Sends this, and then this again and again: many at a time, or one by one.
fn floods(start: &'static str, more: &'static str, at_once: usize) -> Server {
    Server::start(move |_, mut peer| {
        peer.request();
        peer.send(start);
        let more = more.repeat(at_once);
        let begun = Instant::now();
        while !more.is_empty() && begun.elapsed() < LIMIT + AMPLE && peer.send(&more) {
            if at_once == 1 {
                thread::sleep(Duration::from_millis(1));
            }
        }
        peer.wait();
    })
}

fn ends_in_time(server: &Server, timeout: Timeout) -> Fault {
    let client = client(server);
    let begun = Instant::now();
    let result = perform(&client, |exchange| {
        exchange.timeout = timeout;
        exchange.limit = u64::MAX;
    });
    let taken = begun.elapsed();
    assert!(taken < LIMIT + AMPLE, "{taken:?}");
    result.expect_err("it has no end")
}

#[test]
fn a_total_limit_ends_whatever_has_no_end() {
    for (start, more) in [
        ("", ""),
        ("HTTP/1.1 200 OK\r\nx: ", "y"),
        ("HTTP/1.1 200 OK\r\n", "x: y\r\n"),
        ("", "\r\n"),
        ("", "HTTP/1.1 102 Processing\r\n\r\n"),
        (CHUNKED, "1\r\nx\r\n"),
        (CHUNKED, "1;ext\r\nx\r\n"),
        ("HTTP/1.1 200 OK\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "x: y\r\n"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", "x"),
    ] {
        for at_once in [1, 10_000] {
            let fault = ends_in_time(&floods(start, more, at_once), Timeout::Total(LIMIT));
            let (kind, text) = (fault.kind, format!("{start:?} and {more:?}: {fault}"));
            // What is limited by number or length may reach that before.
            assert!(matches!(kind, FaultKind::Timeout | FaultKind::TooLarge | FaultKind::Protocol), "{text}");
            if more.is_empty() || fault.received > 0 {
                assert_eq!(kind, FaultKind::Timeout, "{text}");
            }
        }
    }
}

#[test]
fn a_flood_leaves_the_thread_to_other_tasks() {
    use std::task::{Context, Waker};
    let canned = Canned { again_from: Some(CHUNKED.len()), ..Canned::new(format!("{CHUNKED}1\r\nx\r\n")) };
    let client = teamwire_async_std::client_on(canned, config("http://127.0.0.1:1")).expect("options that work");
    let mut asking = client.contacts().me();
    // Were it not to return before the flood ends, it would be ready: with too many bytes.
    let polled = asking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
}

#[test]
fn a_long_poll_is_limited_until_its_response_begins() {
    let timeout = Timeout::LongPoll { head: LIMIT, inactivity: Duration::from_secs(60) };
    for (start, more) in [("", ""), ("HTTP/1.1 200 OK\r\n", "x: y\r\n"), ("", "HTTP/1.1 102 Processing\r\n\r\n")] {
        let fault = ends_in_time(&floods(start, more, 1), timeout);
        assert!(matches!(fault.kind, FaultKind::Timeout | FaultKind::Protocol | FaultKind::TooLarge), "{fault}");
    }
}

#[test]
fn a_long_poll_that_responds_is_limited_by_inactivity_alone() {
    let server = Server::start(move |_, mut peer| {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n");
        for byte in *b"12345678" {
            thread::sleep(LIMIT / 4);
            peer.send([byte]);
        }
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n1234");
        peer.wait();
    });
    let client = client(&server);
    let head = LIMIT;
    let begun = Instant::now();
    let timeout = Timeout::LongPoll { head, inactivity: Duration::from_secs(20) };
    let response = perform(&client, |exchange| exchange.timeout = timeout).expect("a response");
    assert_eq!(response.body().as_slice(), b"12345678");
    assert!(begun.elapsed() > head, "it took longer than its head may take");

    let timeout = Timeout::LongPoll { head: Duration::from_secs(20), inactivity: LIMIT };
    let fault = perform(&client, |exchange| exchange.timeout = timeout).expect_err("it is cut off");
    assert_eq!((fault.kind, fault.received), (FaultKind::Timeout, 4), "{fault}");
    assert!(fault.to_string().contains("not a byte moved"), "{fault}");
    drop(client);
}
