//! Secrets are in no `Debug` or `Display` output and in no error, even if the server sends them.

use std::{error::Error as _, fmt::Debug};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use teamwire_core::{
    Client, Config, Credentials, Error,
    config::RetryPolicy,
    effect::{TransportError, TransportErrorKind},
    executor::{Executor, Manual},
    machine::{Machine, Step},
    script::{Expect, Respond, Script, sample},
};
use teamwire_tests::operations::{ByHandBot, ENTROPY, Operation, now};

/// An App ID and a Secret, and the token that is sent for them.
struct Keys {
    app_id: String,
    secret: String,
    token: String,
}

impl Keys {
    /// Keys with a slash in the token and a quote in the Secret, which JSON can escape.
    fn short() -> Self {
        Self::new("bot?7~f3?", "s3cr3t\"of?the?bot")
    }

    fn long() -> Self {
        Self::new(&"app-0123456789".repeat(4), &"Zq8?~x>".repeat(30))
    }

    fn new(app_id: &str, secret: &str) -> Self {
        let token = BASE64_STANDARD.encode(format!("{app_id}:{secret}"));
        assert!(token.contains('/'));
        Self { app_id: app_id.into(), secret: secret.into(), token }
    }

    fn config(&self) -> Config {
        let credentials = Credentials::new(self.app_id.as_str(), self.secret.as_str()).expect("they are fine");
        let config = Config::new("https://teamwire.example.org", credentials).expect("it is a URL");
        config.with_retry(RetryPolicy::NEVER)
    }

    /// Asserts that the text contains neither a key nor a recognisable part of one.
    #[track_caller]
    fn are_not_in(&self, text: &str) {
        for key in [&self.app_id, &self.secret, &self.token] {
            let telling = key.len().min(8);
            for start in 0..=key.len() - telling {
                let piece = &key[start..start + telling];
                assert!(!text.contains(piece), "{piece:?} of {key:?} is in {text}");
            }
        }
    }

    #[track_caller]
    fn are_hidden_by(&self, it: &impl Debug) {
        self.are_not_in(&format!("{it:?}"));
        self.are_not_in(&format!("{it:#?}"));
    }

    #[track_caller]
    fn are_not_in_error(&self, error: &Error) {
        self.are_hidden_by(error);
        self.are_not_in(&error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            self.are_not_in(&format!("{cause:?} {cause}"));
            source = cause.source();
        }
        for text in [error.code(), error.request_id()].into_iter().flatten() {
            self.are_not_in(text);
        }
    }

    /// Texts that a server may echo.
    fn echoes(&self) -> [String; 4] {
        let Self { app_id, secret, token } = self;
        [format!("Basic {token}"), format!("{app_id}:{secret}"), secret.clone(), app_id.clone()]
    }
}

#[test]
fn options_and_clients_show_no_secret() {
    let keys = Keys::short();
    let config = keys.config().with_proxy("http://proxy-user:pr0xy-passw0rd@proxy.example.org:3128").expect("a proxy");
    for text in [format!("{config:?}"), format!("{config:#?}")] {
        assert!(!text.contains("pr0xy-passw0rd") && !text.contains("proxy-user"), "{text}");
        assert!(text.contains("proxy.example.org"), "the host is shown: {text}");
    }
    keys.are_hidden_by(&config);
    keys.are_hidden_by(&Credentials::new(keys.app_id.as_str(), keys.secret.as_str()));
    let client = Client::new(Script::with_config(config.clone()));
    keys.are_hidden_by(&client);
    keys.are_hidden_by(client.executor());
    keys.are_hidden_by(client.executor().session());
    keys.are_hidden_by(&client.chats().chat("c1"));
    keys.are_hidden_by(&Client::new(Manual::new(config, ENTROPY, now())));
}

#[test]
fn request_shows_no_secret() {
    let keys = Keys::short();
    let mut bot = ByHandBot::by_hand(keys.config(), ENTROPY);
    keys.are_hidden_by(&bot);
    let step = bot.chat.post("hello").poll(now());
    keys.are_hidden_by(&step);
    let Step::Send(_, exchange) = step else { panic!("it begins with a request") };
    let sent = exchange.request.headers()["authorization"].to_str().expect("it is text").to_owned();
    assert_eq!(sent, format!("Basic {}", keys.token), "the secret is what is not shown");
    let played = Operation::Post.play(keys.config(), [Operation::Post.scripted()]);
    keys.are_hidden_by(&played.script.requests());
    keys.are_hidden_by(&played);
    bot.drive(Operation::Users, |flow| keys.are_hidden_by(&flow.poll(now())));
}

#[test]
fn text_of_a_message_is_not_shown_by_its_request() {
    let mut bot = ByHandBot::by_hand(Keys::short().config(), ENTROPY);
    let step = format!("{:?}", bot.drive(Operation::UpdateTitle, |flow| format!("{:?}", flow.poll(now()))));
    assert!(!step.contains("Ward 3"), "{step}");
}

