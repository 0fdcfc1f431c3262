//! Members and admins.

use teamwire_core::{Chat, ErrorKind, executor::Executor};
use teamwire_sandbox::org;
use teamwire_tests::{Fixture, executor_test, harness::Harness};

fn users<X: Executor>(chat: &Chat<X>) -> Vec<String> {
    sorted(chat.user_members().iter().map(|user| user.uid.to_string()).collect())
}

fn admins<X: Executor>(chat: &Chat<X>) -> Vec<String> {
    sorted(chat.admins().iter().map(|user| user.uid.to_string()).collect())
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

#[executor_test(protocols)]
fn members_are_added_and_removed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut lobby = fixture.chat(org::LOBBY);
    fixture.ok(lobby.add_members([org::EMMA, org::EMMA, org::ANNA], [org::CONTROL_ROOM]));
    assert_eq!(users(&lobby), [org::ANNA, org::BEN, org::CLARA, org::EMMA, org::BOT]);
    assert_eq!(lobby.group_members()[0].gid, org::CONTROL_ROOM);
    assert_eq!(lobby.group_members()[0].members.len(), 3);
    let (emma, room) =
        (lobby.user_members().iter().find(|user| user.uid == org::EMMA).cloned(), lobby.group_members()[0].clone());
    fixture.ok(lobby.remove_members(emma.iter(), [&room]));
    assert_eq!(users(&lobby), [org::ANNA, org::BEN, org::CLARA, org::BOT]);
    assert!(lobby.group_members().is_empty());
    assert_eq!(fixture.chat(org::LOBBY).info(), lobby.info());
}

#[executor_test(protocols)]
fn members_are_added_all_or_none<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut lobby = fixture.chat(org::LOBBY);
    let before = lobby.info().clone();
    let error = fixture.err(lobby.add_members([org::EMMA, org::IVAN, org::JANA, "u-nobody"], ["g-none", org::ON_CALL]));
    let Some(refusal) = error.api() else { panic!("{error:?}") };
    assert_eq!(refusal.kind, ErrorKind::InvalidMembers);
    assert_eq!(sorted(refusal.invalid_members.clone()), ["g-none", org::IVAN, org::JANA, "u-nobody"]);
    assert_eq!((lobby.info(), fixture.chat(org::LOBBY).info()), (&before, &before));
    let error = fixture.err(lobby.remove_members([org::BEN, org::HENRY], [""; 0]));
    assert_eq!(error.kind(), ErrorKind::InvalidMembers);
    assert_eq!(fixture.chat(org::LOBBY).info(), &before);
}

#[executor_test(protocols)]
fn admins_are_made_and_unmade<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut lobby = fixture.chat(org::LOBBY);
    fixture.ok(lobby.add_admin(org::BEN));
    assert_eq!(admins(&lobby), [org::ANNA, org::BEN, org::BOT]);
    fixture.ok(lobby.add_admin(org::BEN));
    fixture.ok(lobby.remove_admin(org::BEN));
    fixture.ok(lobby.remove_admin(org::BEN));
    assert_eq!(admins(&lobby), [org::ANNA, org::BOT]);
    for uid in [org::HENRY, org::IVAN, "u-nobody"] {
        assert_eq!(fixture.err(lobby.add_admin(uid)).kind(), ErrorKind::NotFound, "{uid}");
        assert_eq!(fixture.err(lobby.remove_admin(uid)).kind(), ErrorKind::NotFound, "{uid}");
    }
}

#[executor_test(protocols)]
fn last_admin_stays<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut lobby = fixture.chat(org::LOBBY);
    fixture.ok(lobby.remove_admin(org::ANNA));
    let error = fixture.err(lobby.remove_admin(org::BOT));
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, Some("conflict")));
    assert_eq!(admins(&lobby), [org::BOT]);
}
