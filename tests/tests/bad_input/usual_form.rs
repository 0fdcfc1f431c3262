//! Lists of the usual form are read in one pass, and others by their brackets: both lead to the same output.

use std::fmt::Debug;

use chrono::DateTime;
use serde_json::{Value, json};
use teamwire_core::{
    Client, Config, Credentials,
    effect::{Moment, Now},
    executor::Manual,
    flow::Flow,
    machine::{Machine, Reply, Step},
    script::sample,
};
use teamwire_tests::operations::TID;

const CURSOR: &[u8] = b"\"next_cursor\"";

fn now() -> Now {
    Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH)
}

fn client() -> Client<Manual> {
    let credentials = Credentials::new("the-app-id", "a secret of the bot").expect("the credentials are valid");
    let config = Config::new("https://teamwire.example", credentials).expect("the URL is valid");
    Client::new(Manual::new(config, [7; 32], now()))
}

fn reply(body: &[u8]) -> Reply {
    let response = http::Response::builder().header("content-type", "application/json");
    Reply::Response(response.body(body.to_vec()).expect("the response is valid"))
}

/// Returns the output of an operation after this response; `None` for an error, or for another request.
fn output<T: Debug>(mut flow: impl Flow<Output = T>, body: &[u8]) -> Option<String> {
    let Step::Send(ticket, _) = flow.poll(now()) else { panic!("expected a request") };
    flow.handle(now(), ticket, reply(body));
    match flow.poll(now()) {
        Step::Done(Ok(output)) => Some(format!("{output:?}")),
        _ => None,
    }
}

fn messages(client: &Client<Manual>, body: &[u8]) -> Option<String> {
    output(client.chats().chat(TID).messages(None), body)
}

fn users(client: &Client<Manual>, body: &[u8]) -> Option<String> {
    output(client.contacts().users(), body)
}

/// Returns the events of a feed after this response, with their checkpoints.
fn events(client: &Client<Manual>, body: &[u8]) -> Option<String> {
    let mut feed = client.chats().events(None);
    let mut replies = [&br#"{"id":"s","cursor":"0"}"#[..], body].into_iter();
    let mut events = Vec::new();
    loop {
        match feed.poll(now()) {
            Step::Send(ticket, _) => match replies.next() {
                Some(body) => feed.handle(now(), ticket, reply(body)),
                None => return Some(format!("{events:?}")),
            },
            Step::Event(event) => events.push(event),
            // The batch is an error.
            Step::Sleep(_) => return None,
            Step::File(..) | Step::Done(_) => panic!("expected a request, an event or a timer"),
        }
    }
}

/// Checks that this list, and any change of a few bytes in it, leads to the same output in the usual form and in
/// another one: empty places between commas are ignored. A change of the cursor's name is only noticed in the other
/// form.
fn check(read: fn(&Client<Manual>, &[u8]) -> Option<String>, list: &Value) {
    let (client, list) = (client(), list.to_string().into_bytes());
    assert!(read(&client, &list).is_some(), "the list is valid");
    let mut read_after_change = 0;
    let is_in_name = |at: usize| (1..=CURSOR.len()).any(|back| list[at - back.min(at)..].starts_with(CURSOR));
    for at in (1..list.len()).filter(|at| !is_in_name(*at)) {
        for (removed, inserted) in [(1, &b""[..]), (0, b"\""), (1, b"{"), (1, b"}"), (0, b","), (1, b"1"), (1, b"\xfc")]
        {
            let rest = [inserted, &list[at + removed..]].concat();
            let [usual, other] = [&b""[..], b","].map(|more| [&list[..1], more, &list[1..at], &rest].concat());
            let (usual, other) = (read(&client, &usual), read(&client, &other));
            assert_eq!(usual, other, "{} {}", list[..at].escape_ascii(), rest.escape_ascii());
            read_after_change += usize::from(usual.is_some());
        }
    }
    assert!(read_after_change > list.len(), "{read_after_change}");
}

#[test]
fn a_page_of_messages_is_read_alike_in_any_form() {
    let mut alert = sample::alert("m2", TID, "a \"b\" \n \u{fc}");
    alert["attachments"] = json!([{ "kind": "sound", "asset": { "id": "a1", "size": 1 } }, { "kind": "new" }]);
    let items = [sample::message("m1", TID, "x"), alert, json!({ "mid": "m3" }), sample::message("m1", TID, "x")];
    check(messages, &json!({ "items": items, "last_modified": "2026-01-01T00:00:00Z", "next_cursor": null }));
}

#[test]
fn a_page_of_users_is_read_alike_in_any_form() {
    check(users, &json!({ "next_cursor": "", "items": [sample::user("u1", "a", "b"), { "uid": "u2" }, 7] }));
}

#[test]
fn a_batch_of_events_is_read_alike_in_any_form() {
    let event = |cursor: Value, kind: &str, data: Value| json!({ "cursor": cursor, "kind": kind, "data": data });
    let items = [
        event(json!("1"), "message", sample::message("m1", TID, "x")),
        event(json!(null), "message_deleted", json!({ "tid": TID, "mid": "m1" })),
        event(json!("2"), "chat_left", json!({ "tid": TID })),
        event(json!("2"), "new", json!({ "tid": TID })),
    ];
    check(events, &json!({ "items": items, "cursor": "3" }));
}
