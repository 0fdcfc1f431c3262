//! Servers that return to an earlier cursor: the feed does not poll them without a pause.

use std::time::Duration;

use chrono::DateTime;
use serde_json::{Value, json};
use teamwire_core::{
    FeedEvent,
    effect::{Moment, Now},
    machine::{Machine, Reply, Step},
};

use crate::support::{batch, checkpoint, item, messages, problem, response};

/// Returns the messages that a feed delivers in the time, and the number of its polls. Each poll gets the next of these
/// responses immediately.
fn follow(time: Duration, responses: impl Fn(usize) -> Reply) -> (Vec<String>, usize) {
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (mut now, mut delivered, mut polls) = (Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH), Vec::new(), 0);
    while now.moment.since_epoch() < time && polls < 1_000 {
        match feed.poll(now) {
            Step::Send(ticket, _) => {
                feed.handle(now, ticket, responses(polls));
                polls += 1;
            }
            Step::Sleep(until) => now = Now::new(until, now.utc),
            Step::Event(FeedEvent::Update { item, .. }) => delivered.push(item.mid.to_string()),
            Step::Event(FeedEvent::Retrying(_)) => {}
            step => panic!("the feed continues, it does not return {step:?}"),
        }
    }
    (delivered, polls)
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn cursors_that_come_back_are_polled_rarely() {
    for length in [2, 3, 8] {
        let circle = |poll: usize| {
            let cursor = format!("cursor {}", poll % length);
            (item(&format!("m{poll}"), &cursor), cursor)
        };
        let (delivered, polls) = follow(MINUTE, |poll| {
            let (item, cursor) = circle(poll);
            batch(&[item], &cursor)
        });
        assert!((50..150).contains(&polls), "a circle of {length} is polled {polls} times");
        assert_eq!(delivered.len(), polls, "its events are delivered");
        let (_, polls) = follow(MINUTE, |poll| {
            let (item, _) = circle(poll);
            response(200, &json!({ "items": [item], "cursor": null }))
        });
        assert!((50..150).contains(&polls), "without the cursor of a batch, it is polled {polls} times");
    }
}

#[test]
fn cursors_that_do_not_come_back_are_polled_without_a_pause() {
    let (delivered, polls) = follow(3 * MINUTE, |poll| {
        // A circle that ends is forgotten.
        let cursor = if poll < 100 { format!("cursor {}", poll % 2) } else { format!("cursor {poll}") };
        batch(&[item(&format!("m{poll}"), &cursor)], &cursor)
    });
    assert!(polls == 1_000 && delivered.len() >= 999, "{polls} polls deliver {} events", delivered.len());
}

#[test]
fn events_that_come_back_without_a_new_cursor_are_delivered_once() {
    let stuck = |mids: &[&str]| -> Reply {
        let items: Vec<Value> = mids.iter().map(|mid| item(mid, "here")).collect();
        batch(&items, "here")
    };
    let (delivered, polls) = follow(10 * MINUTE, |poll| match poll % 3 {
        0 => stuck(&["m1"]),
        1 => stuck(&["m2"]),
        _ => stuck(&["m1", "m3"]),
    });
    assert_eq!(delivered, ["m1", "m2", "m3"]);
    assert!(polls < 70, "{polls} polls in ten minutes");
    // The number of events that are remembered is bounded.
    let (delivered, polls) = follow(5 * MINUTE, |poll| {
        let mids: Vec<String> = (0..500).map(|index| format!("m{poll}-{index}")).collect();
        stuck(&mids.iter().map(String::as_str).collect::<Vec<_>>())
    });
    assert_eq!(delivered.len(), polls * 500, "each is another event");
}

#[test]
fn feed_without_a_subscription_is_not_ended_by_its_end() {
    let (delivered, polls) = follow(10 * MINUTE, |poll| {
        if poll < 10 {
            problem(410, "unsubscribed")
        } else {
            batch(&[item("m1", &poll.to_string())], &poll.to_string())
        }
    });
    assert_eq!((delivered.first().map(String::as_str), polls), (Some("m1"), 1_000));
}
