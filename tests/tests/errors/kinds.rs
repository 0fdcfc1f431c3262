//! Errors of every operation: all documented kinds, and their fields.

use http::{HeaderValue, header};
use teamwire_core::{
    Client, Config, Draft, Error, ErrorKind, Reaction, ReactionType, Script, User,
    config::RetryPolicy,
    effect::{TransportError, TransportErrorKind},
    error::Cause,
    model::{Image, Upload},
    protocol::v1::code,
    script::{Respond, v1::expect},
};
use teamwire_tests::operations::{self, Documented, Operation, documented};

/// The statuses and the code of the wire contract for each kind.
const CODES: &[(ErrorKind, &[u16], &str)] = &[
    (ErrorKind::Auth, &[401, 403], "auth"),
    (ErrorKind::NotFound, &[404], "not_found"),
    (ErrorKind::InvalidMembers, &[422], "invalid_members"),
    (ErrorKind::UpdateMembersNotAllowed, &[403], "update_members_not_allowed"),
    (ErrorKind::LeaveChatNotAllowed, &[403], "leave_chat_not_allowed"),
    (ErrorKind::CloseChatNotAllowed, &[403], "close_chat_not_allowed"),
    (ErrorKind::ReadReceiptsDisabled, &[403], "read_receipts_disabled"),
    (ErrorKind::ImageLoad, &[404, 422], "image_load"),
    (ErrorKind::ImageRemove, &[403], "image_remove"),
    (ErrorKind::InvalidRequest, &[400, 422], code::INVALID_REQUEST),
    (ErrorKind::InvalidRequest, &[415], code::UNSUPPORTED_MEDIA_TYPE),
    (ErrorKind::InvalidRequest, &[413], code::PAYLOAD_TOO_LARGE),
    (ErrorKind::Conflict, &[409], code::CONFLICT),
    (ErrorKind::IdempotencyMismatch, &[422], code::IDEMPOTENCY_MISMATCH),
];

fn once() -> Config {
    operations::config().with_retry(RetryPolicy::NEVER)
}

#[track_caller]
fn error(operation: Operation, response: Respond) -> Error {
    let outcome = operation.play(once(), [response]).outcome;
    match outcome {
        Err(error) => error,
        Ok(output) => panic!("{operation:?} succeeded: {output}"),
    }
}

fn operation(row: &Documented) -> Option<Operation> {
    Operation::ALL.iter().copied().find(|operation| operation.name() == row.name)
}

#[test]
fn every_operation_fails_with_its_own_kinds() {
    let mut checked = 0;
    for row in documented() {
        let Some(operation) = operation(&row) else { continue };
        for name in &row.errors {
            let (kind, statuses, code) = CODES.iter().find(|(kind, ..)| kind.as_str() == *name).expect("a kind");
            for status in *statuses {
                check_refusal(operation, *kind, *status, code);
                checked += 1;
            }
        }
    }
    assert!(checked >= 40, "only {checked} errors are documented");
}

#[test]
fn every_operation_fails_with_every_kind_of_a_server() {
    for operation in Operation::ALL {
        for (kind, statuses, code) in CODES {
            if operation.finds() && *kind == ErrorKind::NotFound {
                let outcome = operation.play(once(), [Respond::problem(404, code)]).outcome;
                assert_eq!(outcome.expect("nothing is found"), "None");
            } else {
                check_refusal(*operation, *kind, statuses[0], code);
            }
        }
    }
}

