//! Scripts, with which users test their bots, name the request that differs.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use chrono::{DateTime, Utc};
use http::Method;
use serde_json::json;
use teamwire_core::{
    Client, Config, Credentials, Draft, Error, ErrorKind, Script,
    config::RetryPolicy,
    effect::{Moment, TransportError, TransportErrorKind},
    error::Cause,
    executor::Executor,
    script::{Expect, Respond, sample},
};

/// The text of a panic.
#[track_caller]
pub(super) fn panic_of<T>(run: impl FnOnce() -> T) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(run)) else { panic!("there was no panic") };
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).expect("a panic says something")
}

pub(super) fn never() -> Script {
    let credentials = Credentials::new("app", "secret").expect("they are fine");
    let config = Config::new("https://teamwire.example.org", credentials).expect("it is a URL");
    Script::with_config(config.with_retry(RetryPolicy::NEVER))
}

fn post(script: &Script, draft: impl Into<Draft>) -> Result<teamwire_core::Message, Error> {
    Client::new(script.clone()).chats().chat("c1").post(draft)
}

fn to_c1() -> Expect {
    Expect::post("/v1/chats/c1/messages")
}

fn posted() -> Respond {
    Respond::json(201, sample::message("m1", "c1", "hello"))
}

#[test]
fn unexpected_request_is_shown_beside_the_expected_one() {
    for (expect, expected, differs) in [
        (Expect::get("/v1/me"), "GET /v1/me", r#"in the method: expected "GET", got "POST""#),
        (Expect::post("/v1/chats/c2/messages"), "POST /v1/chats/c2/messages", "in the path"),
        (
            to_c1().query("limit", "1"),
            "POST /v1/chats/c1/messages?limit=1",
            "in the parameter `limit`: expected \"1\", got none",
        ),
        (to_c1().header("x-trace", "7"), "[x-trace: 7]", "in the header `x-trace`: expected \"7\", got none"),
        (to_c1().header("accept", "text/plain"), "[accept: text/plain]", r#"got "application/json""#),
        (to_c1().json(json!({ "msg": "bye" })), r#"{"msg":"bye"}"#, r#"in msg: expected "bye", got "hello""#),
        (
            to_c1().json(json!({ "alert_type": "note" })),
            r#"{"alert_type":"note"}"#,
            "in alert_type: expected \"note\", got none",
        ),
        (to_c1().json(json!([])), "[]", "in the JSON: expected [], got"),
        (to_c1().json(json!({ "msg": { "a": 1 } })), "a", "in msg"),
    ] {
        let script = never().then(expect, posted());
        let line = line!() - 1;
        let panic = panic_of(|| post(&script, "hello"));
        assert!(panic.starts_with("unexpected request\n"), "{panic}");
        assert!(panic.contains(&format!("{}:{line}:", file!())), "it names the line of the script: {panic}");
        assert!(panic.contains("step 1 of 1") && panic.contains(expected) && panic.contains(differs), "{panic}");
        assert!(panic.contains(r#"got       POST /v1/chats/c1/messages {"msg":"hello"}"#), "{panic}");
    }
}

#[test]
fn invalid_json_body_matches_no_expectation() {
    let script = never().then(Expect::get("/v1/me").json(json!({})), Respond::status(500));
    let panic = panic_of(|| Client::new(script).contacts().me());
    assert!(panic.contains("in the body: not JSON"), "{panic}");
}

#[test]
fn request_after_the_last_step_is_shown() {
    let line = line!() + 1;
    let script = never().then(to_c1(), posted());
    post(&script, "hello").expect("it is expected");
    let panic = panic_of(|| post(&script, "again"));
    assert!(panic.contains("unexpected request after step 1 of 1"), "{panic}");
    assert!(panic.contains(&format!("after     {}:{line}:", file!())), "{panic}");
    assert!(panic.contains(r#"{"msg":"again"}"#), "{panic}");
    assert_eq!(script.requests().len(), 2, "the requests are recorded");
}

#[test]
fn expectation_may_name_a_part_of_the_request() {
    let loose = to_c1().json(json!({
        "attachments": [{ "kind": "poll", "question": "Who?", "options": ["a", "b"], "multiple_choice": false }]
    }));
    let poll = teamwire_core::model::Poll::new("Who?", ["a", "b"]).expect("two options");
    post(&never().then(loose, posted()), Draft::text("hello").attach(poll)).expect("there is a text too");
    let accepts = Expect::new(Method::POST, "/v1/chats/c1/messages").header("Accept", "application/json");
    post(&never().then(accepts, posted()), "hello").expect("headers have no case");
}

#[test]
fn steps_that_have_not_come_are_named_in_the_end() {
    let script = never().then(to_c1(), posted()).then(Expect::get("/v1/me"), Respond::status(500));
    let line = line!() - 1;
    let panic = panic_of(|| script.assert_done());
    assert!(panic.contains("POST /v1/chats/c1/messages") && panic.contains("GET /v1/me"), "{panic}");
    assert!(panic.contains(&format!("{}:{line}:", file!())), "{panic}");
    post(&script, "hello").expect("it is expected");
    let panic = panic_of(|| script.assert_done());
    assert!(!panic.contains("POST") && panic.contains("GET /v1/me"), "{panic}");
    Client::new(script.clone()).contacts().me().expect_err("it is a 500");
    script.assert_done();
}

#[test]
fn permanent_response_takes_no_step_of_the_script() {
    let script = never().always(Expect::get("/v1/me"), Respond::json(200, sample::bot())).then(to_c1(), posted());
    let client = Client::new(script.clone());
    client.contacts().me().expect("always");
    post(&script, "hello").expect("it is the next step");
    client.contacts().me().expect("always");
    script.assert_done();
    assert_eq!(script.requests().len(), 3);
}

#[test]
fn time_passes_as_scripted() {
    let slow = posted().delay(Duration::from_secs(4));
    let script = never().then(to_c1(), slow).then(to_c1(), posted());
    post(&script, "hello").expect("4 s are less than 10");
    script.advance(Duration::from_secs(60));
    post(&script, "hello").expect("it is expected");
    assert_eq!(script.requests()[1].at, Moment::from_epoch(Duration::from_secs(64)));
}

#[test]
fn response_that_takes_too_long_is_a_timeout() {
    for response in [posted().delay(Duration::from_millis(10_001)), Respond::timeout(), posted().delay(Duration::MAX)] {
        let script = never().then(to_c1(), response);
        let error = post(&script, "hello").expect_err("the time ran out");
        let Cause::Transport(fault) = error.cause() else { panic!("{error:?}") };
        assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Timeout, true));
        assert_eq!(script.now().moment, Moment::from_epoch(Duration::from_secs(10)));
    }
    post(&never().then(to_c1(), posted().delay(Duration::from_secs(10))), "hello").expect("just in time");
}

#[test]
fn utc_starts_as_scripted_and_follows_the_clock() {
    let script = never();
    assert_eq!(script.now().utc.to_rfc3339(), "2026-01-01T00:00:00+00:00");
    let utc: DateTime<Utc> = "2024-02-29T23:59:59Z".parse().expect("a date");
    let script = script.starting_at(utc);
    script.advance(Duration::from_secs(1));
    assert_eq!(script.now().utc.to_rfc3339(), "2024-03-01T00:00:00+00:00");
    assert_eq!(script.now().moment, Moment::from_epoch(Duration::from_secs(1)));
}

#[test]
fn clock_moved_beyond_its_range_is_not_a_failure() {
    let script = never().always(to_c1(), posted());
    script.advance(Duration::MAX);
    script.advance(Duration::MAX);
    post(&script, "hello").expect("it has a response");
    let messages = Expect::get("/v1/chats/c1/messages");
    let script = script.then(messages, Respond::json(200, sample::messages([])));
    Client::new(script).chats().chat("c1").messages(None).expect("it has a response");
}

#[test]
fn each_scripted_failure_is_of_its_kind() {
    for (response, kind, sent) in [
        (Respond::unreachable(), TransportErrorKind::Connect, false),
        (Respond::connection_lost(), TransportErrorKind::Disconnected, true),
        (Respond::timeout(), TransportErrorKind::Timeout, true),
        (Respond::error(TransportError::new(TransportErrorKind::Tls, "expired")), TransportErrorKind::Tls, false),
    ] {
        let error = post(&never().then(to_c1(), response), "hello").expect_err("it fails");
        let Cause::Transport(fault) = error.cause() else { panic!("{kind:?}") };
        assert_eq!((fault.kind, fault.sent, fault.reused, fault.received), (kind, sent, false, 0));
    }
    let refused = post(&never().then(to_c1(), Respond::problem(409, "conflict")), "hello").expect_err("a refusal");
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Conflict, Some("conflict")));
}

#[test]
fn invalid_response_of_a_script_panics_at_once() {
    assert!(panic_of(|| Respond::status(99)).contains("99"));
    assert!(panic_of(|| Respond::json(1000, json!({}))).contains("1000"));
    assert!(panic_of(|| Respond::status(200).header("bad name", "x")).contains("bad name"));
    assert!(panic_of(|| Respond::status(200).header("x", "a\nb")).contains("header"));
    assert!(panic_of(|| sample::json("{")).contains("malformed JSON"));
}

#[test]
fn request_can_be_looked_at() {
    let script = never().then(Expect::get("/v1/chats").query("title", "a b&c"), Respond::json(200, sample::page([])));
    Client::new(script.clone()).chats().by_title("a b&c").expect("it is expected");
    let request = &script.requests()[0];
    assert_eq!(
        (request.path(), request.query("title").as_deref(), request.query("cursor")),
        ("/v1/chats", Some("a b&c"), None)
    );
    assert_eq!((request.header("ACCEPT"), request.header("content-type")), (Some("application/json"), None));
    assert_eq!((request.json(), request.to_string().as_str()), (None, "GET /v1/chats?title=a+b%26c&limit=100"));
}

#[test]
fn script_survives_a_panic_of_the_bot() {
    let script = never().always(Expect::get("/v1/me"), Respond::json(200, sample::bot()));
    panic_of(|| post(&script, "hello"));
    Client::new(script).contacts().me().expect("it is as it was");
}
