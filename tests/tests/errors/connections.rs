//! Suspect connections, errors from proxies, and content encodings that were not requested.

use http::HeaderValue;
use teamwire_core::{
    Client, ErrorKind, Script,
    config::RetryPolicy,
    effect::{TransportError, TransportErrorKind},
    error::Cause,
    script::{Expect, Respond, sample},
};
use teamwire_tests::operations::{Operation, ScriptRun, config};

/// A failure on a connection that had served an earlier request.
fn used_again(kind: TransportErrorKind) -> Respond {
    Respond::error(TransportError::new(kind, "forgotten").with_sent(true).with_reused(true).with_received(1))
}

/// Returns for each attempt of the operation whether it required a new connection.
fn needs_new_connection(played: &ScriptRun) -> Vec<bool> {
    played.script.requests()[1..].iter().map(|request| request.requires_new_connection).collect()
}

#[test]
fn failed_reused_connection_makes_later_attempts_fresh() {
    for operation in Operation::ALL {
        for kind in [TransportErrorKind::Disconnected, TransportErrorKind::Timeout] {
            let responses = [Respond::status(503), used_again(kind), Respond::status(503), operation.scripted()];
            let played = operation.play(config(), responses);
            assert!(played.outcome.is_ok(), "{operation:?}: {:?}", played.outcome);
            assert_eq!(needs_new_connection(&played), [false, false, true, true], "{operation:?}, {kind:?}");
        }
    }
}

#[test]
fn stale_connection_is_replaced_by_a_fresh_one() {
    let stale = || {
        Respond::error(
            TransportError::new(TransportErrorKind::Disconnected, "closed").with_sent(true).with_reused(true),
        )
    };
    let played = Operation::Post.play(config(), [stale(), Operation::Post.scripted()]);
    assert_eq!((played.outcome.is_ok(), needs_new_connection(&played)), (true, vec![false, true]));
    // Dead connections use up one replacement and one attempt, however many there are.
    let played = Operation::Post.play(config(), [stale(), stale(), Operation::Post.scripted()]);
    assert_eq!((played.outcome.is_ok(), needs_new_connection(&played)), (true, vec![false, true, true]));
}

#[test]
fn connection_closed_by_the_server_makes_others_suspect() {
    let played = Operation::Me.play(config(), [Respond::status(408), Respond::status(503), Operation::Me.scripted()]);
    assert_eq!((played.outcome.is_ok(), needs_new_connection(&played)), (true, vec![false, true, true]));
}

#[test]
fn other_failures_make_no_connection_suspect() {
    for fault in [
        TransportError::new(TransportErrorKind::Disconnected, "cut").with_sent(true),
        TransportError::new(TransportErrorKind::Timeout, "late").with_sent(true),
        TransportError::new(TransportErrorKind::Connect, "refused"),
        TransportError::new(TransportErrorKind::Resolve, "no such host"),
    ] {
        let played = Operation::Me.play(config(), [Respond::error(fault), Operation::Me.scripted()]);
        assert_eq!(needs_new_connection(&played), [false, false]);
    }
}

