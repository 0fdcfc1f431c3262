//! Stops and deadlines of each adapter over a socket.
//!
//! The times after which an operation would end by itself are far above the bounds of the tests.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Client, Config, ErrorKind, FeedOptions, StopHandle,
    config::{RetryPolicy, Timeouts},
    effect::{Timeout, TransportErrorKind},
    machine::Reply,
    model::Asset,
    script::sample,
};
use teamwire_test_support::{Folder, Peer, Server, attempt, config, response};
use teamwire_tests::{TokenProtocol, executor_test, harness::Harness};

const LONG: Duration = Duration::from_secs(300);
const SOON: Duration = Duration::from_secs(30);

/// Options with long timeouts.
fn patient(server: &Server) -> Config {
    let timeouts = Timeouts { request: LONG, listing: LONG, transfer_idle: LONG };
    config(&server.url()).with_timeouts(timeouts)
}

fn me() -> String {
    response(200, &sample::bot().to_string())
}

/// A server that sends the beginning of a response to the first request on each connection, and nothing after it.
struct Silent {
    server: Server,
    requests: mpsc::Receiver<()>,
    /// Keeps the connections open.
    _peers: Arc<Mutex<Vec<Peer>>>,
}

fn silent_after(begin: impl Into<String>) -> Silent {
    let (requested, requests) = mpsc::channel();
    let (begin, peers) = (begin.into(), Arc::<Mutex<Vec<Peer>>>::default());
    let open = Arc::clone(&peers);
    let server = Server::each(move |_, mut peer| {
        if peer.try_request().is_some() {
            peer.send(&begin);
            open.lock().expect("no other connection panicked").push(peer);
            // The test may have ended.
            requested.send(()).ok();
        }
    });
    Silent { server, requests, _peers: peers }
}

/// Stops the handle after the next request. Returns the time of the stop.
fn stop_after_request(stop: &StopHandle, requests: mpsc::Receiver<()>) -> thread::JoinHandle<Instant> {
    let stop = stop.clone();
    thread::spawn(move || {
        requests.recv().expect("a request is sent");
        let now = Instant::now();
        stop.stop();
        now
    })
}

#[executor_test(transports)]
fn operation_ends_soon_after_it_is_stopped<H: Harness>() {
    for begin in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let Silent { server, requests, _peers } = silent_after(begin);
        let stop = StopHandle::new();
        let client = H::connect(patient(&server)).stopped_by(&stop);
        let stopping = stop_after_request(&stop, requests);
        let error = H::wait(client.contacts().me()).expect_err("the server does not respond");
        let took = stopping.join().expect("it does not panic").elapsed();
        assert!(took < SOON, "{took:?}");
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Cancelled, true), "{error}");
        let error = H::wait(client.contacts().me()).expect_err("it is stopped");
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Cancelled, false), "{error}");
        drop(client);
    }
}

#[executor_test(transports)]
fn stop_during_the_login_says_that_the_request_was_not_sent<H: Harness>() {
    let Silent { server, requests, _peers } = silent_after("");
    let stop = StopHandle::new();
    let client = H::connect(patient(&server).with_protocol(TokenProtocol::default())).stopped_by(&stop);
    let stopping = stop_after_request(&stop, requests);
    let error = H::wait(client.chats().chat("c1").post("hello")).expect_err("the server does not respond");
    stopping.join().expect("it does not panic");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Cancelled, false), "{error}");
    drop(client);
}

