//! Feeds that are driven manually, and responses for them.

use std::time::Duration;

use chrono::DateTime;
use serde_json::{Value, json};
use teamwire_core::{
    Checkpoint, Client, Config, Credentials, FeedEvent, FeedOptions, Message,
    effect::{Exchange, Moment, Now},
    executor::Manual,
    feed::Poller,
    machine::{Feed, Reply, Step, Ticket},
    model::LiveLocationUpdate,
};

pub(crate) const SECRET: &str = "a secret that must not be shown";

pub(crate) fn at(seconds: u64) -> Now {
    Now::new(Moment::from_epoch(Duration::from_secs(seconds)), DateTime::UNIX_EPOCH)
}

pub(crate) fn client() -> Client<Manual> {
    let credentials = Credentials::new("the-app-id", SECRET).expect("they are good");
    let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
    Client::new(Manual::new(config, [7; 32], at(0)))
}

pub(crate) fn messages(follow: impl Into<FeedOptions>) -> Poller<Message> {
    client().chats().chat("c1").new_messages(follow)
}

pub(crate) fn locations(follow: impl Into<FeedOptions>) -> Poller<LiveLocationUpdate> {
    client().chats().chat("c1").live_locations(follow)
}

pub(crate) fn checkpoint(feed: &str, chat: Option<&str>, version: u32) -> Checkpoint {
    let mut json = json!({ "version": version, "feed": feed, "cursor": "here" });
    if let Some(chat) = chat {
        json["chat"] = json!(chat);
    }
    serde_json::from_value(json).expect("it is a checkpoint")
}

pub(crate) fn sent<F: Feed>(feed: &mut F, now: Now) -> (Ticket, Box<Exchange>)
where
    F::Event: std::fmt::Debug,
    F::Output: std::fmt::Debug,
{
    match feed.poll(now) {
        Step::Send(ticket, exchange) => (ticket, exchange),
        other => panic!("expected a request, not {other:?}"),
    }
}

pub(crate) fn next_event<F: Feed>(feed: &mut F, now: Now) -> F::Event
where
    F::Event: std::fmt::Debug,
    F::Output: std::fmt::Debug,
{
    match feed.poll(now) {
        Step::Event(event) => event,
        other => panic!("expected an event, not {other:?}"),
    }
}

pub(crate) fn response(status: u16, body: &Value) -> Reply {
    let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
    let response = http::Response::builder().status(status).header("content-type", media_type);
    Reply::Response(response.body(body.to_string().into_bytes()).expect("it is a response"))
}

pub(crate) fn problem(status: u16, code: &str) -> Reply {
    response(status, &json!({ "code": code, "status": status, "title": code }))
}

pub(crate) fn item(mid: &str, cursor: &str) -> Value {
    let user = json!({ "uid": "u1", "first_name": "A", "last_name": "B", "organisation": "", "is_bot": false });
    let data = json!({
        "mid": mid, "tid": "c1", "from_user": user, "timestamp": 0, "is_alert": false, "alert_type": null,
        "reply_to": null, "msg": "hello", "attachments": null, "deleted": false, "sender_display_name": null,
        "link_preview": null,
    });
    json!({ "cursor": cursor, "kind": "message", "data": data })
}

pub(crate) fn batch(items: &[Value], cursor: &str) -> Reply {
    response(200, &json!({ "items": items, "cursor": cursor }))
}

pub(crate) fn mid_of(event: FeedEvent<Message>) -> String {
    event.into_item().expect("it is a message").mid.to_string()
}
