//! Checkpoints, cursors and gaps.

use serde_json::json;
use teamwire_core::{
    Checkpoint, ErrorKind, FeedEvent,
    effect::Now,
    machine::{Machine, Reply, Step},
};

use crate::support::{SECRET, at, batch, checkpoint, item, messages, mid_of, next_event, problem, response, sent};

fn cursor_of(checkpoint: &Checkpoint) -> String {
    let json = serde_json::to_value(checkpoint).expect("it can be written");
    json["cursor"].as_str().expect("a checkpoint has a cursor").to_owned()
}

#[test]
fn checkpoint_of_another_feed_is_refused_without_a_request() {
    for (wrong, why) in [
        (checkpoint("messages", Some("c1"), 2), "version 2"),
        (checkpoint("messages", Some("c2"), 1), "another chat"),
        (checkpoint("all_messages", None, 1), "all_messages"),
        (checkpoint("live_locations", Some("c1"), 1), "live_locations"),
    ] {
        match messages(wrong).poll(at(0)) {
            Step::Done(Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
                assert!(error.to_string().contains(why), "{error}");
            }
            other => panic!("it is refused, not {other:?}"),
        }
    }
}

#[test]
fn checkpoint_is_json_without_secrets_and_resumes_the_feed() {
    let mut feed = messages(None);
    let (ticket, _) = sent(&mut feed, at(0));
    feed.handle(at(0), ticket, batch(&[], "begin"));
    let FeedEvent::Started(saved) = next_event(&mut feed, at(0)) else { panic!("it starts") };
    let json = serde_json::to_string(&saved).expect("it can be written");
    assert!(!json.contains(SECRET) && !json.contains("the-app-id"), "{json}");
    let read: Checkpoint = serde_json::from_str(&json).expect("it can be read");
    assert_eq!(read, saved);
    let (_, exchange) = sent(&mut messages(read), at(0));
    assert!(exchange.request.uri().to_string().contains("cursor=begin"), "{}", exchange.request.uri());
}

#[test]
fn each_event_comes_with_the_checkpoint_right_behind_it() {
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (ticket, _) = sent(&mut feed, at(0));
    feed.handle(at(0), ticket, batch(&[item("m1", "one"), item("m2", "two")], "end"));
    for (mid, cursor) in [("m1", "one"), ("m2", "two")] {
        let event = next_event(&mut feed, at(0));
        let json = serde_json::to_value(event.checkpoint()).expect("it can be written");
        assert_eq!(json["cursor"], cursor);
        assert_eq!(mid_of(event), mid);
    }
    let (_, exchange) = sent(&mut feed, at(0));
    assert!(exchange.request.uri().to_string().contains("cursor=end"));
}

#[test]
fn last_event_without_a_cursor_comes_with_that_of_the_batch() {
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (ticket, _) = sent(&mut feed, at(0));
    let items = ["m1", "m2"].map(|mid| {
        let mut item = item(mid, "");
        item["cursor"] = json!(null);
        item
    });
    feed.handle(at(0), ticket, batch(&items, "end"));
    for cursor in ["here", "end"] {
        let event = next_event(&mut feed, at(0));
        assert_eq!(serde_json::to_value(event.checkpoint()).expect("it can be written")["cursor"], cursor);
    }
}

#[test]
fn gap_of_an_old_cursor_is_delivered_before_later_events() {
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (ticket, _) = sent(&mut feed, at(0));
    feed.handle(at(0), ticket, problem(410, "cursor_expired"));
    let (ticket, exchange) = sent(&mut feed, at(0));
    assert!(!exchange.request.uri().to_string().contains("cursor="), "it asks where the feed is now");
    feed.handle(at(0), ticket, batch(&[], "now"));
    assert!(matches!(next_event(&mut feed, at(0)), FeedEvent::Gap(_)));
}

