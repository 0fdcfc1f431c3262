//! Feeds of clients with a deadline, a stop handle or a policy of their own.

use std::time::Duration;

use teamwire_core::{
    Client, FeedEvent, FeedOptions, Script, StopHandle,
    config::RetryPolicy,
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
};

use crate::support::{SECOND, elapsed};

fn two_messages() -> Respond {
    let messages = ["m1", "m2"].map(|mid| sample::message(mid, "c1", "hello"));
    respond::message_updates(messages, "k1")
}

#[test]
fn stop_of_a_client_ends_its_feeds_after_the_events_that_have_arrived() {
    let (script, stop) = (Script::new(), StopHandle::new());
    let script = script
        .then(expect::message_updates("c1"), respond::no_updates("k0"))
        .then(expect::message_updates("c1").cursor("k0"), two_messages());
    let mut received = 0;
    let client = Client::new(script.clone());
    for event in client.stopped_by(&stop).chats().chat("c1").new_messages(None) {
        if let FeedEvent::Update { .. } = event.expect("the server works") {
            received += 1;
            stop.stop();
        }
    }
    assert_eq!(received, 2, "the second message had arrived");
    script.assert_done();
}

#[test]
fn stop_of_a_client_ends_subscriptions() {
    for starts in [false, true] {
        let (script, stop) = (Script::new(), StopHandle::new());
        let script = if starts {
            script
                .then(expect::subscribe_reactions(), respond::subscription("s1", "k0"))
                .then(expect::unsubscribe_reactions("s1"), Respond::status(204))
        } else {
            script
        };
        let mut feed = Client::new(script.clone()).stopped_by(&stop).chats().reaction_updates(None);
        if starts {
            feed.next().expect("it starts").expect("the server works");
        }
        stop.stop();
        assert!(feed.next().is_none());
        script.assert_done();
    }
}

#[test]
fn deadline_ends_feeds_as_if_they_were_stopped() {
    let slow = || respond::no_updates("k0").delay(25 * SECOND);
    for response in [slow(), Respond::unreachable(), Respond::status(503).retry_after(3_000)] {
        let script = Script::new()
            .then(expect::subscribe_reactions(), respond::subscription("s1", "k0"))
            .always(expect::reaction_updates(), response)
            .then(expect::unsubscribe_reactions("s1"), Respond::status(204));
        let client = Client::new(script.clone()).with_deadline(60 * SECOND);
        for event in client.chats().reaction_updates(None) {
            event.expect("the deadline is not an error");
        }
        script.assert_done();
        assert_eq!(elapsed(&script), 60 * SECOND);
    }
}

#[test]
fn time_of_a_policy_does_not_limit_feeds() {
    let policy = RetryPolicy { initial_backoff: Duration::ZERO, ..RetryPolicy::within(2 * SECOND) };
    let script = Script::new()
        .then(expect::message_updates("c1"), respond::no_updates("k0"))
        .then(expect::message_updates("c1"), respond::no_updates("k0").delay(20 * SECOND))
        .then(expect::message_updates("c1"), respond::unavailable(20))
        .then(expect::message_updates("c1"), two_messages());
    let client = Client::new(script.clone()).with_retry(policy);
    let events = client.chats().chat("c1").new_messages(FeedOptions::from_now());
    let events: Vec<_> = events.map(|event| event.expect("the feed has not failed")).collect();
    let failures = events.iter().filter(|event| matches!(event, FeedEvent::Retrying(_))).count();
    assert_eq!((events.len(), failures), (4, 1), "{events:?}");
    script.assert_done();
}
