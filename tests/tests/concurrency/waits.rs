//! Waits for an event that have a limit.

use std::{
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Client, ErrorKind, FeedEvent, FeedOptions, FeedSet, Script,
    feed::{FeedSetEvent, Waited},
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
};
use teamwire_sandbox::org;
use teamwire_tests::executor_test;

use crate::{
    bot::Serves,
    sockets::{POLL, SOON, connect, sandbox},
};

const SHORT: Duration = Duration::from_millis(50);
const MINUTE: Duration = Duration::from_secs(60);

#[executor_test(transports)]
fn request_continues_after_a_timeout_and_its_event_arrives_at_once<H: Serves>() {
    let sandbox = sandbox();
    let client = connect::<H>(&sandbox);
    let mut events = client.chats().new_messages(FeedOptions::from_now());
    let started = H::next_timeout(&mut events, SOON).expect("no error");
    assert!(matches!(started, Waited::Event(FeedEvent::Started(_))), "{started:?}");
    for _ in 0..3 {
        let begun = Instant::now();
        let waited = H::next_timeout(&mut events, SHORT).expect("no error");
        assert!(matches!(waited, Waited::TimedOut), "{waited:?}");
        assert!(begun.elapsed() >= SHORT && begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }
    assert!(sandbox.wait_until(SOON, |sandbox| sandbox.pending_polls() == 1), "one poll waits");
    assert_eq!(sandbox.received_count(POLL), 2, "the one that started the feed, and the one that waits");
    sandbox.as_person(org::ANNA).post(org::LOBBY, "hello").expect("Anna is in the lobby");
    // A wait without a limit takes over the request, too.
    let event = H::next(&mut events).expect("an event").expect("no error");
    assert_eq!(event.into_item().expect("a message").text.as_deref(), Some("hello"));
    assert_eq!(sandbox.received_count(POLL), 2);
}

#[executor_test(transports, blocking_hyper = "an abandoned exchange may keep its connection until its timeout")]
fn wait_with_a_limit_ends_when_the_feed_is_stopped<H: Serves>() {
    for waits_before in [false, true] {
        let sandbox = sandbox();
        let client = connect::<H>(&sandbox);
        let mut events = client.chats().new_messages(FeedOptions::from_now());
        let stop = H::stopper(&events).expect("both adapters have one");
        H::next_timeout(&mut events, SOON).expect("no error").event().expect("it starts");
        if waits_before {
            let waited = H::next_timeout(&mut events, Duration::ZERO).expect("no error");
            assert!(matches!(waited, Waited::TimedOut), "{waited:?}");
        }
        let begun = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                let waits = sandbox.wait_until(SOON, |sandbox| sandbox.pending_polls() == 1);
                stop();
                assert!(waits, "a poll waits");
            });
            for _ in 0..2 {
                let waited = H::next_timeout(&mut events, 10 * SOON).expect("no error");
                assert!(matches!(waited, Waited::Ended), "{waited:?}");
            }
        });
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert!(sandbox.wait_until(SOON, |sandbox| sandbox.pending_polls() == 0), "the poll is abandoned");
    }
}

#[executor_test(transports)]
fn feed_that_has_started_misses_nothing<H: Serves>() {
    let sandbox = sandbox();
    let client = connect::<H>(&sandbox);
    let mut events = client.chats().new_messages(FeedOptions::from_now());
    for _ in 0..2 {
        H::started(&mut events).expect("the server works");
        assert_eq!(sandbox.received_count(POLL), 1, "it waits for no event");
    }
    sandbox.as_person(org::ANNA).post(org::LOBBY, "hello").expect("Anna is in the lobby");
    let started = H::next(&mut events).expect("an event").expect("no error");
    let FeedEvent::Started(checkpoint) = started else { panic!("it is delivered, too: {started:?}") };
    let mut resumed = client.chats().new_messages(checkpoint);
    H::started(&mut resumed).expect("it starts at the checkpoint");
    assert_eq!(sandbox.received_count(POLL), 1, "this needs no request");
    for mut events in [events, resumed] {
        let event = H::next(&mut events).expect("an event").expect("no error");
        assert_eq!(event.into_item().expect("a message").text.as_deref(), Some("hello"));
    }
}

#[executor_test(adapters)]
fn start_of_a_feed_comes_after_failures_or_not_at_all<H: Serves>() {
    let follow = |responses: Vec<Respond>| {
        let script = Script::new().on(expect::all_message_updates(), responses);
        H::scripted(&script).chats().new_messages(None)
    };
    let message = respond::message_updates([sample::message("m1", "c1", "hello")], "k1");
    let mut events = follow(vec![Respond::unreachable(), respond::unavailable(60), respond::no_updates("k0"), message]);
    H::started(&mut events).expect("the server recovers");
    let next = |events: &mut _| H::next(events).expect("an event").expect("no error");
    assert!(matches!(next(&mut events), FeedEvent::Started(_)), "the failures are not delivered");
    assert!(matches!(next(&mut events), FeedEvent::Update { .. }));

    let mut revoked = follow(vec![respond::unauthorised()]);
    assert_eq!(H::started(&mut revoked).expect_err("the key is revoked").kind(), ErrorKind::Auth);
    let mut stopped = follow(vec![respond::no_updates("k0")]);
    H::stop(&mut stopped);
    assert_eq!(H::started(&mut stopped).expect_err("it is stopped").kind(), ErrorKind::Cancelled);
    assert!(H::next(&mut stopped).is_none());
}