#[executor_test(transports)]
fn wait_ends_soon_after_it_is_stopped<H: Harness>() {
    let Silent { server, requests, _peers } =
        silent_after("HTTP/1.1 503 Busy\r\nretry-after: 300\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let stop = StopHandle::new();
    let policy = RetryPolicy { max_retry_after: LONG, ..RetryPolicy::default() };
    let client = H::connect(patient(&server)).with_retry(policy).stopped_by(&stop);
    let stopping = stop_after_request(&stop, requests);
    let error = H::wait(client.contacts().me()).expect_err("the server is busy");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    let took = stopping.join().expect("it does not panic").elapsed();
    assert!(took < SOON, "{took:?}");

    let stop = StopHandle::new();
    let sleeper = H::connect(patient(&server)).stopped_by(&stop);
    let stopping = thread::spawn(move || stop.stop());
    let error = H::wait(sleeper.sleep(LONG)).expect_err("it is stopped");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    stopping.join().expect("it does not panic");
    drop((client, sleeper));
}

#[executor_test(transports)]
fn download_to_a_file_ends_soon_after_it_is_stopped_and_leaves_no_file<H: Harness>() {
    let Silent { server, requests, _peers } = silent_after(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100\r\netag: \"a\"\r\n\r\n0123456789",
    );
    let (stop, folder) = (StopHandle::new(), Folder::new());
    let client = H::connect(patient(&server)).stopped_by(&stop);
    let stopping = stop_after_request(&stop, requests);
    let asset = Asset::new("a1", "a.txt", "text/plain", 100);
    let path = folder.path("a.txt");
    let error = H::wait(client.chats().download_to(&asset, path)).expect_err("the server does not complete it");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    let took = stopping.join().expect("it does not panic").elapsed();
    assert!(took < SOON, "{took:?}");
    assert!(folder.content().is_empty(), "the part that had arrived is removed");
    drop(client);
}

#[executor_test(transports)]
fn feed_ends_soon_after_its_client_is_stopped<H: Harness>() {
    let Silent { server, requests, _peers } = silent_after("");
    let stop = StopHandle::new();
    let client = H::connect(patient(&server));
    let mut feed = client.stopped_by(&stop).chats().new_messages(FeedOptions::from_now());
    let mut other = client.chats().new_messages(FeedOptions::from_now());
    let stopping = stop_after_request(&stop, requests);
    assert!(H::next(&mut feed).is_none(), "the stop is not a failure");
    let took = stopping.join().expect("it does not panic").elapsed();
    assert!(took < SOON, "{took:?}");
    H::stop(&mut other);
    assert!(H::next(&mut other).is_none());
    drop((client, feed, other));
}

#[executor_test(transports)]
fn stop_leaves_the_operations_of_others_alone<H: Harness>() {
    let (requested, requests) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let server = Server::each(move |_, mut peer| {
        while peer.try_request().is_some() {
            requested.send(()).expect("the test waits for it");
            let wait = released.lock().expect("no other connection panicked");
            if wait.recv().is_err() || !peer.send(me()) {
                return;
            }
        }
    });
    let stop = StopHandle::new();
    let client = H::connect(patient(&server));
    let stoppable = client.stopped_by(&stop);
    // A connection that has served a stoppable client before.
    release.send(()).expect("the server waits");
    H::wait(stoppable.contacts().me()).expect("a response");
    requests.recv().expect("it was requested");
    let other = thread::spawn(move || {
        requests.recv().expect("it is requested");
        stop.stop();
        release.send(()).expect("the server waits");
    });
    H::wait(client.contacts().me()).expect("this client is not stopped");
    other.join().expect("it does not panic");
    drop((client, stoppable));
}

#[executor_test(transports)]
fn clients_of_a_session_share_their_connections<H: Harness>() {
    let server = Server::always(me());
    let client = H::connect(patient(&server));
    let stop = StopHandle::new();
    let views: [Client<H::X>; 4] = [
        client.with_retry(RetryPolicy::default()),
        client.with_deadline(LONG),
        client.stopped_by(&stop),
        client.stopped_by(&stop).with_deadline(LONG),
    ];
    for view in &views {
        H::wait(view.contacts().me()).expect("a response");
    }
    assert_eq!(server.connections(), 1);
    drop((client, views));
}

#[executor_test(transports)]
fn deadline_ends_an_operation<H: Harness>() {
    let silent = silent_after("");
    let client = H::connect(patient(&silent.server).with_retry(RetryPolicy::default()));
    let deadline = Duration::from_millis(300);
    let started = Instant::now();
    let error = H::wait(client.with_deadline(deadline).contacts().me()).expect_err("the server does not respond");
    let took = started.elapsed();
    assert!(deadline <= took && took < SOON, "{took:?}");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, true), "{error}");
    drop(client);
}

#[executor_test(transports)]
fn maximum_duration_limits_a_transfer_that_never_pauses<H: Harness>() {
    let server = Server::each(|_, mut peer| {
        if peer.try_request().is_some() {
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
            // The pace keeps the connection active without filling its buffers.
            while peer.send("x") {
                thread::sleep(Duration::from_millis(20));
            }
        }
    });
    let client = H::connect(patient(&server));
    let limit = Duration::from_millis(400);
    for timeout in [Timeout::Idle(LONG), Timeout::LongPoll { head: LONG, idle: LONG }] {
        let started = Instant::now();
        let reply = H::wait(attempt(&client, |exchange| {
            (exchange.timeout, exchange.max_duration) = (timeout, Some(limit));
        }));
        let Ok(Reply::Error(error)) = reply else { panic!("it should fail: {reply:?}") };
        assert_eq!((error.kind, error.sent), (TransportErrorKind::Timeout, true), "{error}");
        assert!(error.to_string().contains("400ms"), "{error}");
        let took = started.elapsed();
        assert!(limit <= took && took < SOON, "{took:?}");
    }
    drop(client);
}
