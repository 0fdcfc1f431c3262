//! Servers that echo the credentials in every spelling, whole and cut: none is shown. Decisions do not depend on the
//! credentials.

use std::{error::Error as _, fmt::Debug, fmt::Write as _};

use serde_json::{Value, json};
use teamwire_core::{
    AlertType, Client, Config, Credentials, Error, FeedOptions,
    config::RetryPolicy,
    effect::{TransportError, TransportErrorKind},
    machine::Reply,
    model::Attachment,
    script::{Expect, Respond, Script, sample},
};
use teamwire_tests::{
    operations::{Operation, TID},
    spellings::{self, is_not_in},
};

const APP_ID: &str = "bot?7~f3&ward<seven>north";
const SECRET: &str = "s3cr3t\"of?<the>\\bot/=1";
/// User and password of a proxy.
const PROXY: (&str, &str) = ("proxy&user<north", "pr0xy\"word<of>?bot");

fn config(app_id: &str, secret: &str) -> Config {
    let credentials = Credentials::new(app_id, secret).expect("they are fine");
    let config = Config::new("https://teamwire.example.org", credentials).expect("it is a URL");
    let mut proxy = url::Url::parse("http://proxy.example.org:3128").expect("it is a URL");
    proxy.set_username(PROXY.0).and_then(|()| proxy.set_password(Some(PROXY.1))).expect("it has a host");
    config.with_proxy(proxy.as_str()).expect("it is a proxy").with_retry(RetryPolicy::NEVER)
}

/// Texts that a server may repeat.
fn echoes() -> Vec<String> {
    spellings::echoes(&[(APP_ID, SECRET), PROXY])
}

