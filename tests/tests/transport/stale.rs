//! Dead idle connections: after one of them, the others are not used. One that was used a moment ago is not checked,
//! and is replaced without an attempt if it is dead.

use std::{
    sync::{Arc, Barrier, mpsc},
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Client,
    config::RetryPolicy,
    effect::{Exchange, Timeout, TransportError, TransportErrorKind},
    executor::Manual,
    machine::{Machine, Reply, Step},
    script::sample,
};
use teamwire_tests::{executor_test, harness::Harness, operations};

use crate::support::{
    Peer, Server, ask, ask_at_once, client, config, fault, me, response, serve_at_once, unchanged, within,
};

const MANY: usize = 5;

/// Serves the next request over a new connection.
fn serve(peer: &mut Peer) {
    peer.request();
    peer.send(me());
}

#[executor_test(adapters)]
fn connections_as_old_as_a_dead_one_are_not_used<H: Harness>() {
    // The connection is closed with the request read or unread. The latter is a reset.
    for reads in [true, false] {
        let server = Server::script(move |listener| {
            for mut peer in serve_at_once(listener, MANY) {
                thread::spawn(move || if reads { drop(peer.try_request()) } else { peer.wait_for_bytes() });
            }
            serve(&mut listener.accept());
        });
        let client = client::<H>(&server);
        ask_at_once::<H>(&client, MANY);
        let fault = fault::<H>(&client, unchanged);
        assert_eq!((fault.kind, fault.reused, fault.sent), (TransportErrorKind::Disconnected, true, true), "{fault}");
        response::<H>(&client, unchanged);
        assert_eq!(server.connections(), MANY + 1);
    }
}

#[executor_test(adapters)]
fn connections_as_old_as_a_silent_one_are_not_used<H: Harness>() {
    let server = Server::script(|listener| {
        let silent = serve_at_once(listener, MANY);
        serve(&mut listener.accept());
        drop(silent);
    });
    let client = client::<H>(&server);
    ask_at_once::<H>(&client, MANY);
    let fault = fault::<H>(&client, within(Timeout::Total(Duration::from_millis(500))));
    assert_eq!((fault.kind, fault.reused, fault.sent), (TransportErrorKind::Timeout, true, true), "{fault}");
    response::<H>(&client, unchanged);
}

#[executor_test(adapters)]
fn response_that_has_begun_casts_no_doubt_on_others<H: Harness>() {
    let server = Server::script(|listener| {
        let serving = serve_at_once(listener, MANY).into_iter().map(|mut peer| {
            thread::spawn(move || {
                peer.request();
                peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
            })
        });
        serving.collect::<Vec<_>>().into_iter().for_each(|peer| peer.join().expect("each gets a request"));
    });
    let client = client::<H>(&server);
    ask_at_once::<H>(&client, MANY);
    for _ in 0..MANY {
        let fault = fault::<H>(&client, unchanged);
        assert_eq!((fault.kind, fault.reused), (TransportErrorKind::Disconnected, true), "{fault}");
    }
    assert_eq!(server.connections(), MANY);
}

#[executor_test(adapters)]
fn fresh_exchange_takes_a_new_connection_and_ends_the_old<H: Harness>() {
    let (ended, has_ended) = mpsc::channel();
    let server = Server::script(move |listener| {
        let mut old = serve_at_once(listener, MANY);
        let mut new = listener.accept();
        serve(&mut new);
        for peer in &mut old {
            assert!(peer.try_request().is_none(), "a second request over an old connection");
        }
        ended.send(()).expect("the test waits");
        serve(&mut new);
        serve(&mut listener.accept());
    });
    let client = client::<H>(&server);
    ask_at_once::<H>(&client, MANY);
    response::<H>(&client, |exchange| exchange.requires_new_connection = true);
    has_ended.recv().expect("the old connections are closed");
    response::<H>(&client, unchanged);
    response::<H>(&client, |exchange| exchange.requires_new_connection = true);
    assert_eq!(server.connections(), MANY + 2);
}

/// A server that disturbs two of its connections once they are idle.
struct Disturbing {
    server: Server,
    is_idle: Arc<Barrier>,
    is_disturbed: mpsc::Receiver<()>,
    /// The number of each of the two, once it has ended, and whether a further request has arrived over it.
    ends: mpsc::Receiver<(usize, bool)>,
}

