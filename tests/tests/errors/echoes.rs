//! A server that echoes everything that it received, in every spelling, whole and cut; and decisions, which do not depend on
//! what the credentials are.

use std::{error::Error as _, fmt::Debug, fmt::Write as _};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use teamwire_core::{
    Client, Config, Credentials, Error, Fault, FaultKind, Follow, RetryPolicy,
    script::{Answer, Expect, Script, sample},
};
use teamwire_tests::operations::{Operation, TID};

const APP_ID: &str = "bot?7~f3&ward<seven>north";
const SECRET: &str = "s3cr3t\"of?<the>\\bot/ü";

fn config(app_id: &str, secret: &str) -> Config {
    let credentials = Credentials::new(app_id, secret).expect("they are fine");
    Config::new("https://teamwire.example.org", credentials).expect("it is a URL").with_retry(RetryPolicy::NEVER)
}

fn each(text: &str, spell: impl Fn(char) -> String) -> String {
    text.chars().map(spell).collect()
}

fn each_byte(text: &str, spell: impl Fn(u8) -> String) -> String {
    text.bytes().map(spell).collect()
}

fn units(text: &str, spell: impl Fn(u16) -> String) -> String {
    text.encode_utf16().map(spell).collect()
}

fn in_json(text: &str) -> String {
    let json = json!(text).to_string();
    json[1..json.len() - 1].to_owned()
}

fn in_html(text: &str) -> String {
    let named = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('/', "&sol;")];
    each(text, |char| named.iter().find(|(of, _)| *of == char).map_or(char.into(), |(_, name)| (*name).into()))
}

fn in_percents(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A text in twenty spellings.
fn spellings(text: &str) -> [String; 20] {
    [
        text.to_owned(),
        text.to_uppercase(),
        in_json(text),
        in_json(text).replace('/', "\\/"),
        in_json(&in_json(text)),
        units(text, |unit| format!("\\u{unit:04x}")),
        units(text, |unit| format!("\\u{unit:04X}")),
        each(text, |char| if char.is_ascii() { format!("\\x{:02x}", u32::from(char)) } else { char.into() }),
        each(text, |char| char.escape_unicode().to_string()),
        in_html(text),
        in_html(&in_html(text)),
        each(text, |char| format!("&#{};", u32::from(char))),
        each(text, |char| format!("&#x{:X};", u32::from(char))),
        in_percents(text),
        in_percents(&in_percents(text)),
        each_byte(text, |byte| format!("%{byte:02x}")),
        each_byte(text, |byte| format!("={byte:02X}")),
        each_byte(text, |byte| format!("{byte:02X}")),
        BASE64_STANDARD_NO_PAD.encode(text),
        BASE64_URL_SAFE.encode(text),
    ]
}

/// What is looked for, and how it is echoed: whole, and each half.
fn echoes() -> Vec<String> {
    let pair = format!("{APP_ID}:{SECRET}");
    let tokens = [BASE64_STANDARD.encode(&pair), BASE64_URL_SAFE_NO_PAD.encode(&pair)];
    let wholes: Vec<String> =
        [APP_ID, SECRET].into_iter().chain(tokens.iter().map(String::as_str)).flat_map(spellings).collect();
    let mut echoes = Vec::new();
    for whole in wholes {
        let chars: Vec<char> = whole.chars().collect();
        let part = |range: std::ops::Range<usize>| chars[range].iter().collect::<String>();
        let cut = chars.len() * 3 / 4;
        echoes.extend([part(0..cut), part(chars.len() - cut..chars.len())]);
        echoes.push(whole);
    }
    echoes
}

/// Neither the echo nor half of it is in any text that the error gives.
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
fn is_not_in(echo: &str, texts: &str) {
    let chars: Vec<char> = echo.chars().collect();
    for window in chars.windows(chars.len().div_ceil(2)) {
        let window: String = window.iter().collect();
        for seen in [window.as_str(), &in_json(&window)] {
            assert!(!texts.contains(seen), "{seen} of {echo} is in {texts}");
        }
    }
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
                let answer = Answer::status(status).body("text/html", body.as_str());
                is_hidden(&echo, &Operation::Me.play(config.clone(), [answer]).outcome.expect_err("it is no user"));
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
                let answer = Answer::status(403).body("application/problem+json", problem.to_string());
                is_hidden(&echo, &Operation::Close.play(config.clone(), [answer]).outcome.expect_err("it is refused"));
            }
        }
    }
}

