//! Lookups as the network has them, with addresses that no name server has to know.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Client, Credentials,
    config::{RetryPolicy, Timeouts},
};

use super::*;
use crate::{executor::BlockingExecutor, ureq::tcp::Lookups};

const ME: &str =
    r#"{"uid":"u-bot","first_name":"Example","last_name":"Bot","organisation":"Example Org","is_bot":true}"#;

fn client(lookups: Lookups, time: Duration) -> Client<BlockingExecutor> {
    client_with(lookups, time, |config| config)
}

fn proxied(lookups: Lookups) -> Client<BlockingExecutor> {
    client_with(lookups, Duration::from_secs(30), |config| {
        config.with_proxy("http://proxy.test:81").expect("a URL").with_tunnel_for_plain_http(true)
    })
}

fn client_with(lookups: Lookups, time: Duration, change: fn(Config) -> Config) -> Client<BlockingExecutor> {
    let credentials = Credentials::new("app-id", "the secret").expect("credentials");
    let config = Config::new_insecure("http://backend.test:81", credentials).expect("a URL");
    let timeouts = Timeouts { request: time, listing: time, transfer_idle: time };
    let config = config.with_retry(RetryPolicy::NEVER).with_timeouts(timeouts);
    let config = change(config);
    let mut http = UreqTransport::new(&config).expect("options that can be had");
    http.connector.hosts = Hosts::with(lookups);
    http.agent = agent(http.agent.config().clone(), http.connector.clone());
    Client::new(BlockingExecutor::new(config, http).expect("options that can be had"))
}

/// A server of one connection with so many requests.
fn server(requests: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("a client");
        for _ in 0..requests {
            assert!(peer.read(&mut [0; 4096]).expect("a request") > 0);
            write!(peer, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{ME}", ME.len()).expect("a client");
        }
    });
    address
}

#[test]
fn a_host_is_looked_up_for_a_connection_and_not_for_a_request() {
    let (address, count) = (server(3), Arc::new(AtomicUsize::new(0)));
    let counts = count.clone();
    let lookups = Lookups::with(move |host, port| {
        assert_eq!((host, port), ("backend.test", 81));
        counts.fetch_add(1, Ordering::SeqCst);
        Ok(vec![address])
    });
    let client = client(lookups, Duration::from_secs(30));
    for _ in 0..3 {
        client.contacts().me().expect("a response");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_lookup_that_hangs_is_given_up_in_time_and_not_begun_again() {
    let (end, ended) = mpsc::channel::<()>();
    let (ended, count) = (Mutex::new(ended), Arc::new(AtomicUsize::new(0)));
    let counts = count.clone();
    let lookups = Lookups::with(move |_, _| {
        counts.fetch_add(1, Ordering::SeqCst);
        ended.lock().expect("nothing panics").recv().expect_err("the test drops the other end");
        Ok(Vec::new())
    });
    let client = client(lookups, Duration::from_millis(50));
    for _ in 0..5 {
        let error = client.contacts().me().expect_err("the lookup hangs");
        assert!(error.to_string().contains("no complete response within 50ms"), "{error}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    drop(end);
}

#[test]
fn a_silent_address_costs_a_moment_and_not_its_share_of_the_time() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = listener.local_addr().expect("it is bound");
    // As many as there is room for wait already.
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&silent, Duration::from_millis(200)) {
        waiting.push(stream);
        if waiting.len() > 5_000 {
            return;
        }
    }
    let address = server(1);
    let client = client(Lookups::with(move |_, _| Ok(vec![silent, address])), Duration::from_secs(60));
    let begun = Instant::now();
    client.contacts().me().expect("a response");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn an_address_that_opens_no_tunnel_any_more_is_not_tried_first() {
    // A proxy of two addresses. The one that was reached refuses the next tunnel, and no more connections are made to
    // it.
    let [first, second] = [(), ()].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    let [a, b] = [&first, &second].map(|listener| listener.local_addr().expect("it is bound"));
    let lookups = Mutex::new(vec![vec![a, b], vec![a, b], vec![b, a]]);
    let lookups = Lookups::with(move |_, _| Ok(lookups.lock().expect("nothing panics").pop().unwrap_or_default()));
    let client = proxied(lookups);

    let serves = |listener: &TcpListener, replies: &[String]| {
        let (mut peer, _) = listener.accept().expect("a client");
        for reply in replies {
            assert!(peer.read(&mut [0; 4096]).expect("a request") > 0);
            peer.write_all(reply.as_bytes()).expect("a client");
        }
    };
    let tunnel = || "HTTP/1.1 200 OK\r\n\r\n".to_owned();
    let me = || format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{ME}", ME.len());
    let refusal = || "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_owned();

    let turns = thread::spawn(move || {
        serves(&second, &[tunnel(), me()]);
        serves(&second, &[refusal()]);
        serves(&first, &[tunnel(), me()]);
    });
    client.contacts().me().expect("the second address opens a tunnel");
    client.contacts().me().expect_err("it is tried first, and refuses");
    client.contacts().me().expect("the first address is tried first again");
    turns.join().expect("it was asked in this order");
}
