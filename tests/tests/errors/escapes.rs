//! Control characters from outside: no error can move a terminal's cursor, start a line in a log, or reverse text.

use serde_json::{Value, json};
use teamwire_core::{
    Error,
    config::RetryPolicy,
    effect::{FileError, FileErrorKind, TransportError, TransportErrorKind},
    error::{Cause, InvalidInput},
    model::ThreadId,
    script::Respond,
};
use teamwire_tests::operations::{Operation, config};

/// An escape sequence, a line break, a C1 control character, and an override of the text direction.
const EVIL: &str = "\u{1b}[2Jgone\r\n\u{9b}31m\u{7}\u{202e}txt.exe\u{2066}\u{7f}";

#[track_caller]
fn is_plain(text: &str) {
    let effective = |char: char| char.is_control() || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.chars().any(effective), "{text:?}");
}

/// Asserts that the message shows the text without control characters.
#[track_caller]
fn is_shown_by(error: &Error) {
    let text = error.to_string();
    is_plain(&text);
    is_plain(&format!("{error:?}"));
    is_plain(&format!("{:?}", error.cause()));
    assert!(text.contains("gone"), "it is cut: {text}");
}

fn error(response: Respond) -> Error {
    let outcome = Operation::AddMembers.play(config().with_retry(RetryPolicy::NEVER), [response]).outcome;
    outcome.expect_err("it is refused")
}

fn refusal(problem: &Value) -> Respond {
    Respond::status(422).body("application/problem+json", problem.to_string())
}

#[test]
fn no_member_of_a_refusal_has_an_effect() {
    let fine = json!({ "code": "invalid_members", "status": 422, "title": "no", "detail": "no" });
    for (member, value) in [
        ("code", json!(EVIL)),
        ("detail", json!(EVIL)),
        ("request_id", json!(EVIL)),
        ("invalid_members", json!(["u1", EVIL])),
    ] {
        let mut problem = fine.clone();
        problem[member] = value;
        is_shown_by(&error(refusal(&problem)));
    }
    let mut titled = fine;
    titled["detail"] = json!(null);
    titled["title"] = json!(EVIL);
    is_shown_by(&error(refusal(&titled)));
    is_shown_by(&error(Respond::status(502).body("text/html", EVIL)));
}

#[test]
fn unexpected_response_has_no_effect() {
    is_shown_by(&error(Respond::status(200).body("text/html", EVIL)));
    is_shown_by(&error(Respond::status(404).body("text/html", EVIL)));
    // In the JSON, and in the path to the invalid value.
    let chat = json!({ "tid": 7, "title": EVIL });
    is_plain(&error(Respond::json(200, chat)).to_string());
    is_plain(&error(Respond::json(200, json!({ EVIL: { EVIL: 1 } }))).to_string());
    is_plain(&error(Respond::status(302).header("location", "\thttp://elsewhere\t")).to_string());
}

#[test]
fn words_of_others_have_no_effect() {
    is_shown_by(&error(Respond::error(TransportError::new(TransportErrorKind::Disconnected, EVIL))));
    is_shown_by(&error(Respond::error(TransportError::new(TransportErrorKind::Protocol, EVIL))));
    let file = || FileError::new(EVIL, FileErrorKind::Other, EVIL);
    is_shown_by(&Error::from(file()));
    is_shown_by(&error(Respond::error(TransportError::new(TransportErrorKind::File, file()))));
    is_shown_by(&Error::from(InvalidInput::new(EVIL, EVIL)));
    is_shown_by(&Error::from(Cause::Attachment { file: EVIL.into(), cause: file().into() }));
    let image = teamwire_core::model::Image::from_path(format!("no such folder/{EVIL}"));
    let mut played = Operation::Me.play(config(), [Operation::Me.scripted()]);
    is_shown_by(&played.bot.chat.set_avatar(image).expect_err("the file does not exist"));
}

#[test]
fn id_is_shown_without_effect_and_kept_as_it_is() {
    let id = ThreadId::from(EVIL);
    is_plain(&format!("{id}"));
    assert_eq!((id.as_str(), id == EVIL), (EVIL, true));
    assert_eq!(ThreadId::from("7MQKchz6wsSzmWTVnppGAc").to_string(), "7MQKchz6wsSzmWTVnppGAc");
}