#[test]
fn checkpoint_is_renewed_though_nothing_happens() {
    let mut deleted = item("m1", "two");
    deleted["data"]["deleted"] = json!(true);
    for (items, cursor) in [(vec![], "one"), (vec![deleted], "two")] {
        let mut feed = messages(checkpoint("messages", Some("c1"), 1));
        let (ticket, _) = sent(&mut feed, at(0));
        feed.handle(at(25), ticket, batch(&items, cursor));
        let (ticket, _) = sent(&mut feed, at(25));
        feed.handle(at(624), ticket, batch(&[], cursor));
        let (ticket, _) = sent(&mut feed, at(624));
        feed.handle(at(649), ticket, batch(&[], cursor));
        let FeedEvent::Heartbeat(newer) = next_event(&mut feed, at(649)) else { panic!("it is quiet") };
        assert_eq!(serde_json::to_value(newer).expect("it can be written")["cursor"], cursor);
        let (ticket, _) = sent(&mut feed, at(649));
        feed.handle(at(9_999), ticket, batch(&[], cursor));
        sent(&mut feed, at(9_999));
    }
}

#[test]
fn last_checkpoint_of_an_idle_feed_is_renewed_only_if_the_position_is_newer() {
    // The last event has the cursor of the batch, or one of its own before that.
    for (cursor, is_renewed) in [(json!(null), false), (json!("one"), true)] {
        let mut feed = messages(checkpoint("messages", Some("c1"), 1));
        let mut event = item("m1", "");
        event["cursor"] = cursor;
        let (ticket, _) = sent(&mut feed, at(0));
        feed.handle(at(25), ticket, batch(&[event], "end"));
        assert_eq!(mid_of(next_event(&mut feed, at(25))), "m1");
        let (ticket, _) = sent(&mut feed, at(25));
        feed.handle(at(700), ticket, batch(&[], "end"));
        if is_renewed {
            let FeedEvent::Heartbeat(newer) = next_event(&mut feed, at(700)) else { panic!("it is quiet") };
            assert_eq!(cursor_of(&newer), "end");
        }
        sent(&mut feed, at(700));
    }
}

#[test]
fn checkpoint_is_renewed_though_an_event_stays_behind_the_position() {
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let mut without_cursor = item("m1", "");
    without_cursor["cursor"] = json!(null);
    let (mut heartbeats, mut messages) = (Vec::new(), 0);
    for minute in 0..35 {
        let mut now = at(minute * 60);
        let (ticket, _) = loop {
            match feed.poll(now) {
                Step::Send(ticket, exchange) => break (ticket, exchange),
                Step::Sleep(until) => now = Now::new(until, now.utc),
                Step::Event(FeedEvent::Heartbeat(newer)) => heartbeats.push(cursor_of(&newer)),
                Step::Event(FeedEvent::Update { .. }) => messages += 1,
                Step::Event(FeedEvent::Retrying(_)) => {}
                step => panic!("the feed continues, it does not return {step:?}"),
            }
        };
        let mut hidden = item(&format!("hidden {minute}"), &format!("cursor {minute}"));
        hidden["data"]["deleted"] = json!(true);
        feed.handle(now, ticket, response(200, &json!({ "items": [hidden, without_cursor], "cursor": null })));
    }
    assert_eq!((messages, heartbeats), (1, ["cursor 10", "cursor 20", "cursor 30"].map(Into::into).to_vec()));
}

#[test]
fn checkpoint_of_another_server_is_a_gap() {
    // A server that was replaced did not issue the cursor.
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (ticket, _) = sent(&mut feed, at(0));
    feed.handle(at(0), ticket, problem(410, "cursor_expired"));
    let (ticket, exchange) = sent(&mut feed, at(0));
    assert_eq!(exchange.request.uri().query(), None, "it asks where the feed is now");
    let now = http::Response::new(br#"{"items":[],"cursor":"new"}"#.to_vec());
    feed.handle(at(0), ticket, Reply::Response(now));
    let FeedEvent::Gap(missed) = next_event(&mut feed, at(0)) else { panic!("it reports a gap") };
    let (_, exchange) = sent(&mut feed, at(0));
    assert!(exchange.request.uri().to_string().contains("cursor=new"), "{missed:?}");
}
