//! The number of idle connections, and their age.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use teamwire_core::config::Limits;
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{Server, ask, ask_at_once, client, config, me, respond_at_once, serve_at_once};

#[executor_test(adapters)]
fn as_many_idle_connections_are_kept_as_the_limit_allows<H: Harness>() {
    // More than ureq keeps by default.
    const MANY: usize = 12;
    let server = Server::script(|listener| {
        respond_at_once(&mut serve_at_once(listener, MANY));
    });
    let client = client::<H>(&server);
    for _ in 0..2 {
        ask_at_once::<H>(&client, MANY);
    }
}

#[executor_test(adapters)]
fn no_more_idle_connections_are_kept_than_the_limit_allows<H: Harness>() {
    const AT_ONCE: usize = 4;
    // No request gets its response before all have arrived.
    let all_arrived = Barrier::new(AT_ONCE);
    let server = Server::each(move |_, mut peer| {
        while peer.try_request().is_some() {
            all_arrived.wait();
            peer.send(me());
        }
    });
    let limits = Limits { max_idle_connections: 1, ..Limits::default() };
    let client = H::connect(config(&server.url()).with_limits(limits));
    for connections in [AT_ONCE, 2 * AT_ONCE - 1, 3 * AT_ONCE - 2] {
        ask_at_once::<H>(&client, AT_ONCE);
        assert_eq!(server.connections(), connections);
    }
}

#[executor_test(adapters)]
fn superfluous_idle_connection_is_closed_at_once<H: Harness>() {
    let server = Server::script(|listener| {
        let peers = serve_at_once(listener, 2);
        // One of the two is closed once both are idle; the other serves the next request.
        let (closed, has_closed) = mpsc::channel();
        for mut peer in peers {
            let closed = closed.clone();
            thread::spawn(move || match peer.try_request() {
                Some(_) => drop(peer.send(me())),
                None => drop(closed.send(())),
            });
        }
        has_closed.recv().expect("one is closed");
    });
    let limits = Limits { max_idle_connections: 1, ..Limits::default() };
    let client = H::connect(config(&server.url()).with_limits(limits));
    ask_at_once::<H>(&client, 2);
    ask::<H>(&client).expect("a response over the connection that was kept");
    drop(server);
}

#[executor_test(adapters)]
fn surplus_of_a_peak_is_closed_by_age<H: Harness>() {
    const PEAK: usize = 4;
    let (all_arrived, closed) = (Barrier::new(PEAK), Arc::<AtomicUsize>::default());
    let closed_by_now = Arc::clone(&closed);
    let server = Server::each(move |number, mut peer| {
        peer.request();
        if number < PEAK {
            all_arrived.wait();
        }
        peer.send(me());
        while peer.try_request().is_some() {
            peer.send(me());
        }
        closed.fetch_add(1, Ordering::SeqCst);
    });
    let limits = Limits { max_idle_age: Duration::from_millis(300), ..Limits::default() };
    let client = H::connect(config(&server.url()).with_limits(limits));
    ask_at_once::<H>(&client, PEAK);
    // Each request uses the latest connection, so that the others get too old.
    let begun = Instant::now();
    while closed_by_now.load(Ordering::SeqCst) < PEAK - 1 {
        ask::<H>(&client).expect("a response");
        assert!(begun.elapsed() < Duration::from_secs(60), "the connections are kept");
    }
}

#[executor_test(adapters)]
fn idle_limits_of_zero_and_one_are_kept<H: Harness>() {
    for (limits, expected) in [
        (Limits { max_idle_connections: 0, ..Limits::default() }, 3),
        (Limits { max_idle_connections: 1, ..Limits::default() }, 1),
        (Limits { max_idle_age: Duration::ZERO, ..Limits::default() }, 3),
    ] {
        let server = Server::always(me());
        let client = H::connect(config(&server.url()).with_limits(limits));
        for _ in 0..3 {
            ask::<H>(&client).expect("a response");
        }
        assert_eq!(server.connections(), expected, "{limits:?}");
    }
}