#[test]
fn headers_show_no_credential_in_any_spelling() {
    let config = config(APP_ID, SECRET);
    for echo in echoes().into_iter().filter(|echo| echo.bytes().all(|byte| byte.is_ascii_graphic())) {
        for (status, name) in
            [(302, "location"), (502, "x-request-id"), (200, "x-request-id"), (200, "content-encoding")]
        {
            let answer = Answer::status(status).header(name, echo.as_str()).body("", "{]");
            is_hidden(&echo, &Operation::Me.play(config.clone(), [answer]).outcome.expect_err("it is no user"));
        }
        let image = Answer::status(200).header("content-type", format!("text/{echo}")).body("", "x");
        if let Err(error) = Operation::LoadAvatar.play(config.clone(), [image]).outcome {
            is_hidden(&echo, &error);
        }
        let head =
            http::Response::builder().status(200).header("x-echo", echo.as_str()).header("set-cookie", "c00kie=1");
        let fault = Fault::new(FaultKind::Lost, format!("cut behind {echo}")).sent(true);
        let fault = Answer::fault(fault.head(head.body(()).expect("it is a head")));
        let error = Operation::Me.play(config.clone(), [fault]).outcome.expect_err("it is lost");
        is_hidden(&echo, &error);
        let shown = format!("{error:?}");
        assert!(!shown.contains("c00kie") && shown.contains("set-cookie") && shown.contains("200"), "{shown}");
    }
}

#[test]
fn items_and_events_show_no_credential_in_any_spelling() {
    let config = config(APP_ID, SECRET);
    for echo in echoes() {
        let page = sample::page([json!({ &echo: 1 }), json!(echo), json!({ "uid": 7, "x": format!("<{echo}>") })]);
        let mut odd = sample::bot();
        odd["uid"] = json!([echo]);
        for page in [page, sample::page([odd])] {
            let script = Script::with_config(config.clone()).then(Expect::get("/v1/users"), Answer::json(200, page));
            let users = Client::new(script).contacts().users().expect("a bad item costs only itself");
            assert!(!users.undecoded().is_empty());
            hides(&echo, &users.undecoded());
        }
        let path = format!("/v1/chats/{TID}/messages/updates");
        let items = json!([{ "cursor": "1", "kind": echo, "data": { &echo: 1 } }, { "cursor": 1, "x": echo }, echo]);
        let script = Script::with_config(config.clone())
            .then(Expect::get(path.as_str()), Answer::json(200, json!({ "items": [], "cursor": "0" })))
            .then(Expect::get(path.as_str()), Answer::json(200, json!({ "items": items, "cursor": "2" })));
        let events = Client::new(script).chats().chat(TID).new_messages(Follow::default());
        let events: Vec<_> = events.map(|event| event.expect("the feed goes on")).collect();
        assert_eq!(events.len(), 4);
        hides(&echo, &events);
    }
}

/// Responses on which decisions are made, full of what may be an App ID.
fn hostile(operation: Operation) -> Vec<Answer> {
    let mut answers = Vec::new();
    for code in
        ["in_progress", "in", "e", "script", "7", "auth", "not_found", "invalid_members", "cursor_expired", "server"]
    {
        for status in [400, 403, 404, 409, 422, 429, 500, 501, 503] {
            let problem = json!({
                "code": code, "detail": "in 7 e script", "request_id": "7", "invalid_members": ["7", "in", "e", "script"],
            });
            for media_type in ["application/problem+json", "application/json"] {
                answers.push(Answer::status(status).body(media_type, problem.to_string()).retry_after(7));
            }
        }
    }
    let (status, valid) = operation.answer();
    answers.push(Answer::json(status, relabelled(&valid)));
    for body in ["in", "7", "<p>e script</p>", r#"{"items":[7,"in",{"e":"script"}]}"#, r#"{"code":"in", "7":7}"#] {
        answers.extend([200, 304, 401, 403, 404, 413, 501].map(|status| Answer::status(status).body("", body)));
    }
    answers
}

/// The same with other texts, where that changes nothing that has to be some word.
fn relabelled(json: &Value) -> Value {
    let mut text = json.to_string();
    for (before, after) in [("\"m1\"", "\"7\""), ("\"u1\"", "\"in\""), ("\"hello\"", "\"e script in 7\"")] {
        text = text.replace(before, after);
    }
    serde_json::from_str(&text).expect("strings have become strings")
}

#[test]
fn decisions_are_the_same_for_every_app_id() {
    let decided = |app_id: &str, operation: Operation, answer: Answer| {
        let played = operation.play(config(app_id, "another-s3cr3t"), [answer]);
        let outcome = played.outcome.map_err(|error| {
            let ids = match &error {
                Error::Refused(refusal) => refusal.invalid_members.clone(),
                _ => Vec::new(),
            };
            let code = error.code().map(str::to_owned);
            (
                error.kind(),
                error.status(),
                code,
                error.is_transient(),
                error.may_have_arrived(),
                error.retry_after(),
                ids,
            )
        });
        (outcome, played.script.requests().len())
    };
    for operation in Operation::ALL {
        for answer in hostile(*operation) {
            let expected = decided("an-app-id-like-no-other", *operation, answer.clone());
            for app_id in ["in", "7", "e", "script"] {
                assert_eq!(decided(app_id, *operation, answer.clone()), expected, "{operation:?} {app_id} {answer:?}");
            }
        }
    }
}
