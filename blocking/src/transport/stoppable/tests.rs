use std::{
    sync::{
        Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    effect::{Exchange, Response, TransportError, TransportErrorKind},
    feed::FeedEnd,
    machine::Reply,
    script::sample,
};
use teamwire_test_support::config;

use super::super::Transport;
use crate::{BlockingExecutor, Client, FeedEvent, FeedOptions, FeedSet, feed::FeedSetEvent};

/// Far below the timeout of any exchange.
const SOON: Duration = Duration::from_secs(5);

/// A transport that responds to operations, and performs the exchanges of feeds as it is set to.
struct Stub {
    polls: Sender<&'static str>,
    feeds: Feeds,
}

/// The exchanges of feeds.
enum Feeds {
    /// They end when the sender of this channel is dropped.
    Hang(Mutex<Receiver<()>>),
    Panic,
}

impl Transport for Stub {
    fn perform(&self, exchange: Exchange) -> Reply {
        if exchange.request.uri().path().ends_with("/me") {
            return Reply::Response(Response::new(sample::bot().to_string().into_bytes()));
        }
        self.polls.send("a poll").expect("the test waits for it");
        match &self.feeds {
            Feeds::Hang(release) => drop(release.lock().expect("no other exchange panicked").recv()),
            Feeds::Panic => panic!("as a test of that"),
        }
        Reply::Error(TransportError::new(TransportErrorKind::Connect, "released"))
    }
}

/// Returns a client, and a receiver of the exchanges of its feeds.
fn client(feeds: Feeds) -> (Client, Receiver<&'static str>) {
    let (polls, polled) = mpsc::channel();
    let executor = BlockingExecutor::with_transport(config("http://127.0.0.1:9"), Stub { polls, feeds });
    (Client::new(executor.expect("the options are valid")), polled)
}

fn hanging() -> (Client, Receiver<&'static str>, Sender<()>) {
    let (release, released) = mpsc::channel();
    let (client, polled) = client(Feeds::Hang(Mutex::new(released)));
    (client, polled, release)
}

#[test]
fn stop_abandons_the_exchange_of_a_feed_at_once() {
    let (client, polled, _release) = hanging();
    let mut events = client.chats().new_messages(FeedOptions::from_now());
    let stop_handle = events.stop_handle();
    let stopping = thread::spawn(move || {
        polled.recv().expect("the feed starts");
        stop_handle.stop();
        Instant::now()
    });
    assert!(events.next().is_none());
    let took = stopping.join().expect("it does not panic").elapsed();
    assert!(took < SOON, "{took:?}");
    assert_eq!(events.end(), Some(&FeedEnd::Stopped));
    client.contacts().me().expect("operations are not aborted");
}

#[test]
fn stop_of_one_feed_leaves_the_others_in_flight() {
    let (client, polled, release) = hanging();
    let [mut stopped, mut other] = [(); 2].map(|()| client.chats().new_messages(FeedOptions::from_now()));
    let stop_handle = stopped.stop_handle();
    let stopping = thread::spawn(move || stopped.next());
    let waiting = thread::spawn(move || other.next());
    for _ in 0..2 {
        polled.recv().expect("both feeds start");
    }
    stop_handle.stop();
    assert!(stopping.join().expect("it does not panic").is_none());
    assert!(!waiting.is_finished(), "nothing has released its exchange");
    drop(release);
    let event = waiting.join().expect("it does not panic").expect("an event").expect("it is retried");
    let FeedEvent::Retrying(failure) = event else { panic!("{event:?}") };
    assert!(failure.error.to_string().contains("released"), "{}", failure.error);
}

#[test]
fn stop_ends_all_feeds_of_a_driver_and_its_threads() {
    let (client, polled, _release) = hanging();
    let mut set = FeedSet::new();
    for key in 0..3 {
        set.insert(key, client.chats().new_messages(FeedOptions::from_now()).into_feed());
    }
    let mut drive = client.executor().drive(set, 2).expect("two threads");
    let stop_handle = drive.stop_handle();
    let stopping = thread::spawn(move || {
        polled.recv().expect("a feed starts");
        stop_handle.stop();
        Instant::now()
    });
    let ends: Vec<_> = drive.by_ref().collect();
    assert!(stopping.join().expect("it does not panic").elapsed() < SOON);
    let is_stopped =
        |(_, event): &(i32, FeedSetEvent<_, _>)| matches!(event, FeedSetEvent::Ended(Ok(FeedEnd::Stopped)));
    assert!(ends.len() == 3 && ends.iter().all(is_stopped), "{ends:?}");
}

#[test]
fn aborted_transport_performs_no_further_exchange() {
    let (client, polled, _release) = hanging();
    let mut events = client.chats().new_messages(FeedOptions::from_now());
    events.stop_handle().stop();
    assert!(events.next().is_none());
    assert!(polled.try_recv().is_err(), "nothing was requested");
}

#[test]
fn panic_of_a_transport_is_the_error_of_an_exchange_of_a_feed() {
    let (client, _polled) = client(Feeds::Panic);
    let mut events = client.chats().new_messages(FeedOptions::from_now());
    let event = events.next().expect("an event");
    let error = match event {
        Ok(FeedEvent::Retrying(failure)) => failure.error,
        other => other.expect_err("the feed has not started"),
    };
    assert!(error.to_string().contains("panicked"), "{error}");
}

#[test]
fn shared_transport_is_dropped_with_its_last_user() {
    let (client, polled, release) = hanging();
    let mut events = client.chats().new_messages(FeedOptions::from_now());
    let stop_handle = events.stop_handle();
    let stopping = thread::spawn(move || {
        polled.recv().expect("the feed starts");
        stop_handle.stop();
        polled
    });
    assert!(events.next().is_none());
    let polled = stopping.join().expect("it does not panic");
    drop((client, events));
    drop(release);
    // The abandoned thread was the last one that had the transport.
    assert!(polled.recv_timeout(SOON).is_err_and(|error| error == mpsc::RecvTimeoutError::Disconnected));
}
