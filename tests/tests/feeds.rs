//! Feeds, one property at a time. The simulator covers the same properties in all orders of events.

use std::time::Duration;

use chrono::DateTime;
use http::Method;
use serde_json::{Value, json};
use teamwire_core::{
    Checkpoint, Client, Config, Credentials, Error, ErrorKind, FeedEvent, FeedOptions, FeedSet, Message,
    effect::{Exchange, Moment, Now, TransportError, TransportErrorKind},
    executor::Manual,
    feed::{FeedEnd, FeedSetStep, Poller},
    machine::{Feed, Machine, Reply, Step, Ticket},
    model::LiveLocationUpdate,
};

const SECRET: &str = "a secret that must not be shown";

fn at(seconds: u64) -> Now {
    Now::new(Moment::from_epoch(Duration::from_secs(seconds)), DateTime::UNIX_EPOCH)
}

fn client() -> Client<Manual> {
    let credentials = Credentials::new("the-app-id", SECRET).expect("they are good");
    let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
    Client::new(Manual::new(config, [7; 32], at(0)))
}

fn messages(follow: impl Into<FeedOptions>) -> Poller<Message> {
    client().chats().chat("c1").new_messages(follow)
}

fn locations(follow: impl Into<FeedOptions>) -> Poller<LiveLocationUpdate> {
    client().chats().chat("c1").live_locations(follow)
}

fn checkpoint(feed: &str, chat: Option<&str>, version: u32) -> Checkpoint {
    let mut json = json!({ "version": version, "feed": feed, "cursor": "here" });
    if let Some(chat) = chat {
        json["chat"] = json!(chat);
    }
    serde_json::from_value(json).expect("it is a checkpoint")
}

fn sent<F: Feed>(feed: &mut F, now: Now) -> (Ticket, Box<Exchange>)
where
    F::Event: std::fmt::Debug,
    F::Output: std::fmt::Debug,
{
    match feed.poll(now) {
        Step::Send(ticket, exchange) => (ticket, exchange),
        other => panic!("expected a request, not {other:?}"),
    }
}

fn next_event<F: Feed>(feed: &mut F, now: Now) -> F::Event
where
    F::Event: std::fmt::Debug,
    F::Output: std::fmt::Debug,
{
    match feed.poll(now) {
        Step::Event(event) => event,
        other => panic!("expected an event, not {other:?}"),
    }
}

fn response(status: u16, body: &Value) -> Reply {
    let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
    let response = http::Response::builder().status(status).header("content-type", media_type);
    Reply::Response(response.body(body.to_string().into_bytes()).expect("it is a response"))
}

fn problem(status: u16, code: &str) -> Reply {
    response(status, &json!({ "code": code, "status": status, "title": code }))
}

fn item(mid: &str, cursor: &str) -> Value {
    let user = json!({ "uid": "u1", "first_name": "A", "last_name": "B", "organisation": "", "is_bot": false });
    let data = json!({
        "mid": mid, "tid": "c1", "from_user": user, "timestamp": 0, "is_alert": false, "alert_type": null,
        "reply_to": null, "msg": "hello", "attachments": null, "deleted": false, "sender_display_name": null,
        "link_preview": null,
    });
    json!({ "cursor": cursor, "kind": "message", "data": data })
}

fn batch(items: &[Value], cursor: &str) -> Reply {
    response(200, &json!({ "items": items, "cursor": cursor }))
}

fn mid_of(event: FeedEvent<Message>) -> String {
    event.into_item().expect("it is a message").mid.to_string()
}

