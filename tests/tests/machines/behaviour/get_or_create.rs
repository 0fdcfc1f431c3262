//! The chat of a title, found or created.

use serde_json::{Value, json};
use teamwire_core::{
    Client, ErrorKind, NewChat, Script,
    model::{GroupId, Poll},
    script::v1::{expect, respond, sample},
};

/// Returns a client whose search returns these chats, and which can create one.
fn bot(found: Vec<Value>) -> (Client<Script>, Script) {
    let script = Script::new()
        .then(expect::chats_by_title("Ops"), respond::chats(found))
        .then(expect::create_chat().title("Ops"), respond::chat(sample::chat("new", "Ops")));
    (Client::new(script.clone()), script)
}

/// Returns a chat with this title and this change.
fn chat(title: &str, name: &str, value: impl Into<Value>) -> Value {
    let mut chat = sample::chat("c1", title);
    chat[name] = value.into();
    chat
}

#[test]
fn chat_that_does_not_fit_is_not_taken() {
    for found in [
        chat("Ops", "is_closed", true),
        chat("Ops", "type", "one_to_one"),
        // A server that ignores the filter.
        chat("ops", "is_closed", false),
        chat("Operations", "is_closed", false),
    ] {
        let (client, script) = bot(vec![found.clone()]);
        let chat = client.chats().get_or_create(NewChat::titled("Ops")).expect("it is created");
        assert_eq!(chat.tid(), "new", "{found}");
        script.assert_done();
    }
}

#[test]
fn chat_that_fits_is_taken() {
    let closed = chat("Ops", "is_closed", true);
    for found in
        [vec![chat("Ops", "type", "channel")], vec![closed, sample::chat("c1", "Ops"), sample::chat("c2", "Ops")]]
    {
        let (client, script) = bot(found.clone());
        let chat = client.chats().get_or_create(NewChat::titled("Ops")).expect("it is found");
        assert_eq!((chat.tid().as_str(), script.requests().len()), ("c1", 1), "{found:?}");
    }
}

#[test]
fn no_second_chat_is_created_for_one_that_cannot_be_decoded() {
    let (client, script) = bot(vec![json!({ "title": "Ops" })]);
    let error = client.chats().get_or_create(NewChat::titled("Ops")).expect_err("it may be the one");
    assert_eq!((error.kind(), script.requests().len()), (ErrorKind::UnexpectedResponse, 1));
    assert!(error.to_string().contains("\"Ops\""), "{error}");
    let (client, _) = bot(vec![json!({ "title": "Ops" }), sample::chat("c1", "Ops")]);
    assert_eq!(client.chats().get_or_create(NewChat::titled("Ops")).expect("it is found").tid(), "c1");
}

#[test]
fn chat_that_could_not_be_created_is_not_searched() {
    for (wanted, parameter) in [
        (NewChat::titled(""), "title"),
        (NewChat::titled("x".repeat(257)), "title"),
        (NewChat::titled("Ops").group(GroupId::from("")), "group id"),
        (NewChat::titled("Ops").attach(Poll::received("Tea?", ["yes".into()])), "poll"),
        (NewChat::titled("Ops").idempotency_key("a b"), "idempotency key"),
    ] {
        let (client, script) = bot(Vec::new());
        let error = client.chats().get_or_create(wanted).expect_err("it is invalid");
        assert_eq!((error.kind(), script.requests().len()), (ErrorKind::InvalidInput, 0), "{error}");
        assert!(error.to_string().contains(parameter), "{error}");
    }
}
