//! Every refusal that the contract lists for a route, provoked in the sandbox by its cause.

use teamwire_core::{Error, NewChat, config::RetryPolicy, model::Image};
use teamwire_sandbox::org;
use teamwire_tests::{
    Fixture,
    contract::Contract,
    executor_test,
    harness::Harness,
    operations::{AVATAR, Operation},
};

/// Codes of requests that the client does not make (a body against its schema, a key of another request, one that is
/// still worked on, a cursor that is no longer known), and of all requests alike: each has a test of its own.
const ELSEWHERE: &[&str] = &[
    "invalid_request",
    "payload_too_large",
    "unsupported_media_type",
    "idempotency_mismatch",
    "in_progress",
    "cursor_expired",
    "rate_limited",
];

#[executor_test]
fn every_refusal_of_the_contract_has_its_cause<H: Harness>() {
    for operation in Operation::ALL {
        let refusals = Contract::load().refusals(operation.route());
        for (status, code) in refusals.into_iter().filter(|(_, code)| !ELSEWHERE.contains(code)) {
            match (operation, code) {
                // The route makes group chats as well; a chat between two has no avatar.
                (Operation::CreateOneToOneChat, "image_load") => continue,
                // Absence is no error of these.
                (operation, "not_found") if operation.finds() => continue,
                _ => {}
            }
            let error = provoked::<H>(*operation, status, code);
            assert_eq!((error.status(), error.code()), (Some(status), Some(code)), "{operation:?}: {error}");
            assert_eq!(error.kind().as_str(), kind(code), "{operation:?}: {error}");
            assert!(error.request_id().is_some(), "{operation:?}: {error:?}");
        }
    }
}

/// The name of the error's kind: its code, if there is a kind for it.
fn kind(code: &str) -> &str {
    if code == "conflict" { "server" } else { code }
}

/// The error of an operation after the cause of this refusal, without a retry.
fn provoked<H: Harness>(operation: Operation, status: u16, code: &str) -> Error {
    let fixture = Fixture::<H>::configured(|config| config.with_retry(RetryPolicy::NEVER));
    let mut bot = fixture.bot();
    match (operation, status, code) {
        (Operation::SetAvatar, _, "image_load") => {
            return fixture.err(bot.chat.set_avatar(Image::from_bytes(undecodable())));
        }
        (Operation::CreateChat, _, "image_load") => {
            let chat = NewChat::titled("Ward 3").avatar(Image::from_bytes(undecodable()));
            return fixture.err(bot.client.chats().create_chat(chat));
        }
        (Operation::RemoveAdmin, _, "conflict") => {
            fixture.ok(bot.chat.remove_admin(org::ANNA));
            return fixture.err(bot.chat.remove_admin(org::BOT));
        }
        (_, 403, "auth") => forbid(&fixture, operation),
        (_, 404, "not_found") => hide(&fixture, operation),
        (Operation::LoadAvatar, _, "image_load") => fixture.ok(bot.chat.remove_avatar()),
        _ => switch(&fixture, operation, code),
    }
    match fixture.run(operation, &mut bot) {
        Err(error) => error,
        Ok(output) => panic!("{operation:?} succeeded, and not with {status} {code}: {output}, {bot:?}"),
    }
}

/// A JPEG with a fill byte before its first marker: the client finds it fit, and the decoder of this backend cannot
/// read it.
fn undecodable() -> Vec<u8> {
    let (start, rest) = AVATAR.split_at(2);
    [start, &[0xFF], rest].concat()
}

/// Takes the right to do this from the bot.
fn forbid<H: Harness>(fixture: &Fixture<H>, operation: Operation) {
    let (admin, anna) = (fixture.sandbox.admin(), fixture.sandbox.as_person(org::ANNA));
    match operation {
        Operation::MarkAsRead => admin.allow_bot_read_marks(false),
        Operation::SendReaction | Operation::GetReactions | Operation::UpdateReaction => {
            admin.allow_bot_reactions(false);
        }
        // A member through a group does not leave by itself.
        Operation::Leave => assert!(admin.set_group_member(org::ON_CALL, org::BOT, true)),
        Operation::Post => {
            anna.remove_admin(org::LOBBY, org::BOT).expect("Anna administers the lobby");
            anna.allow_sending(org::LOBBY, false).expect("Anna administers the lobby");
        }
        _ => anna.remove_admin(org::LOBBY, org::BOT).expect("Anna administers the lobby"),
    }
}

/// Removes the object of the operation.
fn hide<H: Harness>(fixture: &Fixture<H>, operation: Operation) {
    let anna = fixture.sandbox.as_person(org::ANNA);
    match operation {
        // A user who is not a member is no admin, and cannot be made one.
        Operation::AddAdmin | Operation::RemoveAdmin => anna.leave(org::LOBBY).expect("she may leave"),
        // A bot whose user was deleted makes no chats.
        Operation::CreateChat | Operation::CreateOneToOneChat => assert!(fixture.sandbox.admin().delete_user(org::BOT)),
        _ => anna.remove_users(org::LOBBY, &[org::BOT]).expect("Anna administers the lobby"),
    }
}

/// Other causes: the organisation's settings, its users, and the state of the chat.
fn switch<H: Harness>(fixture: &Fixture<H>, operation: Operation, code: &str) {
    let (admin, anna) = (fixture.sandbox.admin(), fixture.sandbox.as_person(org::ANNA));
    match code {
        "auth" => admin.revoke_key(),
        "conflict" => anna.close(org::LOBBY).expect("Anna administers the lobby"),
        "invalid_members" if operation == Operation::RemoveMembers => anna.leave(org::LOBBY).expect("she may leave"),
        "invalid_members" => assert!(admin.delete_user(org::ANNA)),
        "update_members_not_allowed" => admin.allow_member_updates(false),
        "leave_chat_not_allowed" => admin.allow_leaving(false),
        "close_chat_not_allowed" => admin.allow_closing(false),
        "read_receipts_disabled" => admin.allow_read_receipts(false),
        "image_remove" => admin.allow_avatar_removal(false),
        other => panic!("no cause is known for {other} of {operation:?}"),
    }
}