#[test]
fn checkpoint_of_another_feed_is_refused_without_a_request() {
    for (wrong, why) in [
        (checkpoint("messages", Some("c1"), 2), "version 2"),
        (checkpoint("messages", Some("c2"), 1), "c2"),
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
fn undecoded_event_is_delivered_and_the_feed_continues() {
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (ticket, _) = sent(&mut feed, at(0));
    let mystery = json!({ "cursor": "one", "kind": "mystery", "data": { "secret": SECRET } });
    feed.handle(at(0), ticket, batch(&[mystery, json!(7), item("m1", "three")], "end"));
    for cursor in ["one", "one"] {
        let FeedEvent::Undecoded { item, checkpoint } = next_event(&mut feed, at(0)) else { panic!("it is delivered") };
        assert!(!format!("{item:?}").contains(SECRET), "{item:?}");
        assert_eq!(serde_json::to_value(checkpoint).expect("it can be written")["cursor"], cursor);
    }
    assert_eq!(mid_of(next_event(&mut feed, at(0))), "m1");
    sent(&mut feed, at(0));
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
fn expired_lease_is_renewed_at_the_cursor_of_the_feed() {
    let mut feed = locations(checkpoint("live_locations", Some("c1"), 1));
    for (id, at_cursor) in [("s1", "later"), ("s2", "much later")] {
        let (ticket, exchange) = sent(&mut feed, at(0));
        assert_eq!(exchange.request.method(), Method::PUT);
        feed.handle(at(0), ticket, response(200, &json!({ "id": id, "cursor": at_cursor })));
        let (ticket, exchange) = sent(&mut feed, at(0));
        let uri = exchange.request.uri().to_string();
        assert!(uri.contains("cursor=here") && uri.contains(&format!("subscription={id}")), "{uri}");
        feed.handle(at(0), ticket, problem(409, "lease_expired"));
    }
}

#[test]
fn retry_after_is_obeyed_up_to_an_hour() {
    for (asked, waits) in [
        ("7", Duration::from_secs(7)),
        ("0", Duration::ZERO),
        ("3600", Duration::from_secs(3_600)),
        ("31536000", Duration::from_secs(3_600)),
    ] {
        let mut feed = messages(checkpoint("messages", Some("c1"), 1));
        let (ticket, _) = sent(&mut feed, at(0));
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert("retry-after", asked.parse().expect("it is a header"));
        feed.handle(at(0), ticket, Reply::Response(response));
        let FeedEvent::Retrying(retrying) = next_event(&mut feed, at(0)) else { panic!("it reports a failure") };
        let ours = retrying.retry_at.saturating_duration_since(Moment::EPOCH.saturating_add(waits));
        assert!((250..=500).contains(&ours.as_millis()), "{asked}: {ours:?} are added");
        assert!(matches!(feed.poll(at(0)), Step::Sleep(until) if until == retrying.retry_at));
        sent(&mut feed, at(waits.as_secs() + 2));
    }
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

#[test]
fn stopped_feed_sends_only_its_unsubscription() {
    let begun = || locations(checkpoint("live_locations", Some("c1"), 1));
    let subscribed = || {
        let mut feed = begun();
        let (ticket, _) = sent(&mut feed, at(0));
        feed.handle(at(0), ticket, response(200, &json!({ "id": "s1", "cursor": "x" })));
        feed
    };
    let polling = || {
        let mut feed = subscribed();
        let (ticket, _) = sent(&mut feed, at(0));
        (feed, ticket)
    };
    let mut subscribing = begun();
    sent(&mut subscribing, at(0));
    let mut failing = polling();
    failing.0.handle(at(0), failing.1, Reply::Error(TransportError::new(TransportErrorKind::Connect, "no route")));
    next_event(&mut failing.0, at(0));

    let states = [
        ("new", begun(), false),
        ("subscribing", subscribing, false),
        ("subscribed", subscribed(), true),
        ("polling", polling().0, true),
        ("failing", failing.0, true),
    ];
    for (state, mut feed, unsubscribes) in states {
        feed.stop(at(0));
        feed.stop(at(0));
        if unsubscribes {
            let (ticket, exchange) = sent(&mut feed, at(0));
            assert_eq!(exchange.request.method(), Method::DELETE, "{state}");
            feed.handle(at(0), ticket, Reply::Error(TransportError::new(TransportErrorKind::Timeout, "nothing came")));
        }
        assert!(matches!(feed.poll(at(0)), Step::Done(Ok(FeedEnd::Stopped))), "{state}");
        assert!(matches!(feed.poll(at(0)), Step::Done(Err(Error::Finished))), "{state}");
    }
}

#[test]
fn events_before_a_stop_are_still_delivered() {
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (ticket, _) = sent(&mut feed, at(0));
    feed.handle(at(0), ticket, batch(&[item("m1", "one"), item("m2", "two")], "end"));
    feed.stop(at(0));
    assert_eq!(mid_of(next_event(&mut feed, at(0))), "m1");
    assert_eq!(mid_of(next_event(&mut feed, at(0))), "m2");
    assert!(matches!(feed.poll(at(0)), Step::Done(Ok(FeedEnd::Stopped))));
}

#[test]
fn subscription_lost_twice_in_a_row_is_a_failure() {
    let mut feed = locations(checkpoint("live_locations", Some("c1"), 1));
    for round in 0..2 {
        let (ticket, _) = sent(&mut feed, at(0));
        feed.handle(at(0), ticket, response(200, &json!({ "id": "s", "cursor": "x" })));
        let (ticket, _) = sent(&mut feed, at(0));
        feed.handle(at(0), ticket, problem(404, "not_found"));
        if round == 1 {
            assert!(matches!(next_event(&mut feed, at(0)), FeedEvent::Retrying(_)));
        }
    }
    let (ticket, _) = sent(&mut feed, at(9));
    feed.handle(at(9), ticket, problem(404, "not_found"));
    assert!(matches!(feed.poll(at(9)), Step::Done(Err(error)) if error.kind() == ErrorKind::NotFound));
}

#[test]
fn subscription_lost_between_successful_polls_is_not_a_failure() {
    let mut feed = locations(checkpoint("live_locations", Some("c1"), 1));
    for round in 0..5 {
        let (ticket, _) = sent(&mut feed, at(round));
        feed.handle(at(round), ticket, response(200, &json!({ "id": "s", "cursor": "x" })));
        // A poll succeeds in between: only two losses in a row are a failure.
        let (ticket, _) = sent(&mut feed, at(round));
        feed.handle(at(round + 1), ticket, batch(&[], &format!("cursor {round}")));
        let (ticket, _) = sent(&mut feed, at(round + 1));
        feed.handle(at(round + 1), ticket, problem(409, "lease_expired"));
    }
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    for round in 0..5 {
        let (ticket, _) = sent(&mut feed, at(round));
        feed.handle(at(round), ticket, problem(410, "cursor_expired"));
        let (ticket, _) = sent(&mut feed, at(round));
        feed.handle(at(round), ticket, batch(&[], "now"));
        assert!(matches!(next_event(&mut feed, at(round)), FeedEvent::Gap(_)));
        let (ticket, _) = sent(&mut feed, at(round));
        feed.handle(at(round + 1), ticket, batch(&[], &format!("cursor {round}")));
    }
}

#[test]
fn events_without_a_new_cursor_are_delivered_once() {
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (ticket, _) = sent(&mut feed, at(0));
    feed.handle(at(0), ticket, batch(&[item("m1", "here")], "here"));
    let FeedEvent::Update { item, checkpoint } = next_event(&mut feed, at(0)) else { panic!("it can be read") };
    assert!(item.mid == "m1" && format!("{checkpoint:?}").contains("here"), "{checkpoint:?}");
    let FeedEvent::Retrying(retrying) = next_event(&mut feed, at(0)) else { panic!("it is a failure") };
    assert_eq!(retrying.error.kind(), ErrorKind::UnexpectedResponse);
    assert!(matches!(feed.poll(at(0)), Step::Sleep(until) if until == retrying.retry_at));
}

#[test]
fn feed_that_is_always_busy_keeps_no_other_waiting() {
    let (mut set, client) = (FeedSet::new(), client());
    for chat in ["c1", "c2", "c3"] {
        set.insert(chat, client.chats().chat(chat).new_messages(checkpoint("messages", Some(chat), 1)));
    }
    let items: Vec<_> = (0..10).map(|number| item(&format!("m{number}"), &format!("cursor {number}"))).collect();
    for _ in 0..3 {
        let FeedSetStep::Step(chat, Step::Send(ticket, _)) = set.next(at(0)) else { panic!("each feed sends") };
        set.handle(at(0), &chat, ticket, batch(&items, "end"));
    }
    // Three feeds with as many events take turns: none is ever more than one event ahead.
    let mut delivered = std::collections::BTreeMap::from([("c1", 0), ("c2", 0), ("c3", 0)]);
    for _ in 0..3 * items.len() {
        let FeedSetStep::Step(chat, Step::Event(_)) = set.next(at(0)) else { panic!("there is more to deliver") };
        *delivered.get_mut(chat).expect("it is in the set") += 1;
        let (least, most) = (delivered.values().min(), delivered.values().max());
        assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1), "{delivered:?}");
    }
}

#[test]
fn feed_set_issues_a_request_once_until_its_reissue() {
    let (mut set, client) = (FeedSet::new(), client());
    set.insert("a", client.chats().chat("c1").new_messages(None));
    set.insert("b", client.chats().chat("c2").new_messages(None));
    let FeedSetStep::Step("a", Step::Send(a, _)) = set.next(at(0)) else { panic!("the first feed sends") };
    let FeedSetStep::Step("b", Step::Send(b, _)) = set.next(at(0)) else { panic!("the second feed sends") };
    set.handle(at(0), &"a", b, Reply::Error(TransportError::new(TransportErrorKind::Disconnected, "for another feed")));
    assert!(matches!(set.next(at(0)), FeedSetStep::Idle), "nothing changed");
    set.reissue();
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("a", Step::Send(ticket, _)) if ticket == a));
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("b", Step::Send(_, _))));
    set.stop_all(at(0));
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("a", Step::Done(Ok(FeedEnd::Stopped)))));
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("b", Step::Done(Ok(FeedEnd::Stopped)))));
    assert!(matches!(set.next(at(0)), FeedSetStep::Empty));
}

