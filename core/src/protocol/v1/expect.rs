//! Expected requests of tests, by operation.
//!
//! Each function is named like the [operation](crate::protocol) whose request it expects. It expects what the operation
//! is about, such as a chat, and accepts everything else: any text, any page of a list, any cursor. The returned value
//! has methods for further details.
//!
//! ```
//! use teamwire_core::{Client, Draft, Script, script::v1::{expect, respond, sample}};
//!
//! let script = Script::new()
//!     .then(expect::chats_by_title("Operations"), respond::chats([sample::chat("c1", "Operations")]))
//!     .then(expect::post("c1"), respond::unavailable(30))
//!     .then(expect::post("c1").text("hello"), respond::message(sample::message("m1", "c1", "hello")));
//! for chat in Client::new(script.clone()).chats().by_title("Operations")? {
//!     chat.post("hello")?;
//! }
//! script.assert_done();
//! # Ok::<(), teamwire_core::Error>(())
//! ```
//!
//! For a request with all of its details, see [`Expect::of`]. All functions panic if the operation would reject the
//! arguments, such as an empty id.

mod details;
mod feeds;

use alloc::sync::Arc;

use chrono::DateTime;
use serde_json::json;

pub use self::{
    details::{CreateChat, CreateOneToOneChat, Members, Messages, MoveLocation, Page, Poll, Post, Upload},
    feeds::{
        all_message_updates, event_updates, live_location_updates, message_updates, reaction_updates, subscribe_events,
        subscribe_live_locations, subscribe_reactions, unsubscribe_all_events, unsubscribe_all_live_locations,
        unsubscribe_all_reactions, unsubscribe_events, unsubscribe_live_locations, unsubscribe_reactions,
    },
};
use super::V1;
use crate::{
    effect::Part,
    model::{
        Asset, AssetId, Coordinates, Draft, GroupId, MessageId, NewChat, NewOneToOne, Reaction, ReactionId,
        ReactionType, ThreadId, User, UserId,
    },
    protocol::{
        Assets as _, Chats as _, Contacts as _, EndpointResult, FilePart, Locations as _, Members as _, Messages as _,
        PageRequest, Reactions as _,
    },
    script::Expect,
};

/// Expects the request for the bot itself.
pub fn me() -> Expect {
    Expect::of(V1.me())
}

/// Expects a request for the users.
pub fn users() -> Page {
    page(V1.users(PageRequest::FIRST))
}

/// Expects the request for a user.
#[track_caller]
pub fn user(uid: impl Into<UserId>) -> Expect {
    Expect::of(V1.user(&uid.into()))
}

/// Expects a request for the groups.
pub fn groups() -> Page {
    page(V1.groups(PageRequest::FIRST))
}

/// Expects the request for a group.
#[track_caller]
pub fn group(gid: impl Into<GroupId>) -> Expect {
    Expect::of(V1.group(&gid.into()))
}

/// Expects a request for all chats of the bot.
pub fn chats() -> Page {
    page(V1.chats(PageRequest::FIRST))
}

/// Expects a request for the chats with this title.
#[track_caller]
pub fn chats_by_title(title: &str) -> Page {
    page(V1.chats_by_title(title, PageRequest::FIRST))
}

/// Expects the request for a chat.
#[track_caller]
pub fn chat(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.chat(&tid.into()))
}

/// Expects the creation of a group chat.
pub fn create_chat() -> CreateChat {
    let any = Expect::of(V1.create_chat(&NewChat::titled(""), None, &[])).any_body();
    CreateChat(any.json(json!({ "type": "group" })))
}

/// Expects the creation of a 1:1 chat with this user.
#[track_caller]
pub fn create_one_to_one_chat(recipient: impl Into<UserId>) -> CreateOneToOneChat {
    let recipient = recipient.into();
    let any = Expect::of(V1.create_one_to_one_chat(&NewOneToOne::new(&recipient), &[])).any_body();
    CreateOneToOneChat(any.json(json!({ "type": "one_to_one", "recipient": recipient })))
}

/// Expects the change of a chat's title.
#[track_caller]
pub fn update_title(tid: impl Into<ThreadId>, title: &str) -> Expect {
    Expect::of(V1.update_title(&tid.into(), title))
}

/// Expects the change of the permission to send messages.
#[track_caller]
pub fn set_allow_sending(tid: impl Into<ThreadId>, allow: bool) -> Expect {
    Expect::of(V1.set_allow_sending(&tid.into(), allow))
}

/// Expects the change of the permission to mute notifications.
#[track_caller]
pub fn set_allow_mute_notifications(tid: impl Into<ThreadId>, allow: bool) -> Expect {
    Expect::of(V1.set_allow_mute_notifications(&tid.into(), allow))
}

/// Expects the closing of a chat.
#[track_caller]
pub fn close_chat(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.close_chat(&tid.into()))
}

/// Expects the reopening of a chat.
#[track_caller]
pub fn reopen_chat(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.reopen_chat(&tid.into()))
}