/// A script whose second poll takes two and a half minutes by its retries, and 20 seconds of a long poll.
fn script() -> Script {
    let message = sample::message("m1", "c1", "hello");
    Script::new().on(
        expect::all_message_updates(),
        [
            respond::no_updates("k0"),
            respond::no_updates("k0").delay(Duration::from_secs(20)).times(6),
            respond::message_updates([message], "k1").delay(Duration::from_secs(20)),
        ],
    )
}

#[test]
fn waits_are_exact_on_the_clock_of_a_script() {
    let script = script();
    let client = teamwire_blocking::scripted(&script);
    let mut events = client.chats().new_messages(FeedOptions::from_now());
    assert!(events.next_timeout(Duration::ZERO).expect("no error").event().is_some(), "the start takes no time");
    let begun = client.now().moment;
    for minutes in 1..=2 {
        let waited = events.next_timeout(MINUTE).expect("no error");
        assert!(matches!(waited, Waited::TimedOut), "{waited:?}");
        assert_eq!(client.now().moment, begun.saturating_add(minutes * MINUTE));
        let waited = events.next_timeout(Duration::ZERO).expect("no error");
        assert!(matches!(waited, Waited::TimedOut), "{waited:?}");
    }
    let event = events.next_timeout(MINUTE).expect("no error").event().expect("it has arrived");
    assert_eq!(event.into_item().expect("a message").mid.as_str(), "m1");
    let took = client.now().moment.saturating_duration_since(begun);
    assert!(took >= Duration::from_secs(140) && took < Duration::from_secs(180), "{took:?}");
    let waited = events.next_timeout(MINUTE).expect("no error");
    assert!(matches!(waited, Waited::Ended), "{waited:?}");
    script.assert_done();
}

#[test]
fn driver_waits_with_a_limit_too() {
    let sandbox = sandbox();
    let over_sockets = connect::<teamwire_tests::harness::Blocking>(&sandbox);
    let script = script();
    for client in [over_sockets, teamwire_blocking::scripted(&script)] {
        let mut set = FeedSet::new();
        set.insert("a", client.chats().new_messages(FeedOptions::from_now()).into_feed());
        let mut drive = client.executor().drive(set, 1).expect("a thread");
        let started = drive.next_timeout(SOON).event().expect("it starts");
        assert!(matches!(started, ("a", FeedSetEvent::Event(FeedEvent::Started(_)))), "{started:?}");
        let (begun, timeout) = (client.now().moment, Duration::from_millis(300));
        let waited = drive.next_timeout(timeout);
        assert!(matches!(waited, Waited::TimedOut), "{waited:?}");
        assert!(client.now().moment >= begun.saturating_add(timeout));
        drive.stop_handle().stop();
        let ended = drive.next_timeout(SOON).event().expect("its end");
        assert!(matches!(ended, ("a", FeedSetEvent::Ended(Ok(_)))), "{ended:?}");
        assert!(matches!(drive.next_timeout(SOON), Waited::Ended));
    }
}

#[test]
fn replies_of_a_script_arrive_in_the_order_of_their_delays() {
    let delayed = |tid: &str, mid: &str, seconds| {
        let messages = [sample::message(mid, tid, "hello")];
        let updates = respond::message_updates(messages, "k1").delay(Duration::from_secs(seconds));
        (expect::message_updates(tid.to_owned()), [respond::no_updates("k0"), updates])
    };
    let ((first, slow), (second, fast)) = (delayed("c1", "m1", 20), delayed("c2", "m2", 5));
    let script = Script::new().on(first, slow).on(second, fast);
    let client: Client<_> = teamwire_blocking::scripted(&script);
    let mut set = FeedSet::new();
    for tid in ["c1", "c2"] {
        set.insert(tid, client.chats().chat(tid).new_messages(None).into_feed());
    }
    let drive = client.executor().drive(set, 1).expect("no thread is needed");
    let begun = client.now().moment;
    let arrived = drive.filter_map(|(_, event)| match event {
        FeedSetEvent::Event(event) => event.into_item(),
        _ => None,
    });
    let arrived: Vec<_> = arrived
        .map(|message| {
            let time = client.now().moment.saturating_duration_since(begun);
            (message.mid.to_string(), time.as_secs())
        })
        .collect();
    assert_eq!(arrived, [("m2".to_owned(), 5), ("m1".to_owned(), 20)]);
}