impl Disturbing {
    /// A server that sends these bytes, or ends the connection if there are none.
    fn with(last: &'static str) -> Self {
        let ((disturbed, is_disturbed), (ended, ends)) = (mpsc::channel(), mpsc::channel());
        let is_idle = Arc::new(Barrier::new(2));
        let idle = Arc::clone(&is_idle);
        let server = Server::each(move |number, mut peer| {
            while let Some(request) = peer.try_request() {
                if request.head.starts_with("POST") {
                    peer.respond(201, &sample::message("m", "c1", "hello").to_string());
                } else {
                    peer.send(me());
                }
                if number < 2 {
                    idle.wait();
                    match last {
                        "" => peer.end_sending(),
                        last => assert!(peer.send(last)),
                    }
                    disturbed.send(()).expect("the test waits");
                    ended.send((number, peer.try_request().is_some())).expect("the test waits");
                    return;
                }
            }
        });
        Self { server, is_idle, is_disturbed, ends }
    }

    /// Lets the server disturb the connection of the last request.
    fn disturb(&self) {
        self.is_idle.wait();
        self.is_disturbed.recv().expect("the server disturbs the connection");
    }

    /// Waits for the end of both, and returns whether a further request has arrived over the first and the second.
    fn ends(&self) -> [bool; 2] {
        let mut ends = [0; 2].map(|_| self.ends.recv().expect("the connection ends"));
        ends.sort_unstable();
        ends.map(|(_, is_used)| is_used)
    }
}

#[executor_test(adapters)]
fn connection_used_a_moment_ago_is_reused_unchecked_and_replaced_unseen<H: Harness>() {
    // An attempt that counts would wait for longer than the test may take.
    let long = Duration::from_secs(600);
    let retry = RetryPolicy { max_retries: 1, initial_backoff: long, max_backoff: long, ..RetryPolicy::default() };
    for last in ["", "HTTP/1.1 408 Too Late\r\ncontent-length: 0\r\n\r\n", "left over"] {
        for posts in [false, true] {
            // Again if the machine is too slow.
            while !is_replaced_unseen::<H>(retry, last, posts) {}
        }
    }
}

/// Returns whether the second request was sent early enough to do without a check.
fn is_replaced_unseen<H: Harness>(retry: RetryPolicy, last: &'static str, posts: bool) -> bool {
    let disturbing = Disturbing::with(last);
    let client = H::connect(config(&disturbing.server.url()).with_retry(retry));
    let request = || {
        if posts {
            H::wait(client.chats().chat("c1").post("hello")).expect("it is posted");
        } else {
            ask::<H>(&client).expect("a response");
        }
    };
    let start = Instant::now();
    request();
    disturbing.disturb();
    request();
    let is_early = start.elapsed() < Duration::from_millis(900);
    disturbing.disturb();
    request();
    let [first, second] = disturbing.ends();
    if is_early {
        assert!(first, "it was checked");
    }
    assert!(!(first && second), "no connection is trusted after the loss of one");
    assert_eq!(disturbing.server.connections(), 3);
    is_early
}

#[executor_test(adapters)]
fn connection_whose_loss_would_cost_an_attempt_is_checked<H: Harness>() {
    let disturbing = Disturbing::with("");
    let client = client::<H>(&disturbing.server);
    for _ in 0..2 {
        ask::<H>(&client).expect("a response");
        disturbing.disturb();
    }
    ask::<H>(&client).expect("a response");
    assert_eq!(disturbing.ends(), [false, false]);
}

#[test]
fn exchange_replaces_a_stale_connection_once_if_it_may_be_repeated() {
    let flags = |exchange: &Exchange| (exchange.replaces_stale_connection, exchange.requires_new_connection);
    for (retry, replaces) in [(RetryPolicy::default(), true), (RetryPolicy::NEVER, false)] {
        let now = operations::now();
        let client = Client::new(Manual::new(config("http://127.0.0.1:9").with_retry(retry), [7; 32], now));
        let mut me = client.contacts().me();
        let Step::Send(ticket, exchange) = me.poll(now) else { panic!("it sends a request") };
        assert_eq!(flags(&exchange), (replaces, false));
        let lost = TransportError::new(TransportErrorKind::Disconnected, "lost").with_sent(true).with_reused(true);
        me.handle(now, ticket, Reply::Error(lost));
        match me.poll(now) {
            Step::Send(_, exchange) if replaces => assert_eq!(flags(&exchange), (false, true)),
            Step::Done(Err(_)) if !replaces => {}
            _ => panic!("it is repeated at once, or not at all"),
        }
    }
}
