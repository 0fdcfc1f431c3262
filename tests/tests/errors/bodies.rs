//! Error responses that are not in the form of the contract, such as those of a proxy in front of the server.

use teamwire_core::{Error, ErrorKind, config::RetryPolicy, error::Cause, script::Respond};
use teamwire_tests::operations::{Operation, config};

fn error(response: Respond) -> Error {
    let outcome = Operation::UpdateTitle.play(config().with_retry(RetryPolicy::NEVER), [response]).outcome;
    outcome.expect_err("it was refused")
}

fn excerpt(error: &Error) -> &str {
    match error.cause() {
        Cause::Api(refusal) => refusal.excerpt.as_deref().unwrap_or_default(),
        Cause::UnexpectedResponse(response) => &response.excerpt,
        other => panic!("{other:?}"),
    }
}

/// Returns the text of the error, without the operation.
fn shown(error: &Error) -> String {
    error.to_string().split_once(": ").expect("it names the operation").1.to_owned()
}

fn problem(status: u16, body: impl Into<Vec<u8>>) -> Respond {
    Respond::status(status).body("application/problem+json", body)
}

#[test]
fn proxys_page_is_kept_as_evidence() {
    let page = "<html><head><title>502 Bad Gateway</title></head>";
    let error = error(Respond::status(502).body("text/html", page));
    assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Server, Some(502), None));
    assert_eq!(excerpt(&error), page);
    assert!(error.to_string().contains("502 Bad Gateway"), "{error}");
    assert!(error.is_transient() && error.outcome_unknown());
}

#[test]
fn json_that_is_not_the_contracts_is_kept_as_evidence() {
    for body in [r#"{"error": "no upstream"}"#, "[]", "null", "\"code\"", r#"{"code": 7}"#, r#"{"code": null}"#, "{"] {
        let error = error(Respond::status(503).body("application/json", body).retry_after(4));
        assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Server, Some(503), None), "{body}");
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(4));
        assert_eq!(excerpt(&error), body);
    }
}

#[test]
fn body_that_is_empty_leaves_no_evidence() {
    let error = error(Respond::status(500));
    let Some(refusal) = error.api() else { panic!("{error:?}") };
    assert_eq!(refusal.excerpt, None);
    assert_eq!(shown(&error), "the server returned status 500");
}

#[test]
fn evidence_is_short_and_never_cut_inside_of_a_character() {
    for pad in 0..4 {
        let page = format!("{}{}", "x".repeat(pad), "\u{1f600}".repeat(100_000));
        for status in [200, 404, 502] {
            let error = error(Respond::status(status).body("text/html", page.as_str()));
            let excerpt = excerpt(&error);
            assert!((297..=300).contains(&excerpt.len()), "{} bytes", excerpt.len());
            assert!(page.starts_with(excerpt));
        }
    }
    let bytes = error(Respond::status(502).body("text/html", vec![0xff; 1000]));
    assert!(excerpt(&bytes).chars().all(|char| char == '\u{fffd}'));
}

#[test]
fn problem_with_odd_members_is_a_problem_all_the_same() {
    let body = r#"{"code": "not_found", "status": "404", "extra": {"a": [1]}, "title": null, "detail": null}"#;
    let error = error(problem(404, body));
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("not_found")));
    assert_eq!(shown(&error), "the server returned status 404 (not_found)");
}

#[test]
fn redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let response = Respond::status(status).header("location", "http://elsewhere.example.com/v1");
        let played = Operation::Post.play(config(), [response]);
        let error = played.outcome.expect_err("it was refused");
        assert_eq!((error.kind(), error.status()), (ErrorKind::UnexpectedResponse, Some(status)));
        assert!(error.to_string().contains("elsewhere.example.com"), "{error}");
        assert_eq!(played.script.requests().len(), 2, "the search for the chat, and this");
    }
}

#[test]
fn code_counts_with_its_own_status_only() {
    let refused = error(Respond::problem(403, "leave_chat_not_allowed"));
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::LeaveChatNotAllowed, Some("leave_chat_not_allowed")));
    for (status, code, kind) in [
        (400, "leave_chat_not_allowed", ErrorKind::UnexpectedResponse),
        (410, "not_found", ErrorKind::UnexpectedResponse),
        (403, "not_found", ErrorKind::Auth),
        (404, "auth", ErrorKind::UnexpectedResponse),
        (503, "cursor_expired", ErrorKind::Server),
        (429, "server", ErrorKind::RateLimited),
    ] {
        let error = error(Respond::problem(status, code));
        assert_eq!((error.kind(), error.status(), error.code()), (kind, Some(status), None), "{error}");
        assert!(excerpt(&error).contains(code), "it is kept as evidence: {error}");
    }
    let unknown = error(Respond::problem(422, "too_many_chats"));
    assert_eq!(
        (unknown.kind(), unknown.code()),
        (ErrorKind::Server, Some("too_many_chats")),
        "it may be of a later version"
    );
}

