//! Idempotency keys that are derived from events.

use std::collections::BTreeSet;

use serde_json::Value;
use teamwire_core::{FeedEvent, FeedOptions, Message, machine::Machine};

use crate::support::{at, batch, checkpoint, item, messages, next_event, sent};

/// Returns the keys of the first events of a feed whose first batch has these items.
fn keys(follow: impl Into<FeedOptions>, items: &[Value], purpose: &str) -> Vec<String> {
    let mut feed = messages(follow);
    let (ticket, _) = sent(&mut feed, at(0));
    feed.handle(at(0), ticket, batch(items, "end"));
    let key = |event: FeedEvent<Message>| event.key(purpose).expect("each of them has a checkpoint");
    items.iter().map(|_| key(next_event(&mut feed, at(0)))).collect()
}

fn here() -> teamwire_core::Checkpoint {
    checkpoint("messages", Some("c1"), 1)
}

fn without_cursor(mid: &str) -> Value {
    let mut item = item(mid, "");
    drop(item.as_object_mut().expect("it is an object").remove("cursor"));
    item
}

#[test]
fn key_depends_on_the_cursor_and_the_purpose_alone() {
    let items = [item("m1", "one"), item("m2", "two"), item("m3", "three")];
    let first = keys(here(), &items, "reply");
    assert_eq!(keys(here(), &items[1..], "reply"), first[1..], "another batch and another process");
    // The message was changed meanwhile.
    let mut changed = items[0].clone();
    changed["data"]["msg"] = "another text".into();
    assert_eq!(keys(here(), &[changed], "reply"), first[..1]);
    let all: BTreeSet<_> =
        ["reply", "reaction", ""].map(|purpose| keys(here(), &items, purpose)).concat().into_iter().collect();
    assert_eq!(all.len(), 9, "{all:?}");
    assert!(all.iter().all(|key| key.len() <= 128 && key.bytes().all(|byte| byte.is_ascii_graphic())), "{all:?}");
    // A key that changes with a version of this library would perform changes twice.
    assert_eq!(first[0], "event-b71abb59c6f7aecde60bc8ed09df161a");
}

#[test]
fn events_without_a_cursor_of_their_own_have_different_keys() {
    let items = [item("m1", "one"), without_cursor("m2"), without_cursor("m3"), without_cursor("m4")];
    let all = keys(here(), &items, "reply");
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 4, "{all:?}");
    // Whether an event is the last of its batch makes no difference.
    assert_eq!(keys(here(), &items[1..2], "reply"), all[1..2]);
    assert_eq!(keys(here(), &items[..3], "reply"), all[..3]);
}

#[test]
fn checkpoints_are_positions_whatever_their_keys() {
    let mut feed = messages(here());
    let (ticket, _) = sent(&mut feed, at(0));
    feed.handle(at(0), ticket, batch(&[item("m1", "one"), without_cursor("m2"), item("m3", "three")], "end"));
    let [one, other] = [(); 2].map(|()| next_event(&mut feed, at(0)));
    assert_eq!(one.checkpoint(), other.checkpoint());
    assert_ne!(one.key("reply"), other.key("reply"));
}
