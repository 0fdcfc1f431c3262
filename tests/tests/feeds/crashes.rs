//! A crash after any event: a feed that resumes at its checkpoint delivers all others.

use serde_json::{Value, json};
use teamwire_core::{
    Checkpoint, FeedEvent,
    machine::{Machine, Step},
};

use crate::support::{at, batch, checkpoint, item, messages, sent};

/// A server's events with their cursors, in order. The cursor of a checkpoint is `here`, in front of all of them.
type Log<'a> = &'a [(&'a str, Value)];

/// Returns the events after the last one with this cursor.
fn after<'a>(log: Log<'a>, cursor: &str) -> Log<'a> {
    let before = log.iter().rposition(|(_, it)| it == cursor).map(|index| index + 1);
    &log[before.unwrap_or(0)..]
}

/// Returns the messages that a feed delivers from a checkpoint on, up to this number, and the checkpoint of the last.
fn deliver(log: Log<'_>, from: &Checkpoint, max: usize) -> (Vec<String>, Checkpoint) {
    let (mut feed, mut delivered, mut last) = (messages(from.clone()), Vec::new(), from.clone());
    while delivered.len() < max {
        match feed.poll(at(0)) {
            Step::Send(ticket, exchange) => {
                let uri = exchange.request.uri().to_string();
                let cursor = uri.split("cursor=").nth(1).and_then(|rest| rest.split('&').next()).expect("it has one");
                let rest = after(log, cursor);
                let Some((_, end)) = rest.last() else { break };
                let items: Vec<Value> = rest
                    .iter()
                    .map(|(mid, cursor)| {
                        let mut item = item(mid, "");
                        item["cursor"] = cursor.clone();
                        item
                    })
                    .collect();
                feed.handle(at(0), ticket, batch(&items, end.as_str().unwrap_or_default()));
            }
            Step::Event(FeedEvent::Update { item, checkpoint }) => {
                delivered.push(item.mid.to_string());
                last = checkpoint;
            }
            Step::Event(FeedEvent::Retrying(_)) | Step::Sleep(_) => break,
            step => panic!("it should deliver the events, not {step:?}"),
        }
    }
    (delivered, last)
}

#[test]
fn crash_after_any_event_loses_none() {
    let start = checkpoint("messages", Some("c1"), 1);
    for cursors in [
        json!(["9", "9", "9"]),
        json!(["1", "2", "3"]),
        json!(["1", "2", "2", "2", "3"]),
        json!(["1", "1", "2", "2"]),
        json!(["2", "1", "2"]),
        json!(["1", null, "1", "2", null, "2"]),
        json!([null, null, "3"]),
        json!(["3", null, null]),
        json!(["1", "1", null]),
    ] {
        let cursors = cursors.as_array().expect("it is a list");
        let names: Vec<String> = (0..cursors.len()).map(|index| format!("m{index}")).collect();
        let log: Vec<(&str, Value)> = names.iter().map(String::as_str).zip(cursors.iter().cloned()).collect();
        assert_eq!(deliver(&log, &start, usize::MAX).0, names, "{cursors:?}");
        for handled in 1..=names.len() {
            let (first, checkpoint) = deliver(&log, &start, handled);
            let (second, _) = deliver(&log, &checkpoint, usize::MAX);
            let missing: Vec<_> = names.iter().filter(|mid| !first.contains(mid) && !second.contains(mid)).collect();
            assert!(missing.is_empty(), "{cursors:?}, after {handled}: {first:?}, then {second:?}");
            assert!(second.is_sorted(), "{cursors:?}: {second:?}");
        }
    }
}

#[test]
fn events_that_share_a_cursor_come_again_together() {
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (ticket, _) = sent(&mut feed, at(0));
    let items = [("m1", "1"), ("m2", "9"), ("m3", "9"), ("m4", "9")].map(|(mid, cursor)| item(mid, cursor));
    feed.handle(at(0), ticket, batch(&items, "9"));
    let cursors = [(); 4].map(|()| match feed.poll(at(0)) {
        Step::Event(FeedEvent::Update { checkpoint, .. }) => {
            serde_json::to_value(checkpoint).expect("it can be written")["cursor"].clone()
        }
        step => panic!("it should deliver the events, not {step:?}"),
    });
    assert_eq!(cursors, ["1", "1", "1", "9"]);
    assert!(matches!(feed.poll(at(0)), Step::Send(..)), "within a process each is delivered once");
}
