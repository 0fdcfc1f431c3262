//! Checkpoints and gaps.

use teamwire_core::{Checkpoint, ErrorKind, FeedOptions};
use teamwire_sandbox::org;
use teamwire_tests::{FeedProbe, Fixture, executor_test, harness::Harness, operations::Subscription};

use super::{every_feed, once_it_waits, text};

fn saved(checkpoint: &Checkpoint) -> Checkpoint {
    let json = serde_json::to_string(checkpoint).expect("it can be written");
    serde_json::from_str(&json).expect("it can be read")
}

#[executor_test]
fn feed_resumes_at_its_checkpoint_in_another_client<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, FeedOptions::from_now());
        let from_the_beginning = saved(&events.expect_started());
        let all: Vec<_> = (1..6).map(|number| feed.happens(&fixture.sandbox, number)).collect();
        let (_, after_one) = events.expect_update();
        let (_, after_two) = events.expect_update();
        drop(events);
        for (checkpoint, seen) in [(from_the_beginning, 0), (after_two, 2), (after_one, 1)] {
            let another = fixture.client(|config| config);
            let mut events = feed.follow::<H>(&another, saved(&checkpoint));
            assert_eq!(events.expect_updates(5 - seen), all[seen..], "{feed:?} after {checkpoint:?}");
        }
    });
}

#[executor_test]
fn checkpoint_of_another_feed_is_refused<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for feed in Subscription::ALL {
        let checkpoint = feed.follow::<H>(&fixture.client, None).expect_started();
        let before = fixture.sandbox.transcript().len();
        for other in Subscription::ALL.iter().filter(|other| *other != feed) {
            let error = other.follow::<H>(&fixture.client, checkpoint.clone()).expect_error();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{other:?} after {checkpoint:?}");
        }
        if matches!(feed, Subscription::NewMessages) {
            let notices = fixture.client.chats().chat(org::NOTICES);
            let error = FeedProbe::<H>::new(notices.new_messages(checkpoint.clone()), text).expect_error();
            assert!(error.to_string().contains("belongs to another chat"), "{error}");
        }
        let mut json = serde_json::to_value(&checkpoint).expect("it can be written");
        json["version"] = 2.into();
        let newer: Checkpoint = serde_json::from_value(json).expect("it can be read");
        assert_eq!(feed.follow::<H>(&fixture.client, newer).expect_error().kind(), ErrorKind::InvalidInput);
        assert_eq!(fixture.sandbox.transcript().len(), before, "nothing is sent");
    }
}

/// Returns a feed that has delivered one event, and the checkpoint of the event.
fn after_one_event<H: Harness>(feed: Subscription, fixture: &Fixture<H>) -> (FeedProbe<H>, Checkpoint) {
    let mut events = feed.follow::<H>(&fixture.client, None);
    events.expect_started();
    feed.happens(&fixture.sandbox, 1);
    let (_, checkpoint) = events.expect_update();
    (events, checkpoint)
}

#[executor_test]
fn events_that_the_server_dropped_are_reported_as_a_gap<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let (mut events, old) = after_one_event(feed, &fixture);
        let expire = || fixture.sandbox.admin().expire_cursors();
        let ((), after) = once_it_waits(&fixture.sandbox, expire, || events.expect_gap());
        let two = feed.happens(&fixture.sandbox, 2);
        assert_eq!(events.expect_update().0, two, "{feed:?}");
        drop(events);
        assert_eq!(feed.follow::<H>(&fixture.client, after).expect_update().0, two, "{feed:?}");
        let mut late = feed.follow::<H>(&fixture.client, old);
        late.expect_gap();
        let three = feed.happens(&fixture.sandbox, 3);
        assert_eq!(late.expect_update().0, three, "{feed:?}");
    });
}

#[executor_test]
fn checkpoint_of_another_server_is_reported_as_a_gap<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let (_, old) = after_one_event(feed, &fixture);
        fixture.sandbox.admin().begin_epoch();
        let mut events = feed.follow::<H>(&fixture.client, old);
        events.expect_gap();
        let two = feed.happens(&fixture.sandbox, 2);
        assert_eq!(events.expect_update().0, two, "{feed:?}");
    });
}