/// Expects the bot to leave a chat.
#[track_caller]
pub fn leave_chat(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.leave_chat(&tid.into()))
}

/// Expects the addition of members to a chat.
#[track_caller]
pub fn add_members(tid: impl Into<ThreadId>) -> Members {
    Members(Expect::of(V1.add_members(&tid.into(), &["any".into()], &[])).any_body())
}

/// Expects the removal of members from a chat.
#[track_caller]
pub fn remove_members(tid: impl Into<ThreadId>) -> Members {
    Members(Expect::of(V1.remove_members(&tid.into(), &["any".into()], &[])).any_body())
}

/// Expects the addition of an administrator.
#[track_caller]
pub fn add_admin(tid: impl Into<ThreadId>, admin: impl Into<UserId>) -> Expect {
    Expect::of(V1.add_admin(&tid.into(), &admin.into()))
}

/// Expects the removal of an administrator.
#[track_caller]
pub fn remove_admin(tid: impl Into<ThreadId>, admin: impl Into<UserId>) -> Expect {
    Expect::of(V1.remove_admin(&tid.into(), &admin.into()))
}

/// Expects a request for the users who have read a chat.
#[track_caller]
pub fn readers(tid: impl Into<ThreadId>) -> Page {
    page(V1.readers(&tid.into(), PageRequest::FIRST))
}

/// Expects a chat to be marked as read.
#[track_caller]
pub fn mark_as_read(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.mark_as_read(&tid.into()))
}

/// Expects a request for the messages of a chat.
#[track_caller]
pub fn messages(tid: impl Into<ThreadId>) -> Messages {
    let first = V1.messages(&tid.into(), DateTime::UNIX_EPOCH, PageRequest::FIRST);
    Messages(page(first).0.any_query("since"))
}

/// Expects the request for a message.
#[track_caller]
pub fn message(tid: impl Into<ThreadId>, mid: impl Into<MessageId>) -> Expect {
    Expect::of(V1.message(&tid.into(), &mid.into()))
}

/// Expects a message to be posted.
#[track_caller]
pub fn post(tid: impl Into<ThreadId>) -> Post {
    Post(Expect::of(V1.post(&tid.into(), &Draft::text("any"), &[])).any_body())
}

/// Expects a request for the reactions to a message.
#[track_caller]
pub fn reactions(tid: impl Into<ThreadId>, mid: impl Into<MessageId>) -> Page {
    page(V1.reactions(&tid.into(), &mid.into(), PageRequest::FIRST))
}

/// Expects a reaction to be sent.
#[track_caller]
pub fn send_reaction(tid: impl Into<ThreadId>, mid: impl Into<MessageId>, reaction: &ReactionType) -> Expect {
    Expect::of(V1.send_reaction(&tid.into(), &mid.into(), reaction))
}

/// Expects the change of a reaction to another type.
#[track_caller]
pub fn update_reaction(
    tid: impl Into<ThreadId>,
    mid: impl Into<MessageId>,
    reaction_id: impl Into<ReactionId>,
    reaction: &ReactionType,
) -> Expect {
    let previous = Reaction::new(reaction_id, mid, tid, ReactionType::Ok, User::new("any", "", ""));
    Expect::of(V1.update_reaction(&previous, reaction))
}

/// Expects the request for the number of locations shared in a chat.
#[track_caller]
pub fn location_count(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.location_count(&tid.into()))
}

/// Expects the end of the bot's location share in a chat.
#[track_caller]
pub fn stop_sharing_location(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.stop_sharing_location(&tid.into()))
}

/// Expects a request for the location shares of the bot.
pub fn location_shares() -> Page {
    page(V1.location_shares(PageRequest::FIRST))
}

/// Expects the location shares of the bot to be moved.
pub fn move_location() -> MoveLocation {
    let origin = Coordinates::new(0.0, 0.0).expect("zero is in the range of coordinates");
    MoveLocation(Expect::of(V1.move_location(origin)).any_body())
}

/// Expects the request for the avatar of a chat.
#[track_caller]
pub fn avatar(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.avatar(&tid.into()))
}

/// Expects the change of a chat's avatar, to any image.
#[track_caller]
pub fn set_avatar(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.set_avatar(&tid.into(), Arc::default())).any_body()
}

/// Expects the removal of a chat's avatar.
#[track_caller]
pub fn remove_avatar(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.remove_avatar(&tid.into()))
}

/// Expects the upload of a file, before the message or chat that it belongs to.
pub fn upload() -> Upload {
    let file = FilePart::new("any", "application/octet-stream", Part::bytes(Arc::default()));
    Upload(Expect::of(V1.upload(&file, None)).any_body())
}

/// Expects the download of an asset.
#[track_caller]
pub fn download(asset: impl Into<AssetId>) -> Expect {
    Expect::of(V1.download(&Asset::new(asset, "", "", 0)))
}

/// Expects any page of a list.
#[track_caller]
fn page<T>(first: EndpointResult<crate::protocol::Page<T>>) -> Page {
    Page(Expect::of(first).any_query("cursor").any_query("limit"))
}
