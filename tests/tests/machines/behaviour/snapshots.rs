//! A chat shows the latest state that the server sent.

use serde_json::Value;
use teamwire_core::{
    Chat, Client, Script,
    config::RetryPolicy,
    model::ChatType,
    script::{Respond, sample},
};
use teamwire_tests::operations::{Class, Local, Operation, TID, config};

/// Operations that change a chat, with the member that their sample response changes.
const CHANGES: &[Operation] = &[
    Operation::AddMembers,
    Operation::RemoveMembers,
    Operation::AddAdmin,
    Operation::RemoveAdmin,
    Operation::UpdateTitle,
    Operation::SetAllowSending,
    Operation::SetAllowMuteNotifications,
    Operation::Close,
    Operation::SetAvatar,
    Operation::RemoveAvatar,
];

/// The snapshot of a chat, as JSON of the wire.
fn shown(chat: &Chat<Script>) -> Value {
    let mut json = sample::chat(chat.tid().as_str(), chat.title());
    json["is_alert"] = chat.is_alert().into();
    json["allow_sending"] = chat.allow_sending().into();
    json["allow_mute_notifications"] = chat.allow_mute_notifications().into();
    json["is_closed"] = chat.is_closed().into();
    let user = |user: &teamwire_core::User| {
        let mut json = sample::user(user.uid.as_str(), &user.first_name, &user.last_name);
        json["is_bot"] = user.is_bot.into();
        json
    };
    json["users"] = chat.user_members().iter().map(user).collect();
    json["admins"] = chat.admins().iter().map(user).collect();
    json
}

#[test]
fn change_updates_the_snapshot_from_the_response() {
    for operation in CHANGES {
        let before = sample::chat(TID, "Night shift");
        let (status, after) = operation.status_and_json();
        assert_ne!(before, after);
        let played = operation.play(config(), [Respond::json(status, after.clone())]);
        played.outcome.expect("the script has it");
        assert_eq!(shown(&played.bot.chat), after, "{operation:?}");
    }
    let reopened = Operation::Reopen.play(config(), [Respond::json(200, Operation::Close.status_and_json().1)]);
    assert!(reopened.bot.chat.is_closed(), "the snapshot is that of the response");
}

#[test]
fn change_that_fails_leaves_the_chat_as_it_was() {
    for operation in CHANGES {
        for response in [
            Respond::problem(403, "auth"),
            Respond::connection_lost(),
            Respond::status(200).body("text/html", "<html>"),
            Respond::json(200, sample::user("u1", "", "")),
            Respond::status(204),
        ] {
            let played = operation.play(config().with_retry(RetryPolicy::NEVER), [response]);
            played.outcome.expect_err("it fails");
            assert_eq!(shown(&played.bot.chat), sample::chat(TID, "Night shift"), "{operation:?}");
        }
    }
}

#[test]
fn leaving_and_posting_leave_the_snapshot_alone() {
    let others = Operation::ALL.iter().filter(|it| it.class() == Class::Chat && !CHANGES.contains(it));
    for operation in others.filter(|it| **it != Operation::Reopen) {
        let played = operation.play(config(), [operation.scripted()]);
        played.outcome.expect("the script has it");
        assert_eq!(shown(&played.bot.chat), sample::chat(TID, "Night shift"), "{operation:?}");
    }
}

#[test]
fn members_and_admins_come_from_the_snapshot() {
    let mut json = sample::chat(TID, "Ops");
    json["users"] = vec![sample::bot(), sample::user("u-anna", "Anna", "Berg")].into();
    json["groups"] = vec![sample::group("g-night", "Night shift")].into();
    let played = Operation::UpdateTitle.play(config(), [Respond::json(200, json)]);
    let chat = &played.bot.chat;
    let ids = |local: Local| local.result(&played.bot);
    assert_eq!(ids(Local::UserMembers), ["u-bot", "u-anna"]);
    assert_eq!(ids(Local::GroupMembers), ["g-night"]);
    assert_eq!(ids(Local::Admins), ["u-bot"]);
    assert_eq!(played.script.requests().len(), 2, "the search for the chat, and the change");
    assert_eq!((chat.chat_type(), chat.title(), chat.tid().as_str()), (&ChatType::Group, "Ops", TID));
    assert_eq!(chat.user_members()[1].full_name(), "Anna Berg");
}

#[test]
fn chat_by_its_id_alone_needs_no_request() {
    let script = Script::new();
    let client = Client::new(script.clone());
    assert_eq!(*client.chats().chat("c1").tid(), "c1");
    assert!(script.requests().is_empty());
}
