//! The token is shown by nothing.

use std::{
    error::Error as _,
    fmt::Debug,
    panic::{self, AssertUnwindSafe},
};

use serde_json::json;
use teamwire_core::{
    Checkpoint, Client, Error, Message, User,
    config::RetryPolicy,
    error::Cause,
    executor::Executor,
    protocol::Token,
    script::{Expect, Respond, Script},
};
use teamwire_tests::{
    TokenProtocol,
    spellings::{is_not_in, spellings},
};

use crate::{
    plain,
    support::{
        FIRST, SECOND, at, by_hand, config, ends, expect_login, expect_post, expired, post, posted, script, send,
        sends, token, token_reply,
    },
};

#[track_caller]
fn is_hidden(token: &str, shown: &impl Debug) {
    is_not_in(token, &format!("{shown:?}"));
    is_not_in(token, &format!("{shown:#?}"));
}

/// Checks an error and its causes for the token.
#[track_caller]
fn is_not_in_error(token: &str, error: &Error) {
    is_hidden(token, error);
    is_not_in(token, &error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        is_not_in(token, &format!("{cause} {cause:?}"));
        source = cause.source();
    }
}

#[test]
fn token_is_not_shown_by_debug() {
    let client = by_hand(config(TokenProtocol::default()));
    let chat = client.chats().chat("c1");
    let mut post = chat.post("hello");
    let (login, exchange) = send(&mut post, at(0));
    is_hidden("s3cr3t-of-the-bot", &exchange);
    let reply = token_reply(FIRST);
    is_hidden(FIRST, &reply);
    post.handle(at(0), login, reply);
    let (_, exchange) = send(&mut post, at(0));
    is_hidden(FIRST, &exchange);
    is_hidden(FIRST, &client);
    is_hidden(FIRST, &chat);
    is_hidden(FIRST, client.executor().session());
    is_hidden(FIRST, &Token::new(FIRST));
}

