//! A stopped operation or feed ends at once, even while it connects.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use teamwire_blocking::{ErrorKind, FeedOptions, FeedSet, StopHandle, feed::FeedEnd};
use teamwire_test_support::config;

/// Returns a host that does not accept connections, because its backlog is full. `None` if the backlog has room for
/// thousands.
fn silent_host() -> Option<(SocketAddr, impl Sized)> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
        if waiting.len() > 5_000 {
            return None;
        }
    }
    Some((address, (listener, waiting)))
}

/// Returns the number of connections to this address that are being made, which only Linux reports.
fn connecting(address: SocketAddr) -> Option<usize> {
    const SYN_SENT: &str = "02";
    let to = format!(":{:04X}", address.port());
    let is_one = |line: &&str| {
        let mut fields = line.split_whitespace().skip(2);
        fields.next().is_some_and(|remote| remote.ends_with(&to)) && fields.next() == Some(SYN_SENT)
    };
    Some(fs::read_to_string("/proc/net/tcp").ok()?.lines().filter(is_one).count())
}

#[test]
fn feed_stopped_while_it_connects_ends_at_once() {
    let Some((address, _full)) = silent_host() else { return };
    for drives in [false, true] {
        let Some(before) = connecting(address) else { return };
        let client = teamwire_blocking::client(config(&format!("http://{address}"))).expect("the options are valid");
        let mut events = client.chats().new_messages(FeedOptions::from_now());
        let mut set = FeedSet::new();
        set.insert("a", client.chats().new_messages(FeedOptions::from_now()).into_feed());
        let mut drive = client.executor().drive(set, 1).expect("a thread");
        let stop_handle = if drives { drive.stop_handle() } else { events.stop_handle() };
        let stopping = thread::spawn(move || {
            while connecting(address).is_some_and(|now| now <= before) {
                thread::yield_now();
            }
            stop_handle.stop();
            Instant::now()
        });
        if drives {
            assert_eq!(drive.by_ref().count(), 1, "its end");
        } else {
            assert!(events.next().is_none());
            assert_eq!(events.end(), Some(&FeedEnd::Stopped));
        }
        let took = stopping.join().expect("it does not panic").elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}

#[test]
fn operation_stopped_while_it_connects_ends_at_once() {
    let Some((address, _full)) = silent_host() else { return };
    let Some(before) = connecting(address) else { return };
    let stop = StopHandle::new();
    let client = teamwire_blocking::client(config(&format!("http://{address}"))).expect("the options are valid");
    let handle = stop.clone();
    let stopping = thread::spawn(move || {
        while connecting(address).is_some_and(|now| now <= before) {
            thread::yield_now();
        }
        handle.stop();
        Instant::now()
    });
    let error = client.stopped_by(&stop).contacts().me().expect_err("the host does not accept the connection");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Cancelled, false), "{error}");
    let took = stopping.join().expect("it does not panic").elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}
