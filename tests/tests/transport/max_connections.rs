//! The limit on connections at once, and the queue of the requests that wait for one.

use std::{
    sync::{Barrier, mpsc},
    thread,
    time::Duration,
};

use teamwire_core::{
    Client, ErrorKind, StopHandle,
    config::Limits,
    effect::{Exchange, Now, Timeout, TransportErrorKind},
    observe::Observation,
};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{Server, ask, ask_at_once, config, fault, me, response, within};

const LONG: Duration = Duration::from_secs(60);

fn limited(max_connections: usize) -> Limits {
    Limits { max_connections, ..Limits::default() }
}

fn client<H: Harness>(server: &Server, max_connections: usize) -> Client<H::X> {
    H::connect(config(&server.url()).with_limits(limited(max_connections)))
}

/// A server that holds its first request until the test sends `()`, or drops the sender. The receiver gets a signal
/// when the request has arrived.
fn holds_the_first_request() -> (Server, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let ((arrived, has_arrived), (release, released)) = (mpsc::channel(), mpsc::channel());
    let released = std::sync::Mutex::new(released);
    let server = Server::each(move |number, mut peer| {
        if number == 0 && peer.try_request().is_some() {
            arrived.send(()).expect("the test waits");
            released.lock().expect("no handler has panicked").recv().ok();
            peer.send(me());
        }
        while peer.try_request().is_some() {
            peer.send(me());
        }
    });
    (server, has_arrived, release)
}

#[executor_test(adapters)]
fn requests_wait_for_one_of_the_connections<H: Harness>() {
    const LIMIT: usize = 3;
    // The first requests get no response until there are as many as the limit allows.
    let all_arrived = Barrier::new(LIMIT);
    let server = Server::each(move |_, mut peer| {
        peer.request();
        all_arrived.wait();
        peer.send(me());
        while peer.try_request().is_some() {
            peer.send(me());
        }
    });
    let client = client::<H>(&server, LIMIT);
    for _ in 0..3 {
        ask_at_once::<H>(&client.clone(), 10 * LIMIT);
    }
    assert_eq!(server.connections(), LIMIT);
}

#[executor_test(adapters)]
fn wait_for_a_connection_counts_towards_the_timeout<H: Harness>() {
    const SHORT: Duration = Duration::from_millis(200);
    let (server, has_arrived, release) = holds_the_first_request();
    let client = client::<H>(&server, 1);
    thread::scope(|scope| {
        let first = scope.spawn(|| ask::<H>(&client));
        has_arrived.recv().expect("the request arrives");
        let lasting = |exchange: &mut Exchange| {
            (exchange.timeout, exchange.max_duration) = (Timeout::Total(LONG), Some(SHORT));
        };
        for fault in [
            fault::<H>(&client, within(Timeout::Total(SHORT))),
            fault::<H>(&client, within(Timeout::Idle(SHORT))),
            fault::<H>(&client, lasting),
        ] {
            assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Timeout, false), "{fault}");
            let text = fault.to_string();
            assert!(text.contains("while waiting for a free connection") && text.contains("200ms"), "{text}");
        }
        release.send(()).expect("the server waits");
        first.join().expect("it does not panic").expect("a response");
    });
    ask::<H>(&client).expect("those that timed out are not in the queue");
    assert_eq!(server.connections(), 1);
}

#[executor_test(adapters)]
fn long_polls_and_other_requests_do_not_wait_for_each_other<H: Harness>() {
    let long_poll = || within(Timeout::LongPoll { head: LONG, idle: LONG });
    for is_long_poll_first in [true, false] {
        let (server, has_arrived, release) = holds_the_first_request();
        let client = client::<H>(&server, 1);
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                if is_long_poll_first {
                    response::<H>(&client, long_poll());
                } else {
                    ask::<H>(&client).expect("a response");
                }
            });
            has_arrived.recv().expect("the request arrives");
            if is_long_poll_first {
                ask::<H>(&client).expect("a response during the long poll");
            }
            response::<H>(&client, long_poll());
            drop(release);
            first.join().expect("it has a response");
        });
    }
}

#[executor_test(adapters)]
fn wait_for_a_connection_can_be_stopped<H: Harness>() {
    let (server, has_arrived, release) = holds_the_first_request();
    let (attempted, attempts) = mpsc::channel();
    let observer = move |_: Now, observation: &Observation<'_>| {
        if let Observation::Attempt { .. } = observation {
            attempted.send(()).expect("the test listens");
        }
    };
    let client = H::connect(config(&server.url()).with_limits(limited(1)).with_observer(observer));
    let stop = StopHandle::new();
    thread::scope(|scope| {
        let first = scope.spawn(|| ask::<H>(&client));
        has_arrived.recv().expect("the request arrives");
        attempts.recv().expect("it was observed");
        let second = scope.spawn(|| ask::<H>(&client.stopped_by(&stop)));
        attempts.recv().expect("the second request is observed");
        stop.stop();
        let error = second.join().expect("it does not panic").expect_err("it is stopped");
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
        release.send(()).expect("the server waits");
        first.join().expect("it does not panic").expect("a response");
    });
    ask::<H>(&client).expect("the one that was stopped is not in the queue");
    assert_eq!(server.connections(), 1);
}

#[executor_test(adapters)]
fn failed_request_frees_its_connection<H: Harness>() {
    let server = Server::each(|number, mut peer| {
        while peer.try_request().is_some() {
            peer.send(if number < 3 { "no HTTP\r\n\r\n".to_owned() } else { me() });
        }
    });
    let client = client::<H>(&server, 1);
    for _ in 0..3 {
        assert_eq!(fault::<H>(&client, |_| {}).kind, TransportErrorKind::Protocol);
    }
    ask::<H>(&client).expect("a response");
}
