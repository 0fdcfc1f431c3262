//! Login and its renewal.

use std::thread;

use teamwire_core::{Config, Credentials, Error, ErrorKind};
use teamwire_protocols::Second;
use teamwire_sandbox::{Fault, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use super::{backend, lobby};

const CLONES: usize = 64;

#[executor_test(second)]
fn clones_log_in_once<H: Harness>() {
    let fixture = Fixture::<H>::new();
    thread::scope(|scope| {
        for _ in 0..CLONES {
            let client = fixture.client.clone();
            scope.spawn(move || assert_eq!(H::wait(client.contacts().me()).expect("it succeeds").uid, org::BOT));
        }
    });
    assert_eq!(backend(&fixture).logins(), 1);
    assert_eq!(fixture.sandbox.received_count("GET /v1/me"), CLONES as u64);
}

#[executor_test(second)]
fn expired_session_is_renewed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.ok(lobby(&fixture).post("one"));
    backend(&fixture).expire_sessions();
    fixture.ok(lobby(&fixture).post("two"));
    assert_eq!(backend(&fixture).logins(), 2);
    assert_eq!(fixture.sandbox.texts(org::LOBBY), ["one", "two"].map(|text| Some(text.to_owned())));
}

#[executor_test(second)]
fn session_that_expires_under_many_requests_is_renewed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.ok(fixture.client.contacts().me());
    thread::scope(|scope| {
        for number in 0..CLONES {
            let chat = lobby(&fixture);
            if number == CLONES / 2 {
                backend(&fixture).expire_sessions();
            }
            scope.spawn(move || H::wait(chat.post(number.to_string())).map(drop).expect("it succeeds"));
        }
    });
    assert_eq!(fixture.sandbox.message_count(), CLONES);
    assert!(backend(&fixture).logins() <= 2, "{}", backend(&fixture).logins());
}

#[executor_test(second)]
fn wrong_password_is_refused_without_a_retry<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let credentials = Credentials::new(fixture.sandbox.app_id(), "another secret").expect("it could be one");
    let config = Config::new(&backend(&fixture).url(), credentials).expect("it is a URL");
    let client = H::connect(config.with_protocol(Second::default()));
    let error = fixture.err(client.chats().chat(org::LOBBY).post("hello"));
    assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Auth, Some(401), Some("wrongPassword")));
    assert!(!error.outcome_unknown(), "nothing was posted: {error:?}");
    assert_eq!((backend(&fixture).logins(), fixture.sandbox.message_count()), (1, 0));
}

#[executor_test(second)]
fn expired_session_ends_with_auth_if_its_renewal_is_refused<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.ok(fixture.client.contacts().me());
    backend(&fixture).change_password();
    backend(&fixture).expire_sessions();
    let error = fixture.err(lobby(&fixture).post("hello"));
    assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("wrongPassword")), "{error}");
    assert_eq!((backend(&fixture).logins(), fixture.sandbox.message_count()), (2, 0));
}

#[executor_test(second)]
fn revoked_key_is_an_error_after_one_renewal<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.ok(fixture.client.contacts().me());
    fixture.sandbox.admin().revoke_key();
    let error = fixture.err(fixture.client.contacts().me());
    assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(401)), "{error}");
    assert_eq!(backend(&fixture).logins(), 2);
}

#[executor_test(second)]
fn echoed_secrets_are_shown_by_no_output<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.ok(fixture.client.contacts().me());
    // The first session of this backend.
    let secrets = [fixture.sandbox.secret(), "second-session-00000001"];
    let mut shown = vec![format!("{:?} {:?}", fixture.client, fixture.client.executor())];
    let echo = format!("you sent {} and session={}", secrets[0], secrets[1]);
    for (status, media_type) in [(200, "text/html"), (404, "text/html"), (502, "text/plain"), (200, "application/json")]
    {
        fixture.sandbox.faults().add(Fault::response(status, media_type, echo.as_str()));
        let error: Error = fixture.err(lobby(&fixture).post("hello"));
        shown.push(format!("{error} {error:?} {error:#?}"));
        assert!(shown.last().is_some_and(|text| text.contains("redacted")), "the echo is part of the error: {shown:?}");
    }
    for text in shown {
        assert!(!secrets.into_iter().any(|secret| text.contains(secret)), "{text}");
    }
}