fn check_refusal(operation: Operation, kind: ErrorKind, status: u16, code: &str) {
    let error = error(operation, Respond::problem(status, code));
    assert_eq!(error.kind(), kind, "{operation:?}");
    assert_eq!(error.status(), Some(status));
    assert_eq!(error.code(), Some(code));
    assert_eq!(error.request_id(), Some("script"));
    assert_eq!(error.retry_after(), None);
    assert!(!error.is_transient() && !error.outcome_unknown(), "{error}");
    assert_eq!(error.is_permanent(), status != 401, "{error}");
    let Some(refusal) = error.api() else { panic!("{error:?}") };
    assert_eq!(refusal.message.as_deref(), Some("scripted problem"));
    for part in [status.to_string().as_str(), code, "scripted problem", "script"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn unknown_code_is_a_server_error_for_every_operation() {
    for operation in Operation::ALL {
        for (status, code, transient) in [
            (500, "server", true),
            (503, "server", true),
            (502, "gateway", true),
            (501, "teapot", false),
            (418, "teapot", false),
        ] {
            let error = error(*operation, Respond::problem(status, code));
            assert_eq!(error.kind(), ErrorKind::Server, "{operation:?}");
            assert_eq!((error.status(), error.code()), (Some(status), Some(code)));
            assert_eq!((error.is_transient(), error.is_permanent()), (transient, status < 500), "{error}");
            assert_eq!(error.outcome_unknown(), status >= 500, "{error}");
        }
    }
}

#[test]
fn every_operation_fails_with_rate_limited_and_the_wait() {
    for operation in Operation::ALL {
        let error = error(*operation, Respond::problem(429, "rate_limited").retry_after(90));
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{operation:?}");
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(90));
        assert!(error.is_transient() && !error.is_permanent() && !error.outcome_unknown());
        assert!(error.to_string().contains("90 s"), "{error}");
    }
}

#[test]
fn every_operation_fails_without_a_response() {
    for operation in Operation::ALL {
        for (response, arrived) in
            [(Respond::unreachable(), false), (Respond::connection_lost(), true), (Respond::timeout(), true)]
        {
            let error = error(*operation, response);
            assert_eq!(error.kind(), ErrorKind::Connection, "{operation:?}");
            assert_eq!((error.status(), error.code(), error.request_id()), (None, None, None));
            assert!(error.is_transient() && !error.is_permanent());
            assert_eq!(error.outcome_unknown(), arrived, "{error}");
        }
    }
}

#[test]
fn fault_has_its_own_words_and_those_of_the_http_stack() {
    for (kind, words, is, transient) in [
        (TransportErrorKind::Resolve, "could not be resolved", ErrorKind::Connection, true),
        (TransportErrorKind::Connect, "could not connect", ErrorKind::Connection, true),
        (TransportErrorKind::Tls, "could not establish a trusted TLS connection", ErrorKind::Connection, false),
        (TransportErrorKind::Timeout, "timed out", ErrorKind::Connection, true),
        (TransportErrorKind::Disconnected, "the connection was lost", ErrorKind::Connection, true),
        (TransportErrorKind::Protocol, "not valid HTTP", ErrorKind::UnexpectedResponse, false),
        (TransportErrorKind::TooLarge, "too large", ErrorKind::UnexpectedResponse, false),
    ] {
        let error = error(Operation::Post, Respond::error(TransportError::new(kind, "errno 104").with_sent(true)));
        assert_eq!((error.kind(), error.is_transient(), error.is_permanent()), (is, transient, false), "{error}");
        assert!(error.to_string().contains(words) && error.to_string().contains("errno 104"), "{error}");
        assert!(error.outcome_unknown(), "{error}");
    }
}

#[test]
fn response_outside_the_contract_is_unexpected() {
    let html = || Respond::status(200).body("text/html", "<html>Please log in</html>");
    let redirect = || Respond::status(301).header("location", "https://sso.example.org/");
    for operation in Operation::ALL {
        for response in [html(), redirect(), Respond::status(404).body("text/html", "<h1>Not Found</h1>")] {
            let error = error(*operation, response.header("x-request-id", "req-7"));
            assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{operation:?}");
            assert_eq!((error.code(), error.request_id()), (None, Some("req-7")));
            assert!(!error.is_transient() && !error.is_permanent() && error.outcome_unknown());
        }
        assert!(error(*operation, html()).to_string().contains("Please log in"));
        assert!(error(*operation, redirect()).to_string().contains("sso.example.org"));
    }
}

#[test]
fn refusal_names_the_members_at_fault() {
    let problem = r#"{"code": "invalid_members", "detail": "unknown", "invalid_members": ["u-anna", "g-night"]}"#;
    let error = error(Operation::AddMembers, Respond::status(422).body("application/problem+json", problem));
    let Some(refusal) = error.api() else { panic!("{error:?}") };
    assert_eq!(refusal.invalid_members, ["u-anna", "g-night"]);
    assert!(error.to_string().contains("u-anna, g-night"), "{error}");
}

#[test]
fn invalid_calls_are_permanent_failures() {
    let client = Client::new(Script::new());
    let chat = client.chats().chat("c1");
    let missing = Upload::from_path("/none/graph.png");
    for (error, kind, is_permanent) in [
        (chat.post("").expect_err("it is empty"), ErrorKind::InvalidInput, true),
        (chat.set_avatar(Image::from_bytes("not a JPEG")).expect_err("it is not"), ErrorKind::ImageLoad, true),
        (chat.post(Draft::text("hello").attach(missing)).expect_err("no such file"), ErrorKind::File, false),
        (Error::unsupported("post"), ErrorKind::Unsupported, true),
        (Cause::Cancelled { outcome_unknown: false }.into(), ErrorKind::Cancelled, false),
        (Cause::Finished.into(), ErrorKind::Finished, false),
    ] {
        assert_eq!((error.kind(), error.is_permanent(), error.is_transient()), (kind, is_permanent, false), "{error}");
    }
}

#[test]
fn message_that_is_not_found_is_named() {
    let missing = || Respond::problem(404, code::NOT_FOUND);
    let script = Script::new()
        .always(expect::post("c1"), missing())
        .always(expect::reactions("c1", "m9"), missing())
        .always(expect::send_reaction("c1", "m9", &ReactionType::Ok), missing())
        .always(expect::update_reaction("c1", "m9", "r1", &ReactionType::Sos), missing());
    let client = Client::new(script);
    let script = || client.chats().chat("c1");
    let reaction = Reaction::new("r1", "m9", "c1", ReactionType::Ok, User::new("u1", "Anna", ""));
    for (operation, result) in [
        ("post", script().post(Draft::text("hello").reply_to("m9")).map(drop)),
        ("reactions", script().reactions("m9").map(drop)),
        ("send_reaction", script().send_reaction("m9", ReactionType::Ok).map(drop)),
        ("update_reaction", script().update_reaction(&reaction, ReactionType::Sos).map(drop)),
    ] {
        let text = result.expect_err("there is no such message").to_string();
        let expected = format!("{operation} in chat c1: the server returned status 404 (not_found): scripted problem");
        assert!(text.starts_with(&format!("{expected} [message m9]")), "{text}");
    }
    let text = script().post("hello").expect_err("there is no such chat").to_string();
    assert!(text.starts_with("post in chat c1: ") && !text.contains('['), "{text}");
}

#[test]
fn request_id_of_the_header_is_used_if_the_body_has_none() {
    let response = Respond::status(403).body("application/problem+json", r#"{"code": "auth", "title": "Forbidden"}"#);
    let error = error(Operation::Close, response.header("x-request-id", "req-8"));
    assert_eq!((error.kind(), error.request_id()), (ErrorKind::Auth, Some("req-8")));
    let Some(refusal) = error.api() else { panic!("{error:?}") };
    assert_eq!(refusal.message.as_deref(), Some("Forbidden"), "the title stands in for a detail");
}

#[test]
fn refusal_without_a_word_is_known_by_its_status() {
    for (status, kind) in [
        (401, ErrorKind::Auth),
        (403, ErrorKind::Auth),
        (408, ErrorKind::Server),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Server),
        (503, ErrorKind::Server),
        (599, ErrorKind::Server),
        (400, ErrorKind::UnexpectedResponse),
        (404, ErrorKind::UnexpectedResponse),
        (409, ErrorKind::UnexpectedResponse),
        (422, ErrorKind::UnexpectedResponse),
        (304, ErrorKind::UnexpectedResponse),
        (999, ErrorKind::UnexpectedResponse),
    ] {
        let error = error(Operation::Close, Respond::status(status));
        assert_eq!((error.kind(), error.status(), error.code()), (kind, Some(status), None), "{error}");
        assert!(!error.is_permanent(), "it is the response of a proxy: {error}");
    }
}

#[test]
fn header_that_is_not_text_is_ignored() {
    let odd = HeaderValue::from_bytes(b"req-\xff").expect("a header may have such bytes");
    let mut refused = operations::response(500, &serde_json::Value::Null);
    refused.headers_mut().insert("x-request-id", odd.clone());
    refused.headers_mut().insert(header::RETRY_AFTER, odd);
    let mut bot = operations::ByHandBot::by_hand(once(), operations::ENTROPY);
    let error = bot.outcome_after(Operation::Me, refused).expect_err("it was refused");
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Server, None));
    assert_eq!(error.request_id(), Some("req-\u{fffd}"));
}

#[test]
fn every_kind_has_the_name_of_its_exception() {
    for row in documented() {
        for name in row.errors {
            assert!(CODES.iter().any(|(kind, ..)| kind.to_string() == name), "{name}");
        }
    }
    for (kind, name) in [
        (ErrorKind::Connection, "connection"),
        (ErrorKind::Server, "server"),
        (ErrorKind::RateLimited, "rate_limited"),
        (ErrorKind::InvalidRequest, "invalid_request"),
        (ErrorKind::Conflict, "conflict"),
        (ErrorKind::IdempotencyMismatch, "idempotency_mismatch"),
        (ErrorKind::InvalidInput, "invalid_input"),
        (ErrorKind::UnexpectedResponse, "unexpected_response"),
        (ErrorKind::Store, "store"),
        (ErrorKind::Unsupported, "unsupported"),
        (ErrorKind::Cancelled, "cancelled"),
        (ErrorKind::Finished, "finished"),
    ] {
        assert_eq!(kind.as_str(), name);
    }
}
