//! Ends of feeds: stops, and errors that cannot be retried.

use std::time::{Duration, Instant};

use teamwire_core::{
    Client, ErrorKind, FeedEvent, StopHandle,
    executor::{Executor, Manual},
};
use teamwire_sandbox::org;
use teamwire_tests::{
    Fixture, config, executor_test, harness::Harness, operations::Subscription, stopped_in_poll::StoppedInPoll,
};

use super::{every_feed, once_it_waits, subscriptions};

#[executor_test]
pub(crate) fn stopped_feed_delivers_what_had_arrived_and_unsubscribes<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        assert_eq!(subscriptions(&fixture.sandbox), usize::from(feed.is_leased()));
        let all: Vec<_> = (1..4).map(|number| feed.happens(&fixture.sandbox, number)).collect();
        assert_eq!(events.expect_update().0, all[0]);
        let before = fixture.sandbox.transcript().len();
        events.stop();
        assert_eq!(events.expect_updates(2), all[1..], "{feed:?}");
        events.expect_end();
        assert_eq!(subscriptions(&fixture.sandbox), 0, "{feed:?}");
        let after = fixture.sandbox.transcript();
        let sent: Vec<_> = after[before..].iter().map(|line| line.method.as_str()).collect();
        assert_eq!(sent, if feed.is_leased() { &["DELETE"][..] } else { &[] }, "{feed:?}");
    });
}

/// The feed is stopped before its executor can know. A request that is sent twice may be received once, so there are
/// several feeds.
#[executor_test]
fn feed_that_is_stopped_in_a_poll_ends_its_subscription_once<H: Harness>() {
    const FEEDS: u64 = 64;
    let fixture = Fixture::<H>::new();
    for _ in 0..FEEDS {
        let (stop, now) = (StopHandle::new(), fixture.client.executor().now());
        let manual = Client::new(Manual::new(config(&fixture.sandbox), [7; 32], now)).stopped_by(&stop);
        let feed = StoppedInPoll::new(manual.chats().reaction_updates(None), Some(stop.clone()));
        let mut events = fixture.client.stopped_by(&stop).executor().events(feed);
        let started = H::next(&mut events).expect("it starts");
        assert!(matches!(started, Ok(FeedEvent::Started(_))), "{started:?}");
        assert!(H::next(&mut events).is_none());
        assert_eq!(subscriptions(&fixture.sandbox), 0);
    }
    assert_eq!(fixture.sandbox.received_count("DELETE /v1/reactions/subscriptions/{id}"), FEEDS);
}

/// For executors whose feeds can be stopped from another thread.
#[executor_test]
fn stop_in_the_middle_of_a_long_poll_is_prompt<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let Some(stop) = events.stopper() else { return };
        let act = || {
            let stopped = Instant::now();
            stop();
            stopped
        };
        let (stopped, ()) = once_it_waits(&fixture.sandbox, act, || events.expect_end());
        let took = stopped.elapsed();
        assert!(took < Duration::from_secs(3), "{feed:?} took {took:?} to stop");
        assert_eq!(subscriptions(&fixture.sandbox), 0, "{feed:?}");
    });
}

#[executor_test]
fn key_that_is_revoked_ends_every_feed<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let revoke = || fixture.sandbox.admin().revoke_key();
        let ((), error) = once_it_waits(&fixture.sandbox, revoke, || events.expect_error());
        assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(401)), "{feed:?}");
    });
}

#[executor_test]
fn chat_that_the_bot_is_not_in_any_more_ends_its_feeds<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let anna = fixture.sandbox.as_person(org::ANNA);
        let ban = || anna.remove_users(org::LOBBY, &[org::BOT]).expect("Anna administers the lobby");
        if matches!(feed, Subscription::LiveLocations | Subscription::NewMessages) {
            let ((), error) = once_it_waits(&fixture.sandbox, ban, || events.expect_error());
            assert_eq!(error.kind(), ErrorKind::NotFound, "{feed:?}");
            return;
        }
        ban();
        feed.happens(&fixture.sandbox, 1);
        anna.add_users(org::LOBBY, &[org::BOT]).expect("Anna administers the lobby");
        let again = feed.happens(&fixture.sandbox, 2);
        if feed == Subscription::Events {
            let changes = events.expect_updates(2);
            assert!(changes[0].starts_with("Left(") && changes[1].starts_with("Joined("), "{changes:?}");
        }
        assert_eq!(events.expect_update().0, again, "the feeds of all chats continue, {feed:?} too");
    });
}

#[executor_test]
fn unsubscription_by_another_client_ends_a_feed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let elsewhere = fixture.client(|config| config);
    let mut locations = Subscription::LiveLocations.follow::<H>(&fixture.client, None);
    let mut reactions = Subscription::Reactions.follow::<H>(&fixture.client, None);
    locations.expect_started();
    reactions.expect_started();
    let unsubscribe = || fixture.ok(elsewhere.chats().chat(org::LOBBY).unsubscribe_location_updates());
    once_it_waits(&fixture.sandbox, unsubscribe, || locations.expect_end());
    let still = Subscription::Reactions.happens(&fixture.sandbox, 1);
    assert_eq!(reactions.expect_update().0, still, "this one continues");
    let unsubscribe = || fixture.ok(elsewhere.chats().unsubscribe_reaction_updates());
    once_it_waits(&fixture.sandbox, unsubscribe, || reactions.expect_end());
    assert_eq!(subscriptions(&fixture.sandbox), 0);
}