#[test]
fn download_that_is_resumed_takes_a_fresh_connection() {
    let client = Client::new(
        Script::new()
            .then(Expect::get("/v1/assets/a1"), used_again(TransportErrorKind::Disconnected))
            .then(Expect::get("/v1/assets/a1"), Respond::status(200).body("application/pdf", b"12345")),
    );
    client.chats().download_to(&asset(), "plan.pdf").expect("it is complete");
    let script = client.executor();
    assert_eq!(
        script.requests().iter().map(|request| request.requires_new_connection).collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!((script.file("plan.pdf"), script.file("plan.pdf.part")), (Some(b"12345".to_vec()), None));
}

/// A PDF of five bytes.
fn asset() -> teamwire_core::model::Asset {
    let mut message = sample::message("m1", "c1", "look");
    let asset = serde_json::json!({ "id": "a1", "file_name": "plan.pdf", "media_type": "application/pdf", "size": 5 });
    message["attachments"] = serde_json::json!([{ "kind": "file", "asset": asset }]);
    let script =
        Script::new().then(Expect::get("/v1/chats/c1/messages"), Respond::json(200, sample::messages([message])));
    let mut messages = Client::new(script).chats().chat("c1").messages(None).expect("they are there").messages;
    match messages.pop().and_then(|message| message.attachments.into_iter().next()) {
        Some(teamwire_core::model::Attachment::File(asset)) => asset,
        other => panic!("{other:?}"),
    }
}

#[test]
fn download_longer_than_its_asset_is_cut_and_discarded() {
    let long = Respond::status(200).body("application/pdf", vec![b'x'; 1_000]);
    let client = Client::new(Script::new().then(Expect::get("/v1/assets/a1"), long));
    let error = client.chats().download_to(&asset(), "plan.pdf").expect_err("it is longer");
    assert_eq!((error.kind(), error.status()), (ErrorKind::UnexpectedResponse, Some(200)));
    assert!(error.to_string().contains("more than 5 bytes"), "{error}");
    let script = client.executor();
    assert_eq!((script.file("plan.pdf"), script.file("plan.pdf.part")), (None, None));
}

#[test]
fn proxy_that_demands_a_login_is_asked_once_and_named() {
    for operation in Operation::ALL {
        for response in [
            Respond::status(407).body("text/html", "<html>Squid").header("proxy-authenticate", "Basic"),
            Respond::status(407).retry_after(0),
            Respond::problem(407, "auth"),
            Respond::error(TransportError::new(TransportErrorKind::Proxy, "status 403")),
        ] {
            let played = operation.play(config(), [response]);
            let error = played.outcome.expect_err("it is refused");
            assert!(
                matches!(error.cause(), Cause::Transport(fault) if fault.kind == TransportErrorKind::Proxy),
                "{error:?}"
            );
            assert_eq!(error.kind(), ErrorKind::Connection, "{operation:?}");
            assert!(!error.is_transient() && !error.outcome_unknown(), "{operation:?}: {error}");
            let text = error.to_string();
            assert!(text.contains("the proxy rejected the request") && text.contains("status 40"), "{text}");
            assert!(!text.contains("base URL"), "{text}");
            assert_eq!(played.script.requests().len(), 2, "{operation:?}: one attempt");
        }
    }
}

#[test]
fn attempt_before_a_refusing_proxy_may_have_arrived() {
    let played = Operation::Post.play(config(), [Respond::connection_lost(), Respond::status(407)]);
    assert!(played.outcome.expect_err("it is refused").outcome_unknown());
}

#[test]
fn no_request_asks_for_a_coding() {
    for operation in Operation::ALL {
        let played = operation.play(config(), [operation.scripted()]);
        for request in played.script.requests() {
            assert_eq!(request.header("accept-encoding"), Some("identity"), "{operation:?}: {request}");
        }
    }
}

#[test]
fn encoded_success_is_reported_as_such() {
    for operation in Operation::ALL {
        for coding in ["gzip", "GZIP, identity", "br"] {
            let response = Respond::status(200)
                .body("application/json", vec![0x1f, 0x8b, 8, 0])
                .header("content-encoding", coding);
            let error = operation.play(config(), [response]).outcome.expect_err("it is encoded");
            assert_eq!((error.kind(), error.status()), (ErrorKind::UnexpectedResponse, Some(200)), "{operation:?}");
            let text = error.to_string();
            assert!(
                text.contains("content coding") && text.contains(coding.split(',').next().unwrap_or_default()),
                "{text}"
            );
            assert!(!text.contains("begins"), "encoded bytes must not be quoted: {text}");
        }
        let plain = operation.scripted().header("content-encoding", "Identity");
        assert!(operation.play(config(), [plain]).outcome.is_ok(), "{operation:?}");
    }
}

#[test]
fn nothing_has_no_coding() {
    for status in [200, 204] {
        let response = Respond::status(status).header("content-encoding", "gzip");
        assert!(Operation::Leave.play(config(), [response]).outcome.is_ok(), "{status}");
    }
}

#[test]
fn refusal_that_is_encoded_keeps_the_meaning_of_its_status() {
    let never = || config().with_retry(RetryPolicy::NEVER);
    for (status, kind) in [
        (401, ErrorKind::Auth),
        (403, ErrorKind::Auth),
        (429, ErrorKind::RateLimited),
        (503, ErrorKind::Server),
        (404, ErrorKind::UnexpectedResponse),
        (422, ErrorKind::UnexpectedResponse),
    ] {
        let response = Respond::status(status).body("application/problem+json", vec![0x1f, 0x8b, 8, 0]);
        let response = response.header("content-encoding", "gzip").header("retry-after", "0");
        let error = Operation::Post.play(never(), [response]).outcome.expect_err("it is refused");
        assert_eq!((error.kind(), error.status()), (kind, Some(status)), "{error}");
        assert!(error.to_string().contains("\"gzip\"") && !error.to_string().contains("begins"), "{error}");
    }
}

#[test]
fn avatar_is_an_image_and_all_of_it() {
    let image = Operation::LoadAvatar.scripted();
    assert!(Operation::LoadAvatar.play(config(), [image]).outcome.is_ok());
    let jpeg = teamwire_tests::operations::AVATAR;
    for (status, media_type) in [(206, "image/jpeg"), (203, "image/jpeg"), (202, "image/jpeg"), (200, "text/html")] {
        let response = Respond::status(status).body(media_type, jpeg);
        let error = Operation::LoadAvatar.play(config(), [response]).outcome.expect_err("it is not an avatar");
        assert_eq!((error.kind(), error.status()), (ErrorKind::UnexpectedResponse, Some(status)), "{error}");
    }
}

#[test]
fn head_that_repeats_the_secret_is_not_repeated() {
    let head = http::Response::builder().header("content-encoding", "s3cr3t-of-the-bot").body(()).expect("a head");
    let fault = TransportError::new(TransportErrorKind::TooLarge, "more than 5 bytes").with_sent(true).with_head(head);
    let error = Operation::Me.play(config(), [Respond::error(fault)]).outcome.expect_err("it is encoded");
    assert!(error.to_string().contains("content coding"), "{error}");
    assert!(!format!("{error:#} {error:#?}").contains("s3cr3t"), "{error}");
}

#[test]
fn coding_that_is_not_text_is_shown_in_part() {
    let odd = HeaderValue::from_bytes(b"\xff\x80").expect("bytes above ASCII can be in a header");
    let mut response = http::Response::new(vec![0x1f, 0x8b]);
    response.headers_mut().insert("content-encoding", odd);
    let mut bot = teamwire_tests::operations::ByHandBot::by_hand(config(), teamwire_tests::operations::ENTROPY);
    let error = bot.outcome_after(Operation::Me, response).expect_err("it is encoded");
    assert!(error.to_string().contains("content coding"), "{error}");
}
