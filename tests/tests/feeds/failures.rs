//! Failures: undecodable events, lost subscriptions, and errors of servers and proxies.

use std::time::Duration;

use chrono::DateTime;
use http::Method;
use serde_json::json;
use teamwire_core::{
    ErrorKind, FeedEvent, FeedOptions,
    effect::{Moment, Now},
    machine::{Machine, Reply, Step},
};

use crate::support::{
    SECRET, at, batch, checkpoint, item, locations, messages, mid_of, next_event, problem, response, sent,
};

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
fn feed_starts_although_its_lease_has_no_usable_cursor() {
    for cursor in [json!(""), json!(null), json!(7), json!("c".repeat(20_000))] {
        let mut feed = locations(FeedOptions::default());
        let (ticket, _) = sent(&mut feed, at(0));
        feed.handle(at(0), ticket, response(200, &json!({ "id": "s1", "cursor": cursor })));
        let (ticket, exchange) = sent(&mut feed, at(0));
        let uri = exchange.request.uri().to_string();
        assert!(uri.ends_with("/updates?subscription=s1"), "{uri}");
        feed.handle(at(0), ticket, batch(&[], "here"));
        assert!(matches!(next_event(&mut feed, at(0)), FeedEvent::Started(_)));
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
fn subscription_lost_after_a_successful_poll_is_not_a_failure() {
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
