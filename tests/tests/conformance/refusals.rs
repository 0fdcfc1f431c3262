//! Every rejection that the contract lists for a route, provoked in the sandbox by its cause.

use teamwire_core::{Error, NewChat, config::RetryPolicy, model::Image};
use teamwire_sandbox::org;
use teamwire_tests::{
    Fixture,
    contract::Contract,
    executor_test,
    harness::Harness,
    operations::{AVATAR, Operation},
};

/// Codes of requests that the client does not send (an invalid body, a key that is used by another request or is in
/// progress, an expired cursor), and of all requests alike: each has another test.
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
                // The route also creates group chats; a one-to-one chat has no avatar.
                (Operation::CreateOneToOneChat, "image_load") => continue,
                // These return `None` instead.
                (operation, "not_found") if operation.finds() => continue,
                _ => {}
            }
            let error = provoked::<H>(*operation, status, code);
            assert_eq!((error.status(), error.code()), (Some(status), Some(code)), "{operation:?}: {error}");
            assert_eq!(error.kind().as_str(), code, "{operation:?}: {error}");
            assert!(error.request_id().is_some(), "{operation:?}: {error:?}");
        }
    }
}

/// Returns the error of an operation after the cause of this rejection, without a retry.
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

/// A JPEG with a fill byte before its first marker: valid for the client, but not for the decoder of the sandbox.
fn undecodable() -> Vec<u8> {
    let (start, rest) = AVATAR.split_at(2);
    [start, &[0xFF], rest].concat()
}

/// Removes the bot's permission for an operation.
fn forbid<H: Harness>(fixture: &Fixture<H>, operation: Operation) {
    let (admin, anna) = (fixture.sandbox.admin(), fixture.sandbox.as_person(org::ANNA));
    match operation {
        Operation::MarkAsRead => admin.allow_bot_read_marks(false),
        Operation::SendReaction | Operation::GetReactions | Operation::UpdateReaction => {
            admin.allow_bot_reactions(false);
        }
        // A member through a group cannot leave.
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
        // A user who is not a member is not an admin, and cannot become one.
        Operation::AddAdmin | Operation::RemoveAdmin => anna.leave(org::LOBBY).expect("she may leave"),
        // A bot whose user was deleted cannot create chats.
        Operation::CreateChat | Operation::CreateOneToOneChat => assert!(fixture.sandbox.admin().delete_user(org::BOT)),
        _ => anna.remove_users(org::LOBBY, &[org::BOT]).expect("Anna administers the lobby"),
    }
}

/// Sets other causes: the organisation's settings, its users, and the state of the chat.
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
