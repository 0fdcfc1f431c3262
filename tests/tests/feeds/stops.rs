//! Feeds that are stopped.

use http::Method;
use serde_json::json;
use teamwire_core::{
    ErrorKind, FeedEvent,
    effect::{TransportError, TransportErrorKind},
    feed::FeedEnd,
    machine::{Feed, Machine, Reply, Step},
};

use crate::support::{at, batch, checkpoint, item, locations, messages, mid_of, next_event, response, sent};

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
        assert!(matches!(feed.poll(at(0)), Step::Done(Err(error)) if error.kind() == ErrorKind::Finished), "{state}");
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
fn invalid_batch_before_a_stop_is_not_retried() {
    let mut feed = messages(checkpoint("messages", Some("c1"), 1));
    let (ticket, _) = sent(&mut feed, at(0));
    // The cursor of the request: the feed would be stuck.
    feed.handle(at(0), ticket, batch(&[item("m1", "here")], "here"));
    feed.stop(at(0));
    let event = next_event(&mut feed, at(0));
    assert!(matches!(&event, FeedEvent::Update { item, .. } if item.mid == "m1"), "{event:?}");
    assert!(matches!(feed.poll(at(0)), Step::Done(Ok(FeedEnd::Stopped))), "nothing is retried");
}