#[test]
fn gateway_json_is_not_a_problem_of_the_contract() {
    for media_type in ["application/json", "text/plain", "text/html", "application/problem+xml", ""] {
        let refused = |status, code| Respond::status(status).body(media_type, format!(r#"{{"code":"{code}"}}"#));
        for operation in [Operation::GetByThreadId, Operation::User, Operation::Group] {
            let error = operation.play(config(), [refused(404, "not_found")]).outcome.expect_err("it is not a problem");
            assert_eq!((error.kind(), error.code()), (ErrorKind::UnexpectedResponse, None), "{error}");
        }
        let error = error(refused(403, "leave_chat_not_allowed"));
        assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, None), "{error}");
    }
    let mine = Respond::status(404).body("Application/Problem+JSON; charset=utf-8", r#"{"code":"not_found"}"#);
    assert_eq!(Operation::User.play(config(), [mine]).outcome.expect("it is not there"), "None");
}

#[test]
fn problem_keeps_its_code_whatever_surrounds_it() {
    for body in [
        "{\"code\":\"not_found\",\"code\":\"not_found\"}",
        "{\"code\":\"not_found\",\"code\":null}",
        "{\"detail\":1,\"detail\":2,\"code\":\"not_found\"}",
        "{\"code\":\"not_found\",}",
        "{,\"code\":\"not_found\",,}",
        "{\"code\":\"not_found\"}\0",
        "{\"code\":\"not_found\"}\0\0rubbish",
        "{\"code\":\"not_found\"}}]",
        "{\"code\":\"not_found\"}{\"code\":\"auth\"}",
        "{\"code\":\"not_found\"}<!-- 404 -->",
        "\u{feff}{\"code\":\"not_found\"}",
        " \u{feff} {\"code\":\"not_found\"} ",
        "{\"code\":\"not_found\",\"invalid_members\":[}",
        "{\"code\":\"not_found\",\"x\":{]}",
        "{\"code\":\"not_found\",\"detail\":\"it is cut",
        "{\"code\":\"not_found\" , detail}",
        "{\"\\u0063ode\":\"not\\u005ffound\"}",
    ] {
        let found = Operation::User.play(config(), [problem(404, body)]).outcome;
        assert_eq!(found.expect("it is not there"), "None", "{body}");
    }
}

#[test]
fn problem_keeps_its_code_whatever_its_other_members_are() {
    for odd in ["null", "7", "NaN", "[7,null]", "{}", "\"\\ud800\"", "[[[[", "\"a\nb\""] {
        for member in ["invalid_members", "title", "detail", "request_id", "status", "type", "extra"] {
            if odd == "[[[[" {
                continue;
            }
            let body = format!(r#"{{"code": "not_found", "{member}": {odd}, "detail2": "x"}}"#);
            let error = error(problem(404, body.as_str()));
            assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("not_found")), "{body}");
            let found = Operation::User.play(config(), [problem(404, body.as_str())]).outcome;
            assert_eq!(found.expect("it is not there"), "None", "{body}");
        }
    }
    let busy = problem(409, r#"{"code": "in_progress", "invalid_members": null}"#);
    let played = Operation::UpdateTitle.play(config(), [busy, Operation::UpdateTitle.scripted()]);
    assert!(played.outcome.is_ok(), "it is retried");
}

#[test]
fn invalid_utf8_in_a_problem_is_replaced() {
    let error = error(problem(403, b"{\"code\":\"auth\",\"detail\":\"M\xfcller\"}".as_slice()));
    assert_eq!(shown(&error), "the server returned status 403 (auth): M\u{fffd}ller");
}

#[test]
fn unknown_code_is_not_a_problem_of_the_contract() {
    for code in ["AccessDenied", "", "not found", &"x".repeat(65)] {
        let body = format!(r#"{{"code": "{code}", "message": "no"}}"#);
        let error = error(problem(403, body));
        assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, None), "{code}");
    }
}

#[test]
fn long_explanation_is_cut() {
    let body = serde_json::json!({ "code": "auth", "detail": "\u{1f600}".repeat(100_000) });
    let error = error(problem(403, body.to_string()));
    let Some(refusal) = error.api() else { panic!("{error:?}") };
    let message = refusal.message.as_deref().unwrap_or_default();
    assert!(message.chars().count() == 1001 && message.ends_with("\u{1f600}\u{2026}"), "{}", message.len());
    assert!(error.to_string().len() < 5000);
}

#[test]
fn unknown_status_is_shown() {
    for (status, meaning) in [
        (304, "probably from a cache"),
        (413, "request is too large"),
        (414, "URI is too long"),
        (417, "Expect: 100-continue"),
        (431, "headers are too large"),
        (404, "Not Found"),
    ] {
        let error = error(Respond::status(status).body("text/html", "<html>"));
        assert_eq!((error.kind(), error.status()), (ErrorKind::UnexpectedResponse, Some(status)));
        assert!(error.to_string().contains(meaning), "{error}");
    }
}