/// The texts that are valid in a header.
fn header_echoes() -> impl Iterator<Item = String> {
    echoes().into_iter().filter(|echo| echo.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// Asserts that no text of the error contains the echo or half of it.
#[track_caller]
fn is_hidden(echo: &str, error: &Error) {
    let mut texts = format!("{error} {error:?} {error:#?} {:?} {:?}", error.code(), error.request_id());
    let mut source = error.source();
    while let Some(cause) = source {
        write!(texts, " {cause} {cause:?}").expect("it is a string");
        source = cause.source();
    }
    is_not_in(echo, &texts);
}

#[track_caller]
fn hides(echo: &str, it: &impl Debug) {
    is_not_in(echo, &format!("{it:?} {it:#?}"));
}

#[test]
fn bodies_show_no_credential_in_any_spelling() {
    let config = config(APP_ID, SECRET);
    for echo in echoes() {
        let bodies =
            [format!("<p>{echo}</p>"), format!("{}{echo}", "-".repeat(280)), json!({ &echo: [1] }).to_string()];
        for body in bodies {
            for status in [200, 404, 502] {
                let response = Respond::status(status).body("text/html", body.as_str());
                is_hidden(
                    &echo,
                    &Operation::Me.play(config.clone(), [response]).outcome.expect_err("it is not a user"),
                );
            }
        }
    }
}

#[test]
fn problems_show_no_credential_in_any_spelling() {
    let config = config(APP_ID, SECRET);
    for echo in echoes() {
        for member in ["code", "title", "detail", "request_id", "invalid_members"] {
            for text in [echo.clone(), format!("{} {echo}", "-".repeat(990)), format!("({echo})")] {
                let mut problem = json!({ "code": "auth" });
                problem[member] = if member == "invalid_members" { json!([text]) } else { json!(text) };
                let response = Respond::status(403).body("application/problem+json", problem.to_string());
                is_hidden(
                    &echo,
                    &Operation::Close.play(config.clone(), [response]).outcome.expect_err("it is refused"),
                );
            }
        }
    }
}

#[test]
fn headers_show_no_credential_in_any_spelling() {
    let config = config(APP_ID, SECRET);
    for echo in header_echoes() {
        for (status, name) in
            [(302, "location"), (502, "x-request-id"), (200, "x-request-id"), (200, "content-encoding")]
        {
            let response = Respond::status(status).header(name, echo.as_str()).body("", "{]");
            is_hidden(&echo, &Operation::Me.play(config.clone(), [response]).outcome.expect_err("it is not a user"));
        }
        let image = Respond::status(200).header("content-type", format!("text/{echo}")).body("", "x");
        if let Err(error) = Operation::LoadAvatar.play(config.clone(), [image]).outcome {
            is_hidden(&echo, &error);
        }
        let head =
            http::Response::builder().status(200).header("x-echo", echo.as_str()).header("set-cookie", "c00kie=1");
        let fault = TransportError::new(TransportErrorKind::Disconnected, format!("cut behind {echo}")).with_sent(true);
        let fault = Respond::error(fault.with_head(head.body(()).expect("it is a head")));
        let error = Operation::Me.play(config.clone(), [fault]).outcome.expect_err("it is lost");
        is_hidden(&echo, &error);
        let shown = format!("{error:#?}");
        assert!(!shown.contains("c00kie") && shown.contains("set-cookie") && shown.contains("200"), "{shown}");
    }
}

#[test]
fn the_name_of_a_header_shows_no_credential() {
    let config = config("warehouse-bot", "a-secret-of-the-bot");
    for name in ["warehouse-bot", "a-secret-of-the-bot", "x-secret-of-the-bot", "d2fyzwhvdxnllwjvddphlxnly3jldc1vzi"] {
        let head = http::Response::builder().status(200).header(name, "x").header(format!("x-{name}"), "y");
        let head = head.body(()).expect("it is a head");
        let fault =
            TransportError::new(TransportErrorKind::Disconnected, "cut").with_sent(true).with_head(head.clone());
        hides(name, &fault);
        hides(name, &Reply::Error(fault.clone()));
        hides(name, &Reply::Response(head.map(|()| name.as_bytes().to_vec())));
        is_hidden(name, &Operation::Me.play(config.clone(), [Respond::error(fault)]).outcome.expect_err("it is lost"));
    }
}

fn problem_response(status: u16, problem: &Value) -> Respond {
    Respond::status(status).body("application/problem+json", problem.to_string())
}

#[test]
fn ids_and_codes_are_kept_and_shown_without_credentials() {
    let (app_id, secret) = ("warehouse-bot", "a-secret-of-the-bot");
    let config = config(app_id, secret);
    let ids = ["warehouse-bot-2", "warehouse-bot", "my-warehouse-bot", "u1"];
    let problem = json!({ "code": "invalid_members", "invalid_members": ids });
    let played = Operation::AddMembers.play(config.clone(), [problem_response(422, &problem)]);
    let error = played.outcome.expect_err("it is refused");
    let Some(refusal) = error.api() else { panic!("it is a refusal: {error:?}") };
    assert_eq!(refusal.invalid_members, ids);
    let shown = ["warehouse-bot-2", "[redacted]", "my-warehouse-bot", "u1"];
    assert!(error.to_string().contains(&shown.join(", ")), "{error}");
    let debug = format!("{error:#?}");
    assert!(shown.iter().all(|id| debug.contains(&format!("{id:?}"))), "{debug}");

    // An id that contains the secret is redacted.
    let problem = json!({ "code": "invalid_members", "invalid_members": [secret, format!("x{secret}")] });
    let error =
        Operation::AddMembers.play(config.clone(), [problem_response(422, &problem)]).outcome.expect_err("refused");
    let Some(refusal) = error.api() else { panic!("it is a refusal: {error:?}") };
    assert_eq!(refusal.invalid_members, ["[redacted]", "x[redacted]"]);

    // A code is a single word in lower case.
    let problem = json!({ "code": "warehouse_bot_7", "detail": "no warehouse_bot_7" });
    let played = Operation::Close.play(self::config("warehouse_bot_7", secret), [problem_response(409, &problem)]);
    let error = played.outcome.expect_err("it is refused");
    assert_eq!(error.code(), Some("warehouse_bot_7"));
    hides("warehouse_bot_7", &error);
    is_not_in("warehouse_bot_7", &error.to_string());

    let item = json!({ "uid": 7, "of": app_id, "and": "warehouse-bot-2" });
    let script =
        Script::with_config(config).then(Expect::get("/v1/users"), Respond::json(200, sample::page([item.clone()])));
    let users = Client::new(script).contacts().users().expect("a bad item costs only itself");
    let undecoded = &users.undecoded()[0];
    assert_eq!(serde_json::from_str::<Value>(&undecoded.json).expect("it stays JSON"), item);
    let shown = format!("{undecoded:?}");
    assert!(shown.contains("warehouse-bot-2") && !shown.contains("\"warehouse-bot\\\""), "{shown}");
}

#[test]
fn a_checkpoint_shows_no_credential() {
    let path = format!("/v1/chats/{TID}/messages/updates");
    let response = json!({ "items": [], "cursor": SECRET });
    let script = Script::with_config(config(APP_ID, SECRET)).then(Expect::get(path), Respond::json(200, response));
    let mut events = Client::new(script).chats().chat(TID).new_messages(FeedOptions::default());
    let event = events.next().expect("it begins").expect("it is a cursor");
    hides(SECRET, &event);
    let saved = serde_json::to_string(event.checkpoint().expect("there is one")).expect("it is serialised");
    assert!(saved.contains(&spellings::in_json(SECRET)), "a cursor is saved unchanged: {saved}");
}

#[test]
fn content_is_returned_and_shown_as_received() {
    let mut message = sample::message("m1", TID, SECRET);
    message["alert_type"] = SECRET.into();
    message["attachments"] = json!([{ "kind": "hologram", "title": SECRET }]);
    let path = format!("/v1/chats/{TID}/messages");
    let script = Script::with_config(config(APP_ID, SECRET)).then(Expect::post(path), Respond::json(201, message));
    let message = Client::new(script).chats().chat(TID).post("hello").expect("it is posted");
    assert_eq!(message.text.as_deref(), Some(SECRET));
    assert_eq!(message.alert_type, Some(AlertType::Unknown(SECRET.into())));
    let [attachment @ Attachment::Unknown(json)] = &message.attachments[..] else { panic!("it is unknown") };
    assert_eq!(serde_json::from_str::<Value>(json).expect("it is JSON")["title"], SECRET);
    assert!(format!("{attachment:?}").contains("the>"), "{attachment:?}");
}

#[test]
fn items_and_events_show_no_credential_in_any_spelling() {
    let config = config(APP_ID, SECRET);
    for echo in echoes() {
        let page = sample::page([json!({ &echo: 1 }), json!(echo), json!({ "uid": 7, "x": format!("<{echo}>") })]);
        let mut odd = sample::bot();
        odd["uid"] = json!([echo]);
        for page in [page, sample::page([odd])] {
            let script = Script::with_config(config.clone()).then(Expect::get("/v1/users"), Respond::json(200, page));
            let users = Client::new(script).contacts().users().expect("a bad item costs only itself");
            assert!(!users.undecoded().is_empty());
            hides(&echo, &users.undecoded());
        }
        let path = format!("/v1/chats/{TID}/messages/updates");
        let items = json!([{ "cursor": "1", "kind": echo, "data": { &echo: 1 } }, { "cursor": 1, "x": echo }, echo]);
        let script = Script::with_config(config.clone())
            .then(Expect::get(path.as_str()), Respond::json(200, json!({ "items": [], "cursor": "0" })))
            .then(Expect::get(path.as_str()), Respond::json(200, json!({ "items": items, "cursor": "2" })));
        let events = Client::new(script).chats().chat(TID).new_messages(FeedOptions::default());
        let events: Vec<_> = events.map(|event| event.expect("the feed continues")).collect();
        assert_eq!(events.len(), 4);
        hides(&echo, &events);
    }
}

/// Responses that decisions depend on, full of texts that could be an App ID.
fn hostile(operation: Operation) -> Vec<Respond> {
    let mut responses = Vec::new();
    for code in
        ["in_progress", "in", "e", "script", "7", "auth", "not_found", "invalid_members", "cursor_expired", "server"]
    {
        for status in [400, 403, 404, 409, 422, 429, 500, 501, 503] {
            let problem = json!({
                "code": code, "detail": "in 7 e script", "request_id": "7",
                "invalid_members": ["7", "in", "e", "script"],
            });
            for media_type in ["application/problem+json", "application/json"] {
                responses.push(Respond::status(status).body(media_type, problem.to_string()).retry_after(7));
            }
        }
    }
    let (status, valid) = operation.status_and_json();
    responses.push(Respond::json(status, relabelled(&valid)));
    for body in ["in", "7", "<p>e script</p>", r#"{"items":[7,"in",{"e":"script"}]}"#, r#"{"code":"in", "7":7}"#] {
        responses.extend([200, 304, 401, 403, 404, 413, 501].map(|status| Respond::status(status).body("", body)));
    }
    responses
}

/// Replaces free texts of a response by others, and leaves words of the contract unchanged.
fn relabelled(json: &Value) -> Value {
    let mut text = json.to_string();
    for (before, after) in [("\"m1\"", "\"7\""), ("\"u1\"", "\"in\""), ("\"hello\"", "\"e script in 7\"")] {
        text = text.replace(before, after);
    }
    serde_json::from_str(&text).expect("strings have become strings")
}

#[test]
fn decisions_are_the_same_for_every_app_id() {
    let decided = |app_id: &str, operation: Operation, response: Respond| {
        let played = operation.play(config(app_id, "another-s3cr3t"), [response]);
        let outcome = played.outcome.map_err(|error| {
            let ids = error.api().map_or_else(Vec::new, |refusal| refusal.invalid_members.clone());
            let code = error.code().map(str::to_owned);
            (
                error.kind(),
                error.status(),
                code,
                error.is_transient(),
                error.outcome_unknown(),
                error.retry_after(),
                ids,
            )
        });
        (outcome, played.script.requests().len())
    };
    for operation in Operation::ALL {
        for response in hostile(*operation) {
            let expected = decided("an-app-id-like-no-other", *operation, response.clone());
            for app_id in ["in", "7", "e", "script"] {
                assert_eq!(
                    decided(app_id, *operation, response.clone()),
                    expected,
                    "{operation:?} {app_id} {response:?}"
                );
            }
        }
    }
}
