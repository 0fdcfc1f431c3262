//! The users and groups that the bot can see.

use std::error::Error as _;

use teamwire_core::{Error, ErrorKind};
use teamwire_sandbox::{Fault, Rule, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

#[executor_test(protocols)]
fn bot_knows_itself<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let me = fixture.ok(fixture.client.contacts().me());
    assert_eq!((me.uid.as_str(), me.full_name().as_str(), me.is_bot), (org::BOT, "Ops Bot", true));
    assert_eq!(me.organisation, org::NAME);
}

#[executor_test(protocols)]
fn check_returns_the_bot_or_the_first_error<H: Harness>() {
    let fixture = Fixture::<H>::new();
    assert_eq!(fixture.ok(fixture.client.check()), fixture.ok(fixture.client.contacts().me()));
    fixture.sandbox.faults().add(Rule::new(Fault::status(500)).on("GET", "/v1/me"));
    assert_eq!(fixture.err(fixture.client.check()).kind(), ErrorKind::Server, "the second attempt would succeed");
    fixture.sandbox.admin().revoke_key();
    let error = fixture.err(fixture.client.check());
    let text = error_chain(&error);
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(text.contains("TEAMWIRE_APP_ID") && text.contains("TEAMWIRE_SECRET"), "{text}");
}

/// Returns the text of the error and of its causes.
fn error_chain(error: &Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[executor_test(protocols)]
fn all_users_and_groups_are_listed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let users = fixture.ok(fixture.client.contacts().users());
    let uids: Vec<_> = users.iter().map(|user| user.uid.as_str()).collect();
    assert_eq!(uids, [&org::PEOPLE[..], &[org::BOT]].concat());
    let groups = fixture.ok(fixture.client.contacts().groups());
    let on_call = groups.iter().find(|group| group.gid == org::ON_CALL).expect("it is listed");
    assert_eq!((groups.len(), on_call.title.as_str(), on_call.members.len()), (3, "On call", 2));
    assert_eq!(on_call.owner.as_ref().map(|owner| owner.uid.as_str()), Some(org::ANNA));
    assert_eq!((on_call.is_circle, on_call.is_list, on_call.is_public), (false, true, false));
}

#[executor_test(protocols)]
fn users_and_groups_are_found_by_their_id<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let contacts = fixture.client.contacts();
    let anna = fixture.ok(contacts.user(org::ANNA)).expect("the bot sees her");
    assert_eq!((anna.full_name().as_str(), anna.is_bot), ("Anna Berg", false));
    let everyone = fixture.ok(contacts.group(org::EVERYONE)).expect("the bot sees it");
    assert_eq!((everyone.members.len(), everyone.owner, everyone.is_public), (8, None, true));
    assert!(fixture.ok(contacts.user("u-nobody")).is_none());
    assert!(fixture.ok(contacts.group("g-none")).is_none());
}

#[executor_test(protocols)]
fn deleted_or_hidden_user_is_not_found<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let contacts = fixture.client.contacts();
    for uid in [org::IVAN, org::JANA] {
        assert!(fixture.ok(contacts.user(uid)).is_none());
    }
    fixture.sandbox.admin().set_user_visible(org::JANA, true);
    assert!(fixture.ok(contacts.user(org::JANA)).is_some());
    fixture.sandbox.admin().delete_user(org::JANA);
    assert!(fixture.ok(contacts.user(org::JANA)).is_none());
}

#[executor_test(protocols)]
fn lists_are_walked_over_all_pages<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for at in 0..120 {
        fixture.sandbox.admin().create_bot(&format!("Bot {at}"));
    }
    let users = fixture.ok(fixture.client.contacts().users());
    let mut uids: Vec<_> = users.iter().map(|user| user.uid.as_str()).collect();
    assert_eq!(uids.len(), 129);
    uids.dedup();
    assert_eq!(uids.len(), 129);
    assert!(fixture.sandbox.received_count("GET /v1/users") >= 2);
}
