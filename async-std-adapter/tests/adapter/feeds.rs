//! Feeds as streams: no event is lost, and a stop is immediate.

mod support;

use std::{
    future::ready,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use async_std::task;
use futures_util::StreamExt;
use teamwire_async_std::{
    Error, ErrorKind, FeedEvent, Reaction, Script,
    feed::FeedEnd,
    script::{Expect, Respond, sample},
    scripted,
};
use teamwire_test_support::{Server, response};

use self::support::{
    Reactions, all, ends, follow, next_id, poll_once, poll_until, reactions, signal, started, updates,
};
use crate::support::client;

#[test]
fn feed_is_a_stream() {
    let (server, noted) = updates(|number, peer| {
        let response = match number {
            0 => reactions(&["r1", "r2"]),
            1 => reactions(&["r3"]),
            _ => response(410, r#"{ "code": "unsubscribed" }"#),
        };
        peer.send(response);
    });
    let client = client(&server);
    let mut events = follow(&client);
    assert!(all(&noted).is_empty(), "nothing is sent before the first event is requested");
    let ids: Vec<_> = task::block_on(
        // Any `StreamExt` can be used.
        StreamExt::by_ref(&mut events)
            .filter_map(async |event| event.expect("no error").into_item())
            .map(|reaction| reaction.reaction_id.to_string())
            .collect(),
    );
    assert_eq!(ids, ["r1", "r2", "r3"]);
    assert_eq!(events.end(), Some(&FeedEnd::Unsubscribed));
    assert_eq!(all(&noted), ["PUT", "GET", "GET", "GET"]);
    assert_eq!(server.connections(), 1);
}

#[test]
fn error_is_the_last_item() {
    let server = Server::each(|_, mut peer| {
        while peer.try_request().is_some() {
            peer.send(response(401, r#"{ "code": "auth" }"#));
        }
    });
    let client = client(&server);
    let mut events = follow(&client);
    let error = task::block_on(events.next()).expect("an item").expect_err("the key was revoked");
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(task::block_on(events.next()).is_none() && events.end().is_none());

    let error = task::block_on(follow(&client).for_each(async |_| panic!("no event"))).expect_err("here too");
    assert_eq!(error.kind(), ErrorKind::Auth);
}

#[test]
fn feed_that_is_stopped_in_a_long_poll_only_unsubscribes() {
    let (polls, polled) = signal();
    let (server, noted) = updates(move |number, peer| {
        if number == 0 {
            peer.send(reactions(&["r1"]));
        } else {
            polls();
            peer.wait_for_end();
        }
    });
    let client = client(&server);
    let events = follow(&client);
    let stop_handle = events.stop_handle();
    let stopping = thread::spawn(move || {
        polled.recv().expect("a long poll");
        stop_handle.stop();
        stop_handle.stop();
        (Instant::now(), stop_handle.is_stopped())
    });
    let mut count = 0;
    task::block_on(events.for_each(|event| {
        count += usize::from(event.into_item().is_some());
        ready(())
    }))
    .expect("no error");
    let (stopped, is_stopped) = stopping.join().expect("it did not panic");
    assert!(stopped.elapsed() < Duration::from_secs(1) && is_stopped);
    assert_eq!((count, all(&noted)), (1, ["PUT", "GET", "GET", "DELETE"].map(str::to_owned).to_vec()));
}

#[test]
fn received_events_are_delivered_after_a_stop() {
    let (sends, sent) = signal();
    let (go_on, goes_on) = mpsc::channel();
    let goes_on = Mutex::new(goes_on);
    let (server, noted) = updates(move |_, peer| {
        goes_on.lock().expect("no thread panicked").recv().expect("the test says when");
        peer.send(reactions(&["r1", "r2"]));
        sends();
    });
    let client = client(&server);
    let mut events = follow(&client);
    task::block_on(started(&mut events));
    {
        // It is only polled until its request has been sent.
        let mut next = pin!(events.next());
        while !noted.try_iter().any(|method| method == "GET") {
            assert!(poll_once(next.as_mut()).is_pending());
        }
    }
    go_on.send(()).expect("the server waits");
    sent.recv().expect("a response");
    events.stop_handle().stop();
    assert_eq!(task::block_on(async { [next_id(&mut events).await, next_id(&mut events).await] }), ["r1", "r2"]);
    ends(events);
    assert_eq!(all(&noted), ["DELETE"]);
}

#[test]
fn feed_stopped_while_it_waits_for_a_retry_only_unsubscribes() {
    let (server, noted) = updates(|_, peer| {
        peer.send("HTTP/1.1 503 Busy\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n");
    });
    let client = client(&server);
    let mut events = follow(&client);
    task::block_on(async {
        started(&mut events).await;
        let event = events.next().await.expect("an event").expect("no error");
        assert!(matches!(event, FeedEvent::Retrying(_)), "{event:?}");
    });
    assert!(poll_once(pin!(events.next())).is_pending(), "it waits");
    let stop_handle = events.stop_handle();
    let waiting = task::spawn(async move { ends(events) });
    stop_handle.stop();
    task::block_on(waiting);
    assert_eq!(all(&noted), ["PUT", "GET", "DELETE"]);
}

#[test]
fn feed_that_is_stopped_before_it_began_sends_nothing() {
    let (server, noted) = updates(|_, _| {});
    let client = client(&server);
    let events = follow(&client);
    events.stop_handle().stop();
    ends(events);
    assert!(all(&noted).is_empty());
    assert_eq!(server.connections(), 0);
}

#[test]
fn no_event_is_lost_with_a_future_that_is_dropped() {
    let (polls, polled) = signal();
    let (go_on, goes_on) = mpsc::channel();
    let goes_on = Mutex::new(goes_on);
    let (server, noted) = updates(move |number, peer| {
        polls();
        goes_on.lock().expect("no thread panicked").recv().expect("the test says when");
        peer.send(reactions(&[["r1", "r2", "r3"][number]]));
    });
    let client = client(&server);
    let mut events = follow(&client);
    task::block_on(started(&mut events));
    for id in ["r1", "r2", "r3"] {
        poll_until(events.next(), &polled);
        assert!(poll_once(pin!(events.next())).is_pending());
        go_on.send(()).expect("the server waits");
        assert_eq!(task::block_on(next_id(&mut events)), id);
    }
    assert_eq!(all(&noted), ["PUT", "GET", "GET", "GET"], "no request was sent again");
    assert_eq!(server.connections(), 1);
}

#[test]
fn feed_that_is_dropped_sends_nothing_more() {
    let (polls, polled) = signal();
    let (gone, is_gone) = signal();
    let (server, noted) = updates(move |_, peer| {
        polls();
        peer.wait_for_end();
        gone();
    });
    let client = client(&server);
    let mut events = follow(&client);
    task::block_on(started(&mut events));
    poll_until(events.next(), &polled);
    drop(events);
    is_gone.recv().expect("the connection is closed");
    assert_eq!(all(&noted), ["PUT", "GET"]);
}

/// Feeds in a struct, in a list, and in tasks, as programs have them.
struct Watcher {
    reactions: Vec<Reactions>,
    seen: Arc<AtomicUsize>,
}

impl Watcher {
    async fn watch(&mut self) -> Result<(), Error> {
        for events in &mut self.reactions {
            while let Some(event) = events.next().await {
                self.seen.fetch_add(usize::from(event?.into_item().is_some()), Ordering::SeqCst);
            }
        }
        Ok(())
    }
}

#[test]
fn feeds_can_be_kept_anywhere_and_spawned() {
    const fn is_a_value<T: Send + Unpin + std::fmt::Debug + 'static>() {}
    const fn lives_anywhere<T: Clone + Send + Sync + Unpin + std::fmt::Debug + 'static>() {}
    is_a_value::<Reactions>();
    lives_anywhere::<teamwire_async_std::StopHandle>();

    let (server, _noted) = updates(|number, peer| {
        let all = if number % 2 == 0 { reactions(&["r1"]) } else { response(410, r#"{ "code": "unsubscribed" }"#) };
        peer.send(all);
    });
    let (client, seen) = (client(&server), Arc::<AtomicUsize>::default());
    let mut watcher = Watcher { reactions: vec![follow(&client), follow(&client)], seen: Arc::clone(&seen) };
    task::block_on(task::spawn(async move { watcher.watch().await })).expect("no error");

    // A handler can borrow and await.
    let handled = task::spawn(async move {
        let count = AtomicUsize::new(0);
        let (client, counted) = (&client, &count);
        let handler = |event: FeedEvent<Reaction>| async move {
            client.contacts().me().await.expect_err("the server knows only reactions");
            counted.fetch_add(usize::from(event.into_item().is_some()), Ordering::SeqCst);
        };
        follow(client).for_each(handler).await.map(|()| count.load(Ordering::SeqCst))
    });
    task::block_on(handled).expect("no error");
    assert_eq!(seen.load(Ordering::SeqCst), 2);
}

#[test]
fn script_plays_a_feed() {
    let script = Script::new()
        .then(
            Expect::put("/v1/reactions/subscriptions"),
            Respond::json(201, sample::json(r#"{ "id": "s", "cursor": "0" }"#)),
        )
        .then(Expect::get("/v1/reactions/updates"), Respond::problem(503, "server").retry_after(3_600))
        .then(
            Expect::get("/v1/reactions/updates"),
            Respond::json(200, sample::json(r#"{ "items": [], "cursor": "1" }"#)),
        );
    let mut events = follow(&scripted(&script));
    task::block_on(async {
        started(&mut events).await;
        let event = events.next().await.expect("an event").expect("no error");
        assert!(matches!(event, FeedEvent::Retrying(_)), "{event:?}");
        assert!(events.next().await.is_none(), "it ends where the script does");
    });
    assert!(events.end().is_none());
    script.assert_done();

    let script = Script::new()
        .then(
            Expect::put("/v1/reactions/subscriptions"),
            Respond::json(201, sample::json(r#"{ "id": "s", "cursor": "0" }"#)),
        )
        .then(Expect::delete("/v1/reactions/subscriptions/s"), Respond::status(204));
    let mut events = follow(&scripted(&script));
    task::block_on(started(&mut events));
    events.stop_handle().stop();
    ends(events);
    script.assert_done();
}
