//! Passwords that a header could not have: a login sends them in a body.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use teamwire_core::{
    Client, Config, Credentials, ErrorKind, Script,
    config::RetryPolicy,
    script::{Expect, Respond, sample},
};
use teamwire_test_support::Server;
use teamwire_tests::{TokenProtocol, executor_test, harness::Harness};

use crate::support::{FIRST, POST, expect_login, token};

const USER: &str = "jürgen@köln.example";
const PASSWORD: &str = "Grüße aus Köln";

fn config(url: &str, password: &str) -> Config {
    let credentials = Credentials::new(USER, password).expect("a login can send them");
    Config::new(url, credentials).expect("it is a URL").with_protocol(TokenProtocol::default())
}

/// The password as a server may repeat it.
fn spellings() -> [String; 9] {
    let each = |spell: &dyn Fn(u8) -> String| PASSWORD.bytes().map(spell).collect::<String>();
    [
        PASSWORD.to_owned(),
        PASSWORD.to_uppercase(),
        r"Gr\u00fc\u00dfe aus K\u00f6ln".to_owned(),
        "Gr&uuml;&szlig;e aus K&ouml;ln".to_owned(),
        "Gr%C3%BC%C3%9Fe+aus+K%C3%B6ln".to_owned(),
        "Gr%FC%DFe%20aus%20K%F6ln".to_owned(),
        each(&|byte| format!("{byte:02x}")),
        BASE64_STANDARD.encode(PASSWORD),
        BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}")),
    ]
}

#[test]
fn password_outside_of_ascii_is_removed_from_what_the_server_repeats() {
    for echo in spellings() {
        let script = || {
            let config = config("https://chat.example", PASSWORD);
            Script::with_config(config.with_retry(RetryPolicy::NEVER))
        };
        let problem = json!({ "code": "auth", "detail": echo }).to_string();
        for script in [
            script().then(expect_login(), Respond::status(401).body("application/problem+json", problem)),
            script().then(expect_login(), Respond::status(502).body("text/html", format!("<p>{echo}</p>"))),
            script()
                .then(expect_login(), token(FIRST))
                .then(Expect::post(POST), Respond::status(404).body("text/plain", echo.clone())),
        ] {
            let error = Client::new(script).chats().chat("c1").post("hello").expect_err("it is refused");
            let shown = format!("{error:#} {error:?} {error:#?}");
            assert!(!shown.contains(&echo) && !shown.contains(" aus "), "{echo}: {shown}");
            assert!(shown.contains("[redacted]"), "the echo is part of the error: {shown}");
        }
    }
}

#[executor_test(adapters)]
fn password_of_any_characters_and_length_is_sent_in_a_body<H: Harness>() {
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{}", "x7Qv".repeat(2_000));
    for password in [PASSWORD, &token, "пароль 123456", "密码 secret"] {
        let sent = password.to_owned();
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            let login = peer.serve(200, &TokenProtocol::token(FIRST).to_string());
            let body: Value = serde_json::from_slice(&login.body).expect("it is JSON");
            assert_eq!(body, json!({ "app_id": USER, "secret": sent }));
            peer.serve(201, &sample::message("m1", "c1", "hello").to_string());
        });
        let client = H::connect(config(&server.url(), password));
        H::wait(client.chats().chat("c1").post("hello")).unwrap_or_else(|error| panic!("{error:?}"));
        assert!(!format!("{client:?} {:?}", client.executor()).contains(password));
    }
}

#[test]
fn refused_login_does_not_show_a_password_outside_of_ascii() {
    let script = Script::with_config(config("https://chat.example", PASSWORD))
        .then(Expect::post(TokenProtocol::LOGIN), Respond::problem(401, "auth"));
    let error = Client::new(script.clone()).chats().chat("c1").post("hello").expect_err("it is refused");
    assert_eq!(error.kind(), ErrorKind::Auth);
    let shown = format!("{:?} {:#?}", script.requests(), script);
    assert!(!shown.contains(" aus "), "{shown}");
}
