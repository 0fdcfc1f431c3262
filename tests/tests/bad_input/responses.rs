//! Responses that break the contract.

use serde_json::{Value, json};
use teamwire_core::{
    Error, ErrorKind,
    config::RetryPolicy,
    error::{Cause, UnexpectedResponse},
    script::Respond,
};
use teamwire_tests::operations::{ByHandBot, ENTROPY, Operation, config};

fn played(operation: Operation, response: Respond) -> Result<String, Error> {
    operation.play(config().with_retry(RetryPolicy::NEVER), [response]).outcome
}

#[track_caller]
fn unexpected(operation: Operation, response: Respond) -> UnexpectedResponse {
    let error = played(operation, response).expect_err("the response is unexpected");
    let Cause::UnexpectedResponse(unexpected) = error.cause() else { panic!("{operation:?}: {error:?}") };
    unexpected.clone()
}

/// The operations whose responses are JSON.
fn promised() -> impl Iterator<Item = Operation> {
    Operation::ALL.iter().copied().filter(|operation| !operation.status_and_json().1.is_null())
}

#[test]
fn response_without_a_body_is_not_the_promised_json() {
    for operation in promised() {
        for response in
            [Respond::status(204), Respond::status(200), Respond::status(200).body("application/json", " \r\n")]
        {
            let error = unexpected(operation, response);
            assert!(error.reason.contains("body is empty"), "{error}");
            assert_eq!((error.path, error.excerpt.trim()), (None, ""));
        }
    }
}

#[test]
fn page_instead_of_json_is_kept_as_an_excerpt() {
    for operation in promised() {
        for page in ["<html><body>Please log in", "OK", "\u{feff}OK", "'", "\0"] {
            let error = unexpected(operation, Respond::status(200).body("text/html", page));
            assert_eq!((error.status, error.path.as_deref(), error.excerpt.as_str()), (Some(200), None, page));
            assert!(error.reason.contains("expected JSON"), "{error}");
        }
    }
}

#[test]
fn json_of_another_shape_is_not_the_promised_one() {
    for operation in promised() {
        for json in ["null", "true", "7", "\"text\"", "[]", "{}", "{\"items\": {}}", "{\"items\": null}", "[{}]"] {
            // The change has taken effect, whatever the body is.
            let is_done = matches!(operation, Operation::MarkAsRead | Operation::UpdateSharedLocation);
            if !is_done || !json.starts_with(['{', '[']) {
                unexpected(operation, Respond::status(200).body("application/json", json));
            }
        }
    }
}

#[test]
fn json_that_ends_early_is_found_wherever_it_ends() {
    for operation in promised() {
        let mut bot = ByHandBot::by_hand(config(), ENTROPY);
        let whole = operation.response().into_body();
        for end in 0..whole.len() {
            let cut = operation.response().map(|body| body[..end].to_vec());
            let error = bot.outcome_after(operation, cut).expect_err("it is cut");
            assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{operation:?}, byte {end}: {error}");
        }
        assert!(bot.outcome_after(operation, operation.response()).is_ok(), "the whole body is valid");
        for behind in ["}", "]]", "\0", "\0\0rubbish", "<!-- served by a cache -->", "{}", "\r\n\t "] {
            for before in ["", " \n", "\u{feff}", " \u{feff}\n"] {
                let body = [before.as_bytes(), &whole, behind.as_bytes()].concat();
                let outcome = played(operation, Respond::status(200).body("application/json", body));
                outcome.expect("text around the JSON is ignored");
            }
        }
    }
}

#[test]
fn member_that_is_missing_or_of_another_type_is_named() {
    for (operation, place) in [
        (Operation::Post, "mid"),
        (Operation::Post, "from_user.uid"),
        (Operation::Post, "timestamp"),
        (Operation::Close, "tid"),
        (Operation::SendReaction, "from_user.uid"),
        (Operation::SendReaction, "reaction_type"),
        (Operation::Group, "gid"),
    ] {
        let (status, mut json) = operation.status_and_json();
        let pointer = format!("/{}", place.replace(['.', '['], "/").replace(']', ""));
        *json.pointer_mut(&pointer).expect("the sample has it") = json!({ "odd": [] });
        let error = unexpected(operation, Respond::json(status, json.clone()).header("x-request-id", "req-5"));
        assert_eq!((error.path.as_deref(), error.request_id.as_deref()), (Some(place), Some("req-5")));
        assert!(error.to_string().contains(place), "{error}");

        remove(&mut json, &pointer);
        let error = unexpected(operation, Respond::json(status, json));
        let member = place.rsplit(['.', ']']).next().unwrap_or_default();
        assert!(error.reason.contains(&format!("missing field `{member}`")), "{error}");
    }
}

fn remove(json: &mut Value, pointer: &str) {
    let (parent, member) = pointer.rsplit_once('/').expect("a pointer has a slash");
    json.pointer_mut(parent).and_then(Value::as_object_mut).expect("the parent is an object").remove(member);
}

#[test]
fn fields_of_a_later_version_are_ignored() {
    for operation in promised() {
        let (status, mut json) = operation.status_and_json();
        sprinkle(&mut json);
        let outcome = operation.play(config(), [Respond::json(status, json)]).outcome;
        assert_eq!(
            outcome.expect("it is understood"),
            operation.play(config(), [operation.scripted()]).outcome.expect("so")
        );
    }
}

/// Adds a member to every object.
fn sprinkle(json: &mut Value) {
    match json {
        Value::Object(members) => {
            members.values_mut().for_each(sprinkle);
            members.insert("to_come".into(), json!({ "a": [1, null] }));
        }
        Value::Array(items) => items.iter_mut().for_each(sprinkle),
        _ => {}
    }
}

#[test]
fn status_of_a_success_does_not_matter() {
    for operation in promised() {
        for status in [200, 201, 202, 206, 299] {
            played(operation, Respond::json(status, operation.status_and_json().1)).expect("it is a success");
        }
    }
}

#[test]
fn body_is_ignored_if_none_is_expected() {
    for operation in [Operation::Leave, Operation::StopSharingLocation] {
        for body in ["", " ", "{}", "null", "{\"left\": true}", "{\"left\": NaN", "\u{feff}{}", "OK", "{", "[1,}", "'"]
        {
            played(operation, Respond::status(200).body("application/json", body)).expect("it is done");
        }
        for body in ["\u{feff}null", "{\"left\": NaN}", "{\"left\": 1}\0", "\u{feff} {\"left\": \"\\ud800\"}"] {
            played(operation, Respond::status(200).body("text/plain", body)).expect("it is done");
        }
    }
    for body in ["<html>", "OK", "{"] {
        unexpected(Operation::Leave, Respond::status(200).body("text/html", body));
    }
}