#[test]
fn outcome_stays_unknown_if_a_later_attempt_fails() {
    let client = client();
    let chat = client.chats().chat("c1");
    let mut post = chat.post("hello");
    let mut now = at(0);
    for attempt in 0_u64.. {
        match post.poll(now) {
            Step::Send(ticket, _) => {
                let kind = if attempt == 0 { TransportErrorKind::Timeout } else { TransportErrorKind::Connect };
                post.handle(now, ticket, Reply::Error(TransportError::new(kind, "cut").with_sent(attempt == 0)));
            }
            Step::Sleep(until) => now.moment = until,
            Step::Done(Err(error)) => return assert!(error.outcome_unknown(), "{error:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn only_a_problem_of_the_contract_ends_a_feed() {
    let page = |status| {
        let page = http::Response::builder().status(status).body(b"<html>gateway</html>".to_vec());
        Reply::Response(page.expect("it is a response"))
    };
    for status in [400, 403, 404, 405, 409, 410, 413, 500, 501, 502, 503, 505, 511] {
        let mut feed = messages(checkpoint("messages", Some("c1"), 1));
        let (ticket, _) = sent(&mut feed, at(0));
        feed.handle(at(0), ticket, page(status));
        let FeedEvent::Retrying(retrying) = next_event(&mut feed, at(0)) else { panic!("{status}: it is reported") };
        assert_eq!((retrying.error.status(), retrying.error.code()), (Some(status), None));
        let later = Now::new(retrying.retry_at, DateTime::UNIX_EPOCH);
        let (ticket, _) = sent(&mut feed, later);
        feed.handle(later, ticket, batch(&[item("m1", "1")], "1"));
        assert_eq!(mid_of(next_event(&mut feed, later)), "m1");
    }
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (ticket, _) = sent(&mut feed, at(0));
    feed.handle(at(0), ticket, page(401));
    assert!(matches!(feed.poll(at(0)), Step::Done(Err(_))), "each further poll would be a failed login");
    for (status, code) in [(401, "auth"), (403, "auth"), (404, "not_found"), (501, "server")] {
        let mut feed = messages(checkpoint("messages", Some("c1"), 1));
        let (ticket, _) = sent(&mut feed, at(0));
        feed.handle(at(0), ticket, problem(status, code));
        assert!(matches!(feed.poll(at(0)), Step::Done(Err(_))), "{status}: the server rejects the request");
    }
}
