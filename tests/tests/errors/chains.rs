//! Reports of errors: the message and the messages of the sources never repeat each other.

use std::{error::Error as _, io};

use teamwire_core::{
    Client, Draft, Error,
    effect::{TransportError, TransportErrorKind},
    model::Upload,
    script::{Expect, Respond, Script},
};

/// The messages of an error and of all its sources, outermost first.
fn messages(error: &Error) -> Vec<String> {
    let sources = std::iter::successors(error.source(), |&source| source.source()).map(ToString::to_string);
    [error.to_string()].into_iter().chain(sources).collect()
}

#[track_caller]
fn check_chain(error: &Error, facts: &[&str]) {
    let messages = messages(error);
    let report = messages.join(": ");
    for fact in facts {
        assert_eq!(report.matches(fact).count(), 1, "{fact:?} in {messages:#?}");
    }
}

fn post(script: Script, draft: impl Into<Draft>) -> Error {
    Client::new(script).chats().chat("c1").post(draft).expect_err("the script refuses it")
}

fn refused(response: Respond) -> Error {
    post(Script::new().always(Expect::post("/v1/chats/c1/messages"), response), "hello")
}

#[test]
fn a_transport_error_is_reported_once_with_its_source() {
    let inner = io::Error::other(io::Error::new(io::ErrorKind::ConnectionRefused, "port 443 is closed"));
    check_chain(
        &refused(Respond::error(TransportError::new(TransportErrorKind::Connect, inner))),
        &["port 443 is closed"],
    );
    let error = refused(Respond::error(TransportError::new(TransportErrorKind::Tls, "certificate 2 has expired")));
    check_chain(&error, &["certificate 2 has expired"]);
}

#[test]
fn a_refusal_and_an_unexpected_response_are_reported_once() {
    check_chain(&refused(Respond::problem(409, "conflict")), &["409", "conflict"]);
    check_chain(&refused(Respond::json(201, serde_json::json!({"mid": 7}))), &["201", "`mid`"]);
}

#[test]
fn an_invalid_argument_is_reported_once() {
    check_chain(&post(Script::new(), ""), &["an attachment"]);
}

#[test]
fn an_attachment_is_reported_once_with_its_cause() {
    let error = post(Script::new(), Draft::new().attach(Upload::from_path("no-such-plan.pdf")));
    check_chain(&error, &["could not be attached", "the file \"no-such-plan.pdf\""]);
}

#[test]
fn the_operation_and_the_attempts_are_reported_once() {
    let lost = || Respond::error(TransportError::new(TransportErrorKind::Disconnected, "reset by peer"));
    check_chain(&refused(lost()), &["post in chat c1", "was lost", "after 4 attempts", "reset by peer"]);
    let script = Script::new().always(Expect::post("/v1/assets"), lost());
    let error = post(script, Draft::new().attach(Upload::from_bytes("plan.txt", "the plan")));
    let facts = ["post in chat c1", "could not be attached", "after 4 attempts", "was lost", "reset by peer"];
    check_chain(&error, &facts);
}

#[test]
fn an_error_has_the_size_of_a_pointer() {
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
}