#[test]
fn echoed_token_is_removed_in_all_spellings() {
    for echo in spellings(FIRST) {
        let quoted = serde_json::Value::from(echo.as_str()).to_string();
        let problem =
            |status: u16| format!(r#"{{"status": {status}, "code": "auth", "title": "no", "detail": {quoted}}}"#);
        let responses = [
            Respond::status(403).body("application/problem+json", problem(403)),
            Respond::status(502).body("text/html", format!("<p>{echo}</p>")),
            Respond::status(404).body("text/plain", echo.clone()),
            Respond::status(201).body("application/json", quoted.clone()),
            Respond::status(201).body("application/json", format!(r#"{{"mid": [{quoted}]}}"#)),
        ];
        for respond in responses {
            let never = config(TokenProtocol::default()).with_retry(RetryPolicy::NEVER);
            let script =
                Script::with_config(never).then(expect_login(), token(FIRST)).then(expect_post(FIRST), respond);
            let error = post(&script).expect_err("it is refused");
            is_not_in_error(&echo, &error);
            script.assert_done();
        }
    }
}

#[test]
fn part_of_an_echoed_token_is_removed() {
    for part in [&FIRST[..9], &FIRST[FIRST.len() - 9..], &FIRST[5..17]] {
        let page = Respond::status(404).body("text/html", format!("<p>Bearer {part}"));
        let script = script().then(expect_login(), token(FIRST)).then(expect_post(FIRST), page);
        is_not_in_error(part, &post(&script).expect_err("it is refused"));
    }
}

#[test]
fn refused_token_is_removed_from_the_refusal() {
    let body = |token: &str| format!(r#"{{"code": "{}", "title": "{token} has expired"}}"#, TokenProtocol::EXPIRED);
    let refuse = |token: &str| Respond::status(401).body("application/problem+json", body(token));
    let script = script()
        .then(expect_login(), token(FIRST))
        .then(expect_post(FIRST), refuse(FIRST))
        .then(expect_login(), token(SECOND))
        .then(expect_post(SECOND), refuse(SECOND));
    is_not_in_error(SECOND, &post(&script).expect_err("the server accepts no token"));
    script.assert_done();
}

#[test]
fn errors_of_a_login_show_nothing_of_its_response() {
    let quoted = format!("{FIRST:?}");
    let bodies = [
        quoted.clone(),
        format!("[{quoted}]"),
        format!(r#"{{"token": [{quoted}]}}"#),
        format!(r#"{{"token": {{ "value": {quoted} }}}}"#),
        format!(r#"{{"session": {quoted}}}"#),
        format!(r#"{{"token": "{FIRST} "}}"#),
        format!(r#"{{"token": {quoted}"#),
        format!("<html>{FIRST}</html>"),
    ];
    for body in bodies {
        let script = script().then(expect_login(), Respond::status(200).body("application/json", body));
        let error = post(&script).expect_err("it has no token");
        is_not_in_error(FIRST, &error);
        let Cause::Login { cause, .. } = error.cause() else { panic!("{error:?}") };
        assert!(cause.to_string().len() > "unexpected response with status 200: ".len(), "{cause}");
        script.assert_done();
    }
}

#[test]
fn redirect_of_the_login_shows_no_session() {
    let redirect = Respond::status(302)
        .header("location", format!("https://example.org/?session={FIRST}"))
        .body("text/html", format!("<a href=/?session={FIRST}>"));
    let script = script().then(expect_login(), redirect);
    let error = post(&script).expect_err("it has no token");
    is_not_in_error(FIRST, &error);
    assert_eq!(error.status(), Some(302));
    script.assert_done();
}

#[test]
fn credentials_are_removed_from_errors_of_the_login() {
    for echo in spellings("s3cr3t-of-the-bot") {
        let script = script().then(expect_login(), Respond::status(403).body("text/html", format!("<p>{echo}</p>")));
        is_not_in_error(&echo, &post(&script).expect_err("it is refused"));
    }
}

/// The message of the panic of a script that does not expect this.
fn mismatch(script: &Script) -> String {
    let panic = panic::catch_unwind(AssertUnwindSafe(|| post(script))).expect_err("the script expects something else");
    panic.downcast_ref::<String>().expect("it has a message").clone()
}

#[test]
fn mismatch_of_a_script_shows_no_secrets() {
    let other_login = script().then(expect_login().json(serde_json::json!({ "secret": "another one" })), token(FIRST));
    let other_post = || script().then(expect_login(), token(FIRST)).then(expect_post(SECOND), posted());
    for script in [script(), other_login, other_post()] {
        let message = mismatch(&script);
        assert!(message.contains("[redacted]"), "{message}");
        for secret in [FIRST, "s3cr3t-of-the-bot"] {
            is_not_in(secret, &message);
        }
    }
    let rest = other_post();
    let left = panic::catch_unwind(AssertUnwindSafe(|| rest.assert_done())).expect_err("nothing was sent");
    let message = left.downcast_ref::<String>().expect("it has a message");
    assert!(message.contains("POST /session"), "{message}");
}

#[test]
fn token_is_kept_in_memory_only() {
    let script = script().then(expect_login(), token(FIRST)).then(expect_post(FIRST), posted());
    let client = Client::new(script.clone());
    client.chats().chat("c1").post("hello").expect("it is posted");
    let shares = serde_json::to_string(&client.chats().export_location_shares()).expect("it is serialisable");
    is_not_in(FIRST, &shares);
    // Another client has its own token.
    let other = by_hand(config(TokenProtocol::default()));
    let chat = other.chats().chat("c1");
    let mut post = chat.post("hello");
    sends(&mut post, at(0), TokenProtocol::LOGIN);
}

#[test]
fn expired_token_is_still_removed() {
    let echo = |status: u16| {
        let body = format!(r#"{{"status": {status}, "code": "auth", "title": "the session {FIRST} is still open"}}"#);
        Respond::status(status).body("application/problem+json", body)
    };
    let renewed = || script().then(expect_login(), token(FIRST)).then(expect_post(FIRST), expired());
    let later = renewed().then(expect_login(), token(SECOND)).then(expect_post(SECOND), echo(403));
    // Also from the refusal of the next login.
    let login = renewed().then(expect_login(), echo(403));
    for script in [later, login] {
        is_not_in_error(FIRST, &post(&script).expect_err("it is refused"));
        script.assert_done();
    }
}

#[test]
fn token_in_an_id_or_a_cursor_is_not_shown() {
    let script = plain::script(plain::WITH_LOGIN)
        .then(plain::expect_login(), token(FIRST))
        .then(Expect::get("/poll"), Respond::json(200, json!({ "cursor": format!("s:{FIRST}:7") })))
        .then(
            Expect::get("/poll"),
            Respond::json(200, json!({ "cursor": format!("s:{FIRST}:8"), "items": [{ "id": "m1", "chat": "c1" }] })),
        )
        .then(Expect::get(format!("/chats/{FIRST}")), Respond::json(403, json!({ "kind": "auth" })));
    let client = Client::new(script.clone());
    for event in client.chats().new_messages(None).take(2) {
        let event = event.expect("the feed continues");
        is_hidden(FIRST, &event);
        let checkpoint = event.checkpoint().expect("it has one");
        let saved = serde_json::to_string(checkpoint).expect("it is serialisable");
        assert!(saved.contains(FIRST), "the cursor itself is unchanged");
        // Its redaction is not saved.
        let loaded: Checkpoint = serde_json::from_str(&saved).expect("it is a checkpoint");
        is_hidden(FIRST, &loaded);
    }
    is_not_in_error(FIRST, &client.chats().chat(FIRST).get().expect_err("it is refused"));
    script.assert_done();
}

#[test]
fn error_about_another_chat_names_no_ids() {
    let client = by_hand(config(TokenProtocol::default()));
    let message =
        Message::new("m1", "another-secret-id", User::new("u1", "Anna", "Maier"), chrono::DateTime::UNIX_EPOCH);
    let chat = client.chats().chat("s3cr3t-of-the-bot");
    let mut reactions = chat.reactions(&message);
    let error = ends(&mut reactions, at(0)).expect_err("it is in another chat");
    for id in ["s3cr3t-of-the-bot", "another-secret-id"] {
        is_not_in_error(id, &error);
    }
}
