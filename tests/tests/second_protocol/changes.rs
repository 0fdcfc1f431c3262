//! Changes, whose responses have no body.

use teamwire_core::ErrorKind;
use teamwire_sandbox::{Fault, Rule, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use super::lobby;

const CHAT: &str = "GET /v1/chats/{tid}";

#[executor_test(second)]
fn changed_chat_is_fetched<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut chat = fixture.chat(org::LOBBY);
    let before = fixture.sandbox.received_count(CHAT);
    fixture.ok(chat.update_title("Ward 3"));
    assert_eq!((chat.title(), chat.is_outdated()), ("Ward 3", false));
    assert_eq!(fixture.sandbox.received_count(CHAT), before + 1);
}

#[executor_test(second)]
fn change_stands_if_the_chat_cannot_be_fetched<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut chat = fixture.chat(org::LOBBY);
    fixture.sandbox.faults().add(Rule::new(Fault::status(500)).on("GET", "/v1/chats/*").always());
    fixture.ok(chat.update_title("Ward 3"));
    assert_eq!((chat.title(), chat.is_outdated()), ("Lobby", true), "the snapshot is that from before");
    assert!(fixture.ok(lobby(&fixture).set_allow_sending(false)).is_outdated());
    fixture.sandbox.faults().clear();
    let now = fixture.chat(org::LOBBY);
    assert_eq!((now.title(), now.allow_sending(), now.is_outdated()), ("Ward 3", false, false));
    fixture.ok(chat.set_allow_mute_notifications(false));
    assert_eq!((chat.title(), chat.is_outdated()), ("Ward 3", false), "the next change fetches all");
}

#[executor_test(second)]
fn refused_change_changes_nothing<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.sandbox.admin().allow_member_updates(false);
    let mut chat = fixture.chat(org::LOBBY);
    let error = fixture.err(chat.add_members([org::EMMA], [""; 0]));
    assert_eq!((error.kind(), error.code()), (ErrorKind::UpdateMembersNotAllowed, Some("membersLocked")));
    assert_eq!(fixture.chat(org::LOBBY).info(), chat.info());
}

#[executor_test(second)]
fn lost_response_to_a_change_is_reported_and_not_repeated<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut chat = fixture.chat(org::LOBBY);
    fixture.sandbox.faults().add(Rule::new(Fault::CutAfter).on("PATCH", "/v1/chats/*").always());
    let error = fixture.err(chat.update_title("Ward 3"));
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, true), "{error:?}");
    assert_eq!(fixture.sandbox.received_count("PATCH /v1/chats/{tid}"), 1);
}
