//! Operations of several requests: an error says whether they may have taken effect.

use std::time::Duration;

use serde_json::json;
use teamwire_core::{
    Client, Draft, ErrorKind, NewChat, StopHandle,
    error::GaveUp,
    model::{Coordinates, LiveLocation, ShareDuration},
    script::{Expect, Respond},
};
use teamwire_tests::operations;

use crate::{
    plain::{Plain, expect_login, post, script, token},
    support::{FIRST, at, by_hand, ends, response, send},
};

const WITH_READERS: Plain = Plain { has_login: false, has_readers: true };

#[test]
fn failure_after_the_chat_is_marked_as_read_is_uncertain() {
    for (failure, kind, times) in [
        (Respond::unreachable(), ErrorKind::Connection, 4),
        (Respond::json(403, json!({ "kind": "auth" })), ErrorKind::Auth, 1),
    ] {
        let script = script(WITH_READERS)
            .then(Expect::post("/chats/c1/read"), Respond::status(204))
            .then(Expect::get("/chats/c1/readers"), failure.times(times));
        let error = Client::new(script.clone()).chats().chat("c1").mark_as_read().expect_err("it cannot be read");
        assert_eq!((error.kind(), error.outcome_unknown()), (kind, true), "{error}");
        script.assert_done();
    }
    let refused =
        script(WITH_READERS).then(Expect::post("/chats/c1/read"), Respond::json(403, json!({ "kind": "auth" })));
    let error = Client::new(refused).chats().chat("c1").mark_as_read().expect_err("it is refused");
    assert!(!error.outcome_unknown(), "it is not marked: {error}");
}

#[test]
fn stop_after_the_chat_is_marked_as_read_is_uncertain() {
    let (client, stop) = (by_hand(operations::config().with_protocol(WITH_READERS)), StopHandle::new());
    let chat = client.stopped_by(&stop).chats().chat("c1");
    let mut marking = chat.mark_as_read();
    let (ticket, _) = send(&mut marking, at(0));
    stop.stop();
    marking.handle(at(0), ticket, response(204, &json!({})));
    let error = ends(&mut marking, at(0)).expect_err("it is stopped");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Cancelled, true), "{error}");
}

#[test]
fn list_that_is_unsupported_prevents_the_change() {
    let script = script(Plain::default());
    let error = Client::new(script.clone()).chats().chat("c1").mark_as_read().expect_err("there is no list");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Unsupported, false), "{error}");
    assert!(script.requests().is_empty());
}

#[test]
fn pause_of_another_request_says_nothing_about_one_that_was_not_sent() {
    let limit = json!({ "kind": "limit", "transient": true, "uncertain": true });
    let script = script(Plain::default()).then(Expect::get("/me"), Respond::json(503, limit).retry_after(600));
    let client = Client::new(script.clone());
    assert!(client.contacts().me().expect_err("the pause is too long").outcome_unknown());
    let place = Coordinates::new(1.0, 2.0).expect("it is a place");
    let shared = Draft::text("here").attach(LiveLocation::new(place, ShareDuration::QuarterHour));
    let error = client.chats().chat("c1").post(shared).expect_err("the pause is too long");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::RateLimited, false), "{error}");
    let during = error.during().expect("it is an operation");
    assert_eq!((during.attempts, during.gave_up), (0, Some(GaveUp::RetryAfter)));
    assert!(!client.chats().has_location_sharing_active_chats());
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn search_creates_no_chat() {
    let endless = Respond::json(200, json!({ "next": "a" }));
    for failure in [Respond::connection_lost(), Respond::status(503), Respond::status(204), endless] {
        let case = format!("{failure:?}");
        let script = script(Plain::default()).always(Expect::get("/chats"), failure);
        let error = Client::new(script).chats().get_or_create(NewChat::titled("x")).expect_err("it cannot be searched");
        assert!(!error.outcome_unknown(), "{case}: {error}");
    }
    let created = script(Plain::default())
        .then(Expect::get("/chats"), Respond::json(200, json!({})))
        .then(Expect::post("/chats"), Respond::connection_lost());
    let error = Client::new(created).chats().get_or_create(NewChat::titled("x")).expect_err("it is lost");
    assert!(error.outcome_unknown(), "it may have been created: {error}");
}

#[test]
fn error_of_a_reader_is_that_of_a_response() {
    let script = script(Plain::default())
        .then(Expect::post("/chats/c1/messages"), Respond::json(201, json!({ "unsupported": true })));
    let error = post(&script).expect_err("its reader fails");
    assert_eq!((error.kind(), error.status()), (ErrorKind::UnexpectedResponse, Some(201)), "{error}");
    assert!(error.outcome_unknown(), "it has been posted: {error}");
}

#[test]
fn chat_that_the_reader_does_not_find_is_not_found() {
    let script = script(Plain::default()).then(Expect::get("/chats/c1"), Respond::json(200, json!({ "id": null })));
    let error = Client::new(script).chats().chat("c1").get().expect_err("there is none");
    assert_eq!((error.kind(), error.status(), error.outcome_unknown()), (ErrorKind::NotFound, Some(200), false));
}

#[test]
fn best_effort_request_of_a_bot_logs_in() {
    let script = script(Plain { has_login: true, ..Plain::default() })
        .then(expect_login(), token(FIRST))
        .then(Expect::delete("/subscriptions"), Respond::status(204));
    Client::new(script.clone()).chats().unsubscribe_events().expect("it is the first request");
    script.assert_done();
}

#[test]
fn limit_pauses_all_operations_although_its_request_is_not_repeated() {
    for refusal in [
        json!({ "kind": "limit" }),
        json!({ "kind": "server" }),
        json!({ "kind": "limit", "transient": true, "uncertain": true }),
    ] {
        let limited = Respond::json(429, refusal.clone()).retry_after(20);
        let script = script(Plain::default())
            .then(Expect::post("/chats/c1/messages"), limited)
            .then(Expect::get("/me"), Respond::status(204));
        let client = Client::new(script.clone());
        client.chats().chat("c1").post("hello").expect_err("it is not repeated");
        client.contacts().me().expect("it waits");
        let times: Vec<_> = script.requests().iter().map(|request| request.at).collect();
        assert!(times[1].saturating_duration_since(times[0]) >= Duration::from_secs(20), "{refusal}");
    }
    // With another status, only a transient one is a limit.
    let script = script(Plain::default())
        .then(Expect::post("/chats/c1/messages"), Respond::json(403, json!({ "kind": "limit" })).retry_after(20))
        .then(Expect::get("/me"), Respond::status(204));
    let client = Client::new(script.clone());
    client.chats().chat("c1").post("hello").expect_err("it is refused");
    client.contacts().me().expect("it is sent");
    let times: Vec<_> = script.requests().iter().map(|request| request.at).collect();
    assert_eq!(times[1], times[0]);
}
