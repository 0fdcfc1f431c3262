//! Requests that are sent once, because the server does not recognise repetitions.

use std::time::Duration;

use serde_json::json;
use teamwire_core::{
    ErrorKind,
    config::RetryPolicy,
    effect::{TransportError, TransportErrorKind},
    machine::Reply,
    script::{Expect, Respond, Script},
};
use teamwire_tests::TokenProtocol;

use crate::{
    plain::{self, Plain},
    support::{POST, at, by_hand, config, ends, post, posted, posted_reply, problem, send, waits},
};

const ONCE: TokenProtocol =
    TokenProtocol { posts_once: true, returns_nothing: false, without_login: true, encloses_files: false };

fn lost() -> TransportError {
    TransportError::new(TransportErrorKind::Disconnected, "lost").with_sent(true)
}

#[test]
fn request_is_not_repeated_once_a_byte_has_left() {
    let head = http::Response::builder().status(200).body(()).expect("it is a head");
    let failures = [
        Respond::connection_lost(),
        Respond::timeout(),
        Respond::error(lost().with_reused(true)),
        Respond::error(lost().with_received(7).with_head(head)),
        Respond::error(TransportError::new(TransportErrorKind::TooLarge, "large").with_sent(true)),
        Respond::error(TransportError::new(TransportErrorKind::Protocol, "not HTTP").with_sent(true)),
        Respond::problem(503, "server"),
        Respond::status(502),
        Respond::status(504).retry_after(1),
        Respond::status(201).body("text/html", "<html>"),
        Respond::status(302),
        // A proxy may have forwarded the complete request, and so may a gateway of the server.
        Respond::status(408),
        Respond::problem(408, "upstream_timeout"),
    ];
    for failure in failures {
        let case = format!("{failure:?}");
        let script = Script::with_config(config(ONCE)).then(Expect::post(POST), failure);
        let error = post(&script).expect_err("it fails");
        assert!(error.outcome_unknown(), "{case}: {error:?}");
        script.assert_done();
        assert_eq!(script.requests()[0].header("idempotency-key"), None);
    }
}

#[test]
fn uncertainty_is_not_forgotten() {
    for (failure, kind) in
        [(Respond::connection_lost(), ErrorKind::Connection), (Respond::status(502), ErrorKind::Server)]
    {
        let script = Script::with_config(config(ONCE))
            .then(Expect::post(POST), Respond::unreachable())
            .then(Expect::post(POST), Respond::problem(429, "rate_limited"))
            .then(Expect::post(POST), failure);
        let error = post(&script).expect_err("the last attempt is uncertain");
        assert_eq!((error.kind(), error.outcome_unknown()), (kind, true));
        script.assert_done();
    }
}

#[test]
fn request_is_repeated_if_nothing_was_done() {
    let not_sent = |kind| Respond::error(TransportError::new(kind, "nothing was sent"));
    let failures = [
        Respond::unreachable(),
        not_sent(TransportErrorKind::Resolve),
        not_sent(TransportErrorKind::Timeout),
        not_sent(TransportErrorKind::Disconnected),
        Respond::problem(429, "rate_limited"),
        Respond::status(429).retry_after(1),
    ];
    for failure in failures {
        let case = format!("{failure:?}");
        let script = Script::with_config(config(ONCE))
            .then(Expect::post(POST), failure.clone())
            .then(Expect::post(POST), failure.clone())
            .then(Expect::post(POST), failure.clone())
            .then(Expect::post(POST), posted());
        post(&script).unwrap_or_else(|error| panic!("{case}: {error}"));
        script.assert_done();

        let four = (0..4)
            .fold(Script::with_config(config(ONCE)), |script, _| script.then(Expect::post(POST), failure.clone()));
        let error = post(&four).expect_err("there are four attempts");
        assert!(!error.outcome_unknown(), "{case}: {error:?}");
        four.assert_done();
    }
}

#[test]
fn time_to_wait_may_be_in_the_body() {
    let limit = |seconds: u64| Respond::json(400, json!({ "kind": "limit", "transient": true, "seconds": seconds }));
    // That of the header is for those whose protocol does not say otherwise.
    let script = plain::script(Plain::default())
        .then(Expect::post("/chats/c1/messages"), limit(40).retry_after(2))
        .then(Expect::post("/chats/c1/messages"), plain::posted())
        .then(Expect::post("/chats/c1/messages"), limit(u64::MAX));
    post(&script).expect("it is posted");
    let times: Vec<_> = script.requests().iter().map(|request| request.at).collect();
    let waited = times[1].saturating_duration_since(times[0]);
    assert!((Duration::from_secs(40)..Duration::from_secs(42)).contains(&waited), "{waited:?}");
    let error = post(&script).expect_err("it is too long to wait for");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(u64::MAX)));
    script.assert_done();
}

#[test]
fn policy_without_retries_is_respected() {
    for (failure, is_unknown) in [(Respond::unreachable(), false), (Respond::connection_lost(), true)] {
        let script = Script::with_config(config(ONCE).with_retry(RetryPolicy::NEVER)).then(Expect::post(POST), failure);
        assert_eq!(post(&script).expect_err("there is one attempt").outcome_unknown(), is_unknown);
        script.assert_done();
    }
}

#[test]
fn each_attempt_has_a_new_connection() {
    for posts_once in [true, false] {
        let client = by_hand(config(TokenProtocol { posts_once, ..ONCE }));
        let chat = client.chats().chat("c1");
        let mut post = chat.post("hello");
        let (ticket, exchange) = send(&mut post, at(0));
        assert_eq!(exchange.requires_new_connection, posts_once);
        post.handle(at(0), ticket, Reply::Error(TransportError::new(TransportErrorKind::Connect, "refused")));
        waits(&mut post, at(0));
        let (ticket, exchange) = send(&mut post, at(1_000));
        assert_eq!(exchange.requires_new_connection, posts_once);
        post.handle(at(1_000), ticket, posted_reply());
        ends(&mut post, at(1_000)).expect("it is posted");
    }
}

#[test]
fn rule_for_stale_connections_does_not_apply() {
    for posts_once in [true, false] {
        let client = by_hand(config(TokenProtocol { posts_once, ..ONCE }));
        let chat = client.chats().chat("c1");
        let mut post = chat.post("hello");
        let (ticket, _) = send(&mut post, at(0));
        post.handle(at(0), ticket, Reply::Error(lost().with_reused(true)));
        if posts_once {
            assert!(ends(&mut post, at(0)).expect_err("it may have been posted").outcome_unknown());
        } else {
            send(&mut post, at(0));
        }
    }
}

#[test]
fn permanent_refusal_is_certain() {
    let client = by_hand(config(ONCE));
    let chat = client.chats().chat("c1");
    let mut post = chat.post("hello");
    let (ticket, _) = send(&mut post, at(0));
    post.handle(at(0), ticket, problem(403, "auth"));
    let error = ends(&mut post, at(0)).expect_err("it is refused");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Auth, false));
}