#[test]
fn bad_keys_are_refused_without_repeating_them() {
    for (app_id, secret) in [("x", "t0ps3cr3t\n"), ("t0ps3cr3t\0", "secret"), ("", "t0ps3cr3t")] {
        let error = Credentials::new(app_id, secret).expect_err("they are refused");
        assert!(!format!("{error:#} {error:#?}").contains("t0ps3cr3t"), "{error}");
    }
    let keys = || Credentials::new("x", "secret").expect("they are fine");
    let error = Config::new("https://user:t0ps3cr3t@teamwire.example.org", keys()).expect_err("it is refused");
    assert!(!format!("{error:#} {error:#?}").contains("t0ps3cr3t"), "{error}");
    let config = Config::new("https://teamwire.example.org", keys()).expect("it is a URL");
    for url in ["https://user:t0ps3cr3t@proxy", "http://user:t0ps3cr3t@", "http://user:t0ps3cr3t@[::1", "t0ps3cr3t"] {
        let error = config.clone().with_proxy(url).expect_err("it is refused");
        assert!(!format!("{error:#} {error:#?}").contains("t0ps3cr3t"), "{error}");
    }
}

#[test]
fn refusal_that_echoes_the_keys_does_not_give_them_away() {
    for keys in [Keys::short(), Keys::long()] {
        for echo in keys.echoes() {
            for status in [400, 401, 403, 404, 422, 429, 500, 503] {
                for member in ["code", "title", "detail", "request_id", "invalid_members"] {
                    let mut problem = json!({ "code": "auth", "detail": "no", "request_id": "r" });
                    problem[member] = if member == "invalid_members" { json!([echo]) } else { json!(echo) };
                    if member == "title" {
                        problem["detail"] = Value::Null;
                    }
                    let response = Respond::status(status).body("application/problem+json", problem.to_string());
                    keys.are_not_in_error(&error(&keys, Operation::Close, response));
                }
            }
        }
    }
}

fn error(keys: &Keys, operation: Operation, response: Respond) -> Error {
    operation.play(keys.config(), [response]).outcome.expect_err("it was refused")
}

#[test]
fn page_that_echoes_the_keys_does_not_give_them_away() {
    for keys in [Keys::short(), Keys::long()] {
        for echo in keys.echoes() {
            let json = json!({ "headers": { "authorization": echo } }).to_string();
            for body in [format!("<p>{echo}</p>"), json.replace('/', "\\/"), json, echo.repeat(40), echo.clone()] {
                for status in [200, 301, 401, 404, 502] {
                    let header = http::HeaderValue::from_str(&echo).map_or("none", |_| &echo);
                    let response = Respond::status(status).header("x-request-id", header).header("location", header);
                    keys.are_not_in_error(&error(&keys, Operation::Me, response.body("text/html", body.as_str())));
                    keys.are_not_in_error(&error(
                        &keys,
                        Operation::Users,
                        Respond::status(status).body("", body.as_str()),
                    ));
                }
            }
        }
    }
}

#[test]
fn excerpt_ends_before_or_behind_a_key_not_inside_of_it() {
    let keys = Keys::short();
    for pad in (240..310).chain(2_300..2_410) {
        let body = format!("{}{}{}", "-".repeat(pad), keys.token, "-".repeat(100));
        keys.are_not_in_error(&error(&keys, Operation::Me, Respond::status(502).body("text/html", body)));
    }
}

#[test]
fn json_with_a_key_at_any_place_does_not_give_it_away() {
    let keys = Keys::short();
    for operation in Operation::ALL {
        let (status, valid) = operation.status_and_json();
        let mut places = Vec::new();
        leaves(&valid, String::new(), &mut places);
        for place in places {
            for echo in [json!(keys.echoes()[0]), json!([keys.secret]), json!({ keys.app_id.as_str(): 1 })] {
                let mut response = valid.clone();
                *response.pointer_mut(&place).expect("it was there") = echo;
                if let Err(error) = operation.play(keys.config(), [Respond::json(status, response)]).outcome {
                    keys.are_not_in_error(&error);
                }
            }
        }
    }
}

/// Returns the JSON pointers of all values within a value.
fn leaves(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| leaves(value, format!("{pointer}/{key}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| leaves(value, format!("{pointer}/{at}"), found));
        }
        _ => {}
    }
    found.push(pointer);
}

#[test]
fn undecoded_item_that_echoes_the_keys_does_not_show_them() {
    let keys = Keys::short();
    for echo in keys.echoes() {
        let mut broken = sample::user("u1", "Anna", "Berg");
        broken["uid"] = [echo.as_str()].as_slice().into();
        let page = sample::page([sample::bot(), broken]).to_string();
        for page in [page.replace('/', "\\/"), page] {
            let response = Respond::status(200).body("application/json", page);
            let script = Script::with_config(keys.config()).then(Expect::get("/v1/users"), response);
            let users = Client::new(script).contacts().users().expect("one bad item costs only itself");
            assert_eq!((users.len(), users.undecoded().len()), (1, 1));
            keys.are_hidden_by(&users);
        }
    }
}

#[test]
fn http_stack_has_the_last_word_and_no_more() {
    let fault = TransportError::new(TransportErrorKind::Disconnected, "connection reset by peer").with_sent(true);
    let error = error(&Keys::short(), Operation::Me, Respond::error(fault));
    assert_eq!(error.to_string(), "me: the connection was lost: connection reset by peer");
}

#[test]
fn chat_whose_id_is_a_secret_is_not_named() {
    let keys = Keys::long();
    let script = Script::with_config(keys.config()).always(Expect::get("/v1/me"), Respond::unreachable());
    script.down_for(std::time::Duration::from_secs(600));
    let error = Client::new(script).chats().chat(keys.secret.as_str()).get().expect_err("the server is unreachable");
    assert!(error.during().is_some_and(|during| during.chat.is_some()), "{error}");
    keys.are_not_in_error(&error);
}
