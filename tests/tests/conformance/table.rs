//! Every operation of the table, and every kind of error.

use base64::{Engine, prelude::BASE64_STANDARD};
use teamwire_core::{Config, Credentials, Error, ErrorKind, config::RetryPolicy};
use teamwire_sandbox::{Fault, RateLimit, Rule};
use teamwire_tests::{
    Fixture, executor_test,
    harness::Harness,
    operations::{Local, Operation},
};

#[executor_test(protocols)]
fn every_operation_succeeds<H: Harness>() {
    for operation in H::operations() {
        let fixture = Fixture::<H>::new();
        let mut bot = fixture.bot();
        let output = fixture.run(operation, &mut bot).unwrap_or_else(|error| panic!("{operation:?}: {error}"));
        assert_ne!(output, "None", "{operation:?}");
    }
}

#[executor_test(protocols)]
fn local_operation_sends_nothing<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let bot = fixture.bot();
    let before = fixture.sandbox.transcript().len();
    for local in Local::ALL {
        assert_eq!(local.result(&bot), local.result(&bot), "{local:?}");
    }
    assert_eq!(fixture.sandbox.transcript().len(), before);
}

#[executor_test(protocols)]
fn every_operation_fails_with_the_common_kinds<H: Harness>() {
    for operation in H::operations() {
        for kind in ["connection", "server", "rate_limited", "unexpected_response", "auth"] {
            let error = error_of::<H>(operation, kind);
            assert_eq!(error.kind().as_str(), kind, "{operation:?}: {error}");
        }
    }
}

/// Returns the error of an operation after a cause of this kind, without a retry.
#[track_caller]
fn error_of<H: Harness>(operation: Operation, kind: &str) -> Error {
    let fixture = Fixture::<H>::configured(|config| config.with_retry(RetryPolicy::NEVER));
    let mut bot = fixture.bot();
    arrange(&fixture, kind);
    match fixture.run(operation, &mut bot) {
        Err(error) => error,
        Ok(output) => panic!("{operation:?} succeeded: {output}"),
    }
}

/// Sets a cause that makes any operation fail with this kind.
fn arrange<H: Harness>(fixture: &Fixture<H>, kind: &str) {
    let (admin, faults) = (fixture.sandbox.admin(), fixture.sandbox.faults());
    match kind {
        "auth" => admin.revoke_key(),
        "connection" => faults.set_down(true),
        "server" => _ = faults.add(Rule::new(Fault::status(500)).always()),
        "rate_limited" => admin.set_rate_limit(Some(RateLimit { per_second: 0.0, burst: 0 })),
        "unexpected_response" => _ = faults.add(Fault::response(200, "text/html", "<html>Please log in</html>")),
        other => panic!("no cause is known for {other}"),
    }
}

#[executor_test]
fn unknown_key_is_refused<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let good = (fixture.sandbox.app_id(), fixture.sandbox.secret());
    for (app_id, secret) in [("nobody", good.1), (good.0, "a wrong one"), (good.0, "an: \"odd\\ one")] {
        let credentials = Credentials::new(app_id, secret).expect("it could be one");
        let client = H::connect(Config::new(&fixture.sandbox.url(), credentials).expect("it is a URL"));
        let error = fixture.err(client.contacts().me());
        assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Auth, Some(401), Some("auth")));
    }
    assert_eq!(fixture.sandbox.received_count("GET /v1/me"), 3, "a retry would fail, too");
}

#[executor_test]
fn confidential_text_is_shown_by_no_debug_output<H: Harness>() {
    let fixture = Fixture::<H>::configured(|config| config.with_retry(RetryPolicy::NEVER));
    let (app_id, secret) = (fixture.sandbox.app_id().to_owned(), fixture.sandbox.secret().to_owned());
    let token = BASE64_STANDARD.encode(format!("{app_id}:{secret}"));
    let mut bot = fixture.bot();
    let mut shown = vec![format!("{:?} {:#?}", fixture.client, bot.chat), format!("{:?}", fixture.client.executor())];
    let echo = format!("you are {app_id} with {secret} and sent Basic {token}");
    for failure in [
        Fault::status(401),
        Fault::response(502, "text/html", echo.as_str()),
        Fault::response(200, "text/html", echo.as_str()),
        Fault::raw(format!("{echo}\r\n\r\n")),
        Fault::CutAfter,
    ] {
        fixture.sandbox.faults().add(failure);
        let error = fixture.run(Operation::Post, &mut bot).expect_err("it fails");
        let source = std::error::Error::source(&error).map(|source| format!("{source} {source:?}"));
        shown.push(format!("{error} {error:?} {error:#?} {source:?}"));
    }
    for text in shown {
        assert!(![&app_id, &secret, &token].into_iter().any(|key| text.contains(key.as_str())), "{text}");
    }
}
