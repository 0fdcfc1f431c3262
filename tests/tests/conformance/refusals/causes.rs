//! The causes of refusals: what people, the organisation's admin and other processes of the bot do, and what happens to
//! requests on their way.

use std::time::Duration;

use teamwire_sandbox::{RateLimit, org};
use teamwire_tests::{
    Fixture, Refusal,
    harness::Harness,
    operations::{Bot, Operation, Subscription},
};

use super::{alterations, callers::Caller};

/// Longer than a server remembers a subscription that has expired.
const TWO_DAYS: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// Sets the cause of a refusal of the next request.
pub(super) fn arrange<H: Harness>(fixture: &Fixture<H>, bot: &mut Bot<H::X>, caller: Caller, refusal: &Refusal) {
    if alterations::is_needed(refusal, caller) {
        return alterations::arrange(fixture, bot, refusal);
    }
    let (admin, anna) = (fixture.sandbox.admin(), fixture.sandbox.as_person(org::ANNA));
    match (refusal.1, refusal.2.as_str()) {
        (401, "auth") => admin.revoke_key(),
        (403, "auth") => forbid(fixture, caller),
        // The arguments are the cause.
        (422, "image_load") => {}
        (404, "not_found") if caller == Caller::Once(Operation::Group) => {}
        (404, "not_found") => hide(fixture, caller),
        (429, _) => admin.set_rate_limit(Some(RateLimit { per_second: 0.0, burst: 0 })),
        (_, "lease_expired") => expire_lease(fixture, caller),
        (_, "cursor_expired") => admin.expire_cursors(),
        (_, "unsubscribed") => unsubscribe(fixture, bot, caller),
        (404, "image_load") => fixture.ok(bot.chat.remove_avatar()),
        (_, "conflict") if caller == Caller::Once(Operation::RemoveAdmin) => {
            fixture.ok(bot.chat.remove_admin(org::ANNA));
        }
        (_, "conflict") => anna.close(org::LOBBY).expect("Anna administers the lobby"),
        (_, "invalid_members") if caller == Caller::Once(Operation::RemoveMembers) => {
            anna.leave(org::LOBBY).expect("she may leave");
        }
        (_, "invalid_members") => assert!(admin.delete_user(org::ANNA)),
        (_, "update_members_not_allowed") => admin.allow_member_updates(false),
        (_, "leave_chat_not_allowed") => admin.allow_leaving(false),
        (_, "close_chat_not_allowed") => admin.allow_closing(false),
        (_, "read_receipts_disabled") => admin.allow_read_receipts(false),
        (_, "image_remove") => admin.allow_avatar_removal(false),
        _ => panic!("no cause is known for {refusal:?} of {caller:?}"),
    }
}

/// Removes the bot's permission for an operation.
fn forbid<H: Harness>(fixture: &Fixture<H>, caller: Caller) {
    let (admin, anna) = (fixture.sandbox.admin(), fixture.sandbox.as_person(org::ANNA));
    let Caller::Once(operation) = caller else { panic!("nobody is known to forbid {caller:?}") };
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

/// Removes the object of the request.
fn hide<H: Harness>(fixture: &Fixture<H>, caller: Caller) {
    let (admin, anna) = (fixture.sandbox.admin(), fixture.sandbox.as_person(org::ANNA));
    match caller {
        // A user who is not a member is not an admin, and cannot become one.
        Caller::Once(Operation::AddAdmin | Operation::RemoveAdmin) => {
            anna.leave(org::LOBBY).expect("she may leave");
        }
        // A bot whose user was deleted cannot create chats.
        Caller::Once(Operation::CreateChat | Operation::CreateOneToOneChat) => {
            assert!(admin.delete_user(org::BOT));
        }
        Caller::Once(Operation::User) => assert!(admin.set_user_visible(org::ANNA, false)),
        // The server has lost its files.
        Caller::Download => admin.reset(7),
        // The server has forgotten the subscription, and the feed has an update.
        Caller::Poll(feed @ (Subscription::Reactions | Subscription::Events)) => {
            fixture.sandbox.clock().advance(TWO_DAYS);
            feed.happens(&fixture.sandbox, 1);
        }
        _ => anna.remove_users(org::LOBBY, &[org::BOT]).expect("Anna administers the lobby"),
    }
}

/// Expires the lease of a feed, which has an update.
fn expire_lease<H: Harness>(fixture: &Fixture<H>, caller: Caller) {
    let Caller::Poll(feed) = caller else { panic!("{caller:?} has no lease") };
    feed.happens(&fixture.sandbox, 1);
    fixture.sandbox.admin().expire_leases();
}

/// Ends the subscription of a feed, as another process of the bot does.
fn unsubscribe<H: Harness>(fixture: &Fixture<H>, bot: &Bot<H::X>, caller: Caller) {
    let chats = bot.client.chats();
    match caller {
        Caller::Poll(Subscription::LiveLocations) => fixture.ok(bot.chat.unsubscribe_location_updates()),
        Caller::Poll(Subscription::Reactions) => fixture.ok(chats.unsubscribe_reaction_updates()),
        Caller::Poll(Subscription::Events) => fixture.ok(chats.unsubscribe_events()),
        _ => panic!("{caller:?} has no subscription"),
    }
}
