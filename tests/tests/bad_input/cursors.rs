//! Batches of a feed with invalid cursors or items: valid items are delivered once.

use serde_json::{Value, json};
use teamwire_core::{
    Client, FeedEvent, FeedOptions, Message, Script,
    script::{Expect, Respond, sample},
};
use teamwire_tests::operations::TID;

/// Returns the events of a feed that receives these bodies in turn, each at its cursor.
fn follow<B: Into<Vec<u8>>>(polls: impl IntoIterator<Item = (&'static str, B)>) -> Vec<FeedEvent<Message>> {
    let path = format!("/v1/chats/{TID}/messages/updates");
    let first = Respond::json(200, json!({ "items": [], "cursor": "0" }));
    let mut script = Script::new().then(Expect::get(path.as_str()), first);
    for (cursor, body) in polls {
        let response = Respond::status(200).body("application/json", body);
        script = script.then(Expect::get(path.as_str()).query("cursor", cursor), response);
    }
    let events = Client::new(script.clone()).chats().chat(TID).new_messages(FeedOptions::default());
    let events = events.map(|event| event.expect("the feed continues")).collect();
    script.assert_done();
    events
}

fn event(cursor: Value, mid: &str) -> Value {
    json!({ "cursor": cursor, "kind": "message", "data": sample::message(mid, TID, "hello") })
}

/// Returns each event as its kind and the cursor of its checkpoint.
fn summaries(events: &[FeedEvent<Message>]) -> Vec<String> {
    let summaries = events.iter().map(|event| {
        let cursor =
            event.checkpoint().map(|it| serde_json::to_value(it).expect("it can be written")["cursor"].clone());
        let cursor = cursor.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        match event {
            FeedEvent::Started(_) => format!("started {cursor}"),
            FeedEvent::Update { item, .. } => format!("{} {cursor}", item.mid),
            FeedEvent::Undecoded { item, .. } => format!("undecoded {} {cursor}", item.json),
            FeedEvent::Retrying(retrying) => format!("failure {}", retrying.attempt),
            other => panic!("{other:?}"),
        }
    });
    summaries.collect()
}

const NOTHING: &str = r#"{"items":[],"cursor":"9"}"#;

#[test]
fn items_that_are_null_or_missing_are_none() {
    for body in [
        r#"{"items":null,"cursor":"1"}"#,
        r#"{"cursor":"1"}"#,
        "\u{feff}{\"items\":[],\"cursor\":\"1\"}",
        r#"{"items":[],"cursor":"1","cursor":"1"}"#,
        r#"{"cursor":"1","items":[],}"#,
        r#"{"items":[],"cursor":"1"}} rubbish"#,
        "{\"items\":[],\"cursor\":\"1\",\"x\":\"\u{0}\"}\0",
    ] {
        assert_eq!(summaries(&follow([("0", body), ("1", NOTHING)])), ["started 0"], "{body}");
    }
}

#[test]
fn items_that_are_not_a_list_are_reported() {
    for items in ["7", "\"x\"", "{\"a\":1}", "NaN"] {
        let body = format!(r#"{{"items":{items},"cursor":"1"}}"#);
        let events = follow([("0", body), ("1", NOTHING.into())]);
        assert_eq!(summaries(&events), ["started 0".to_owned(), format!("undecoded {items} 1")]);
    }
}

#[test]
fn feed_continues_after_the_last_event_without_a_batch_cursor() {
    let long = format!("\"{}\"", "z".repeat(5000));
    for cursor in ["7", "null", "\"\"", "[]", "NaN", "\"\\ud800\"", "\"\\q\"", "\"0\"", long.as_str()] {
        let items = json!([event("1".into(), "m1"), event("2".into(), "m2")]);
        let body = format!(r#"{{"items":{items},"cursor":{cursor}}}"#);
        assert_eq!(summaries(&follow([("0", body), ("2", NOTHING.into())])), ["started 0", "m1 1", "m2 2"], "{cursor}");
    }
    let body = json!({ "items": [event("1".into(), "m1")] }).to_string();
    assert_eq!(summaries(&follow([("0", body), ("1", NOTHING.into())])), ["started 0", "m1 1"]);
}

#[test]
fn events_without_a_new_cursor_are_delivered_once() {
    for (mine, whole) in
        [(json!(7), json!(null)), (json!(""), json!("")), (json!("0"), json!("0")), (json!(null), json!(7))]
    {
        let stuck = |count: usize, cursor: &Value| {
            let items: Vec<_> = (1..=count).map(|at| event(mine.clone(), &format!("m{at}"))).collect();
            json!({ "items": items, "cursor": cursor }).to_string()
        };
        let events = follow([
            ("0", stuck(2, &whole)),
            ("0", stuck(2, &whole)),
            ("0", stuck(3, &whole)),
            ("0", stuck(3, &whole)),
            // The last batch has a cursor.
            ("0", stuck(4, &json!("5"))),
            ("5", json!({ "items": [event("6".into(), "m1")], "cursor": "6" }).to_string()),
            ("6", NOTHING.into()),
        ]);
        let expected =
            ["started 0", "m1 0", "m2 0", "failure 1", "failure 2", "m3 0", "failure 3", "failure 4", "m4 5", "m1 6"];
        assert_eq!(summaries(&events), expected, "{mine} {whole}");
        let waits = events.iter().filter_map(|event| match event {
            FeedEvent::Retrying(retrying) => Some(retrying.retry_at),
            _ => None,
        });
        let waits: Vec<_> = waits.collect();
        let pauses: Vec<_> = waits.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0])).collect();
        assert!(pauses.windows(2).all(|pair| pair[1] > pair[0]), "they grow: {pauses:?}");
    }
}

#[test]
fn events_after_the_last_cursor_are_not_delivered_again() {
    let items = |count: usize| {
        let all = [event("1".into(), "m1"), event(json!(7), "m2"), event(json!(7), "m3")];
        json!({ "items": all[..count], "cursor": null }).to_string()
    };
    let rest = json!({ "items": [event(json!(7), "m2"), event("3".into(), "m3")], "cursor": "3" }).to_string();
    let events = follow([("0", items(3)), ("1", rest), ("3", NOTHING.into())]);
    // The bytes of the last event have changed, so it may be another event.
    assert_eq!(summaries(&events), ["started 0", "m1 1", "m2 1", "m3 1", "failure 1", "m3 3"]);
}

#[test]
fn batch_without_events_and_without_a_cursor_is_a_failure() {
    for body in
        ["{}", r#"{"items":[]}"#, r#"{"items":[],"cursor":null}"#, r#"{"items":null,"cursor":7}"#, r#"{"code":"x"}"#]
    {
        let events = follow([("0", body), ("0", body), ("0", NOTHING), ("9", NOTHING)]);
        assert_eq!(summaries(&events), ["started 0", "failure 1", "failure 2"], "{body}");
    }
}
