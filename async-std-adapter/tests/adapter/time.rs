//! Time runs out where it should, and nowhere else.

use std::{
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use teamwire_async_std::{Body, Fault, FaultKind, RetryPolicy, Timeout};

use crate::support::{Probe, Server, always, answer, ask, client, config, me, perform};

const SHORT: Duration = Duration::from_millis(60);

fn within(server: &Server, timeout: Timeout) -> Fault {
    let client = client(server);
    let fault = perform(&client, |exchange| exchange.timeout = timeout).expect_err("the time runs out");
    drop(client);
    fault
}

#[test]
fn a_server_that_is_silent_is_not_waited_for_longer_than_said() {
    for timeout in [Timeout::Total(SHORT), Timeout::Inactivity(SHORT)] {
        let server = Server::start(|_, mut peer| peer.wait());
        let begin = Instant::now();
        let fault = within(&server, timeout);
        assert!(begin.elapsed() >= SHORT);
        assert_eq!((fault.kind, fault.sent, fault.received), (FaultKind::Timeout, true, 0));
        assert!(fault.to_string().contains("waiting for the answer"), "{fault}");
    }
}

#[test]
fn an_answer_that_stops_halfway_says_how_much_of_it_came() {
    for timeout in [Timeout::Total(SHORT), Timeout::Inactivity(SHORT)] {
        let server = Server::start(|number, mut peer| {
            peer.request();
            peer.send(if number == 0 { "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1234".into() } else { me() });
            peer.wait();
        });
        let client = client(&server);
        let fault = perform(&client, |exchange| exchange.timeout = timeout).expect_err("the time runs out");
        assert_eq!((fault.kind, fault.sent, fault.received), (FaultKind::Timeout, true, 4));
        assert!(fault.to_string().contains("receiving the answer"), "{fault}");

        assert_eq!(ask(&client).expect("an answer of its own, not what is left of the other"), "Example");
        assert_eq!(server.connections(), 2);
        drop(client);
    }
}

#[test]
fn a_server_that_does_not_read_is_not_waited_for_longer_than_said() {
    for timeout in [Timeout::Total(SHORT), Timeout::Inactivity(SHORT)] {
        let (over, is_over) = mpsc::channel::<()>();
        let is_over = Mutex::new(is_over);
        let server = Server::start(move |_, mut peer| {
            peer.head();
            let _ = is_over.lock().expect("nobody panicked").recv();
        });
        let client = client(&server);
        let fault = perform(&client, |exchange| {
            exchange.timeout = timeout;
            *exchange.request.method_mut() = http::Method::POST;
            *exchange.request.body_mut() = Body::from(vec![0; 50_000_000]);
        });
        drop(over);
        let fault = fault.expect_err("the time runs out");
        assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, true));
        assert!(fault.to_string().contains("sending the request"), "{fault}");
    }
}

#[test]
fn no_time_is_lost_on_an_address_from_which_nothing_comes_back() {
    let server = always(me());
    let black_hole = "192.0.2.1:80".parse().expect("an address");
    let url = format!("http://localhost:{}", server.address.port());

    let probe = Probe { addresses: vec![black_hole, server.address], black_hole: Some(black_hole), ..Probe::default() };
    let client = probe.client(config(&url));
    let response = perform(&client, |exchange| exchange.timeout = Timeout::Total(Duration::from_secs(2)));
    assert_eq!(response.expect("an answer from the other address").status(), 200);

    let probe = Probe { addresses: vec![black_hole], black_hole: Some(black_hole), ..Probe::default() };
    let client = probe.client(config(&url));
    let fault = perform(&client, |exchange| exchange.timeout = Timeout::Total(SHORT)).expect_err("no answer");
    assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, false));
    assert!(fault.to_string().contains("connecting"), "{fault}");
}

#[test]
fn as_long_as_bytes_move_there_is_no_inactivity() {
    let server = Server::start(move |_, mut peer| {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n");
        for byte in *b"12345678" {
            // Time is the subject here: it is longer in all than the client waits for one byte.
            thread::sleep(Duration::from_millis(150));
            peer.send([byte]);
        }
    });
    let client = client(&server);
    let patience = Timeout::Inactivity(Duration::from_secs(1));
    let begin = Instant::now();
    let response = perform(&client, |exchange| exchange.timeout = patience).expect("an answer");
    assert!(begin.elapsed() > Duration::from_secs(1));
    assert_eq!(response.body().as_slice(), b"12345678");
}

#[test]
fn bytes_that_move_are_no_excuse_when_the_whole_takes_too_long() {
    let server = Server::start(|_, mut peer| {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
        while peer.send("x") {
            thread::sleep(Duration::from_millis(5));
        }
    });
    let fault = within(&server, Timeout::Total(SHORT));
    assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, true));
    assert!(fault.received > 0);
}

#[test]
fn no_time_at_all_and_all_the_time_are_times() {
    let server = Server::start(|_, mut peer| peer.wait());
    for timeout in [Timeout::Total(Duration::ZERO), Timeout::Inactivity(Duration::ZERO)] {
        assert_eq!(within(&server, timeout).kind, FaultKind::Timeout);
    }
    let server = always(me());
    let client = client(&server);
    for timeout in [Timeout::Total(Duration::MAX), Timeout::Inactivity(Duration::MAX)] {
        perform(&client, |exchange| exchange.timeout = timeout).expect("an answer");
    }
}

#[test]
fn a_timer_is_not_set_for_every_request() {
    let server = always(me());
    let probe = Probe::default();
    let client = probe.client(config(&server.url()));
    for _ in 0..20 {
        ask(&client).expect("an answer");
        // Each in a task of its own, as well.
        let client = client.clone();
        async_std::task::block_on(async_std::task::spawn(async move { client.contacts().me().await }))
            .expect("an answer");
    }
    // One for connecting to an address, at most, and one for the answers; a machine that is held up may need another.
    assert!(probe.sleeps() <= 3, "{} timers for 40 requests", probe.sleeps());
}

#[test]
fn an_alarm_of_an_earlier_exchange_does_not_end_a_later_one() {
    let server = Server::start(|_, mut peer| {
        peer.request();
        peer.send(me());
        peer.request();
        // The alarm of the first exchange rings meanwhile.
        thread::sleep(3 * SHORT);
        peer.send(me());
        peer.request();
        peer.wait();
    });
    let client = client(&server);
    perform(&client, |exchange| exchange.timeout = Timeout::Total(SHORT)).expect("an answer in time");
    perform(&client, |exchange| exchange.timeout = Timeout::Total(Duration::from_secs(10))).expect("an answer");
    // Nor does one of an earlier exchange, which had more time, let a later one wait for it.
    let begin = Instant::now();
    let fault = perform(&client, |exchange| exchange.timeout = Timeout::Total(SHORT)).expect_err("no answer");
    assert_eq!((fault.kind, fault.reused), (FaultKind::Timeout, true));
    assert!(begin.elapsed() < Duration::from_secs(5));
    drop(client);
}

#[test]
fn the_wait_before_another_attempt_is_slept() {
    let server = Server::start(|number, mut peer| {
        peer.request();
        peer.send(if number == 0 { answer(503, "") } else { me() });
    });
    let wait = Duration::from_millis(40);
    let policy = RetryPolicy { first_wait: wait, ..RetryPolicy::default() };
    let client = teamwire_async_std::client(config(&server.url()).with_retry(policy)).expect("options that work");
    let begin = Instant::now();
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert!(begin.elapsed() >= wait / 2, "the policy leaves at least half of it");
}
