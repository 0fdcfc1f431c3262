//! A server of reactions, and operations on a feed of them.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use async_std::task;
use teamwire_async_std::{
    Client, Events, FeedEvent, FeedOptions, Reaction,
    feed::{FeedEnd, Poller},
    script::sample,
};
use teamwire_test_support::{Peer, Server, response};

/// Starts a server of reactions. It records the requests, and `respond` handles the polls, which are numbered from 0.
pub(super) fn updates(polled: impl Fn(usize, &mut Peer) + Send + Sync + 'static) -> (Server, Receiver<String>) {
    let (note, noted) = mpsc::channel();
    let (note, polls) = (Mutex::new(note), AtomicUsize::new(0));
    let server = Server::each(move |_, mut peer| {
        while let Some(request) = peer.try_request() {
            let method = request.line().split(' ').next().expect("a method").to_owned();
            note.lock().expect("no thread panicked").send(method.clone()).expect("the test listens");
            match method.as_str() {
                "PUT" => drop(peer.send(response(201, r#"{ "id": "s1", "cursor": "0" }"#))),
                "DELETE" => {
                    assert!(request.line().starts_with("DELETE /v1/reactions/subscriptions/s1 "), "{request:?}");
                    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
                }
                _ => polled(polls.fetch_add(1, Ordering::SeqCst), &mut peer),
            }
        }
    });
    (server, noted)
}

/// Returns the response to a poll, with the reactions of these ids.
pub(super) fn reactions(ids: &[&str]) -> String {
    let items = ids.iter().map(|id| {
        let data = sample::reaction(id, "m1", "c1", "ok");
        format!(r#"{{ "cursor": "after {id}", "kind": "reaction", "data": {data} }}"#)
    });
    let items = items.collect::<Vec<_>>().join(",");
    let last = ids.last().unwrap_or(&"nothing");
    response(200, &format!(r#"{{ "items": [{items}], "cursor": "after {last}" }}"#))
}

pub(super) type Reactions = Events<Poller<Reaction>>;

pub(super) fn follow(client: &Client) -> Reactions {
    client.chats().reaction_updates(FeedOptions::from_now())
}

/// Returns the id of the reaction that the feed delivers next.
pub(super) async fn next_id(events: &mut Reactions) -> String {
    match events.next().await.expect("an event").expect("no error") {
        FeedEvent::Update { item, .. } => item.reaction_id.to_string(),
        other => panic!("{other:?}"),
    }
}

pub(super) async fn started(events: &mut Reactions) {
    let event = events.next().await.expect("an event").expect("no error");
    assert!(matches!(event, FeedEvent::Started(_)), "{event:?}");
}

pub(super) fn poll_once<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a future that has to stay pending, until there is a message.
pub(super) fn poll_until<T>(future: impl Future<Output = T>, signal: &Receiver<()>) {
    let mut future = pin!(future);
    while signal.try_recv().is_err() {
        assert!(poll_once(future.as_mut()).is_pending());
    }
}

/// Expects the feed to end within a second, without an error.
pub(super) fn ends(mut events: Reactions) {
    let begun = Instant::now();
    task::block_on(async {
        assert!(events.next().await.is_none());
        assert!(events.next().await.is_none(), "the end is the end");
    });
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(events.end(), Some(&FeedEnd::Stopped));
}

pub(super) fn all(noted: &Receiver<String>) -> Vec<String> {
    noted.try_iter().collect()
}

/// Returns a signal to the test, from any thread.
pub(super) fn signal() -> (impl Fn() + Send + Sync, Receiver<()>) {
    let (tell, signal) = mpsc::channel();
    let tell = Mutex::new(tell);
    (move || tell.lock().expect("no thread panicked").send(()).expect("the test waits"), signal)
}
