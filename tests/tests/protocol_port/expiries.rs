//! Logins that expire several times, or by a response whose body is cut off.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use teamwire_core::{
    Client, ErrorKind, FeedEvent, Script,
    config::RetryPolicy,
    effect::{TransportError, TransportErrorKind},
    script::{Expect, Respond},
};
use teamwire_test_support::{Server, config};
use teamwire_tests::{executor_test, harness::Harness};

use crate::{
    plain::{WITH_LOGIN, expect_login, expect_post, expired, post, posted, script, token},
    support::{FIRST, SECOND},
};

#[test]
fn login_that_expires_again_in_a_long_outage_is_renewed_again() {
    let outage = || Respond::json(503, json!({ "kind": "busy", "transient": true })).retry_after(900).times(2);
    let script = script(WITH_LOGIN)
        .then(expect_login(), token(FIRST))
        .then(expect_post(FIRST), expired())
        .then(expect_login(), token(SECOND))
        .then(expect_post(SECOND), outage())
        .then(expect_post(SECOND), expired())
        .then(expect_login(), token(FIRST))
        .then(expect_post(FIRST), posted());
    let patient = Client::new(script.clone()).with_retry(RetryPolicy::within(Duration::from_secs(7_200)));
    patient.chats().chat("c1").post("hello").expect("it is posted");
    script.assert_done();
}

#[test]
fn new_token_that_is_refused_at_once_ends_the_operation() {
    let script = script(WITH_LOGIN)
        .then(expect_login(), token(FIRST))
        .then(expect_post(FIRST), expired())
        .then(expect_login(), token(SECOND))
        // The server has not said anything about the token.
        .then(expect_post(SECOND), Respond::unreachable())
        .then(expect_post(SECOND), expired());
    assert_eq!(post(&script).expect_err("the server accepts no token").kind(), ErrorKind::Auth);
    script.assert_done();
}

#[test]
fn expiry_by_a_redirect_is_recognised_without_its_body() {
    for kind in [TransportErrorKind::Disconnected, TransportErrorKind::Timeout, TransportErrorKind::TooLarge] {
        let head = http::Response::builder().status(302).header("location", "/login").body(()).expect("it is a head");
        let cut = TransportError::new(kind, "cut").with_sent(true).with_head(head);
        let script = script(WITH_LOGIN)
            .then(expect_login(), token(FIRST))
            .then(expect_post(FIRST), Respond::error(cut))
            .then(expect_login(), token(SECOND))
            .then(expect_post(SECOND), posted());
        post(&script).unwrap_or_else(|error| panic!("{kind:?}: {error:?}"));
        script.assert_done();
    }
    // Any other redirect says nothing about the request.
    let head = http::Response::builder().status(302).header("location", "/elsewhere").body(()).expect("it is a head");
    let cut = TransportError::new(TransportErrorKind::Disconnected, "cut").with_sent(true).with_head(head);
    let script = script(WITH_LOGIN).then(expect_login(), token(FIRST)).then(expect_post(FIRST), Respond::error(cut));
    assert!(post(&script).expect_err("it is lost").outcome_unknown());
    script.assert_done();
}

#[executor_test(transports)]
fn expiry_by_a_redirect_that_is_cut_renews_the_login<H: Harness>() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let server = {
        let lines = Arc::clone(&lines);
        Server::each(move |_, mut peer| {
            while let Some(request) = peer.try_request() {
                let line = request.line().to_owned();
                let is_login = line.starts_with("POST /login");
                let logins = {
                    let mut lines = lines.lock().expect("no other connection panicked");
                    lines.push(line);
                    lines.iter().filter(|line| line.starts_with("POST /login")).count()
                };
                if is_login {
                    peer.respond(200, &json!({ "token": if logins == 1 { FIRST } else { SECOND } }).to_string());
                } else if request.header("cookie") == Some(format!("session={SECOND}").as_str()) {
                    peer.respond(201, &json!({ "id": "m1", "chat": "c1" }).to_string());
                } else {
                    peer.send("HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 5\r\n\r\nhe");
                    return;
                }
            }
        })
    };
    let client = H::connect(config(&server.url()).with_protocol(WITH_LOGIN));
    H::wait(client.chats().chat("c1").post("hello")).unwrap_or_else(|error| panic!("{error:?}"));
    drop(client);
    assert_eq!(lines.lock().expect("no connection panicked").len(), 4);
}

#[test]
fn feed_counts_a_request_before_a_new_login_as_no_failure() {
    let forbidden = || Respond::json(403, json!({ "kind": "auth" }));
    let script = script(WITH_LOGIN)
        .then(expect_login(), token(FIRST))
        .then(Expect::get("/poll"), expired())
        .then(expect_login(), token(SECOND))
        .then(Expect::get("/poll"), forbidden());
    let error = only_error(&script);
    assert_eq!(error.during().map(|during| during.attempts), Some(1), "{error}");
    assert!(!error.to_string().contains("attempts"), "{error}");
}

fn only_error(script: &Script) -> teamwire_core::Error {
    let mut feed = Client::new(script.clone()).chats().new_messages(None);
    feed.next().expect("it ends").expect_err("it is refused")
}

#[test]
fn event_that_the_position_has_not_passed_is_delivered_once() {
    let item = |mid: &str, cursor: Option<&str>| json!({ "id": mid, "chat": "c1", "cursor": cursor });
    let poll = |after: &str| Expect::get("/poll").query("after", after);
    let script = script(crate::plain::Plain::default())
        .then(poll(""), Respond::json(200, json!({ "cursor": "e0" })))
        .then(
            poll("e0"),
            Respond::json(200, json!({ "items": [item("m1", Some("e1")), item("m2", None), item("m3", None)] })),
        )
        .then(poll("e1"), Respond::json(200, json!({ "items": [item("m2", None)], "cursor": "e2" })))
        .then(poll("e2"), Respond::json(200, json!({ "items": [item("m3", None), item("m4", None)], "cursor": "e3" })))
        // It has been passed, so this is another event.
        .then(poll("e3"), Respond::json(200, json!({ "items": [item("m3", None)], "cursor": "e4" })));
    let events = Client::new(script.clone()).chats().new_messages(None);
    let mids: Vec<_> = events
        .filter_map(|event| match event.expect("the feed continues") {
            FeedEvent::Update { item, .. } => Some(item.mid.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(mids, ["m1", "m2", "m3", "m4", "m3"]);
    script.assert_done();
}
