//! Responses of the server, for tests: by their content, and by error.
//!
//! Everything that the contract returns is accepted as a value of the [model](crate::model), as a reference to one, or
//! as the JSON of a [sample](super::sample), changed as the test needs it.
//!
//! ```
//! use chrono::DateTime;
//! use teamwire_core::{Client, FeedEvent, Message, Script, User, script::v1::{expect, respond}};
//!
//! let anna = User::new("u-anna", "Anna", "Berg");
//! let question = Message::new("m1", "c1", anna, DateTime::UNIX_EPOCH).with_text("Who is on call?");
//! let script = Script::new()
//!     .then(expect::message_updates("c1"), respond::no_updates("k0"))
//!     .then(expect::message_updates("c1").cursor("k0"), respond::message_updates([&question], "k1"));
//!
//! let events = Client::new(script.clone()).chats().chat("c1").new_messages(None);
//! let received: Vec<Message> = events.filter_map(|event| event.ok()?.into_item()).collect();
//! assert_eq!(received, [question]);
//! script.assert_done();
//! ```
//!
//! An empty array has no type, so an empty list is [`empty_list`], and a poll without events [`no_updates`].
//!
//! The errors of the contract are functions here, too: [`not_found`], [`rate_limited`], [`unavailable`] and so on. The
//! failures of the network are those of [`Respond`]: [`Respond::timeout`], [`Respond::unreachable`].

mod errors;
mod feeds;

use alloc::{format, vec::Vec};

use serde_json::{Value, json};

use self::errors::identified;
pub use self::{
    errors::{
        close_chat_not_allowed, closed_chat, conflict, cursor_expired, forbidden, idempotency_mismatch, image_invalid,
        image_missing, image_remove, in_progress, invalid_members, invalid_request, lease_expired,
        leave_chat_not_allowed, method_not_allowed, not_found, payload_too_large, range_not_satisfiable, rate_limited,
        read_receipts_disabled, server_error, unauthorised, unavailable, unprocessable, unsubscribed,
        unsupported_media_type, update_members_not_allowed,
    },
    feeds::{batch, event_updates, live_location_updates, message_updates, no_updates, reaction_updates, subscription},
};
use super::{
    assets::disposition,
    sample::{Render, Sample, time},
};
use crate::{
    model::{Asset, ChatInfo, Group, LocationShare, Message, Reaction, User},
    protocol::Page,
    script::Respond,
};

/// Responds with a user: the bot itself, or the one that was requested.
#[doc(alias = "me")]
#[doc(alias = "check")]
pub fn user(user: impl Sample<User>) -> Respond {
    ok(&user.into_json())
}

/// Responds with users, as the last (or only) page of a list: all users, or the readers of a chat.
#[doc(alias = "readers")]
#[doc(alias = "mark_as_read")]
pub fn users(users: impl IntoIterator<Item = impl Sample<User>>) -> Respond {
    list(users)
}

/// Responds with a group.
pub fn group(group: impl Sample<Group>) -> Respond {
    ok(&group.into_json())
}

/// Responds with groups, as the last (or only) page of a list.
pub fn groups(groups: impl IntoIterator<Item = impl Sample<Group>>) -> Respond {
    list(groups)
}

/// Responds with a chat: the one that was requested, created or changed.
#[doc(alias = "get")]
#[doc(alias = "create")]
#[doc(alias = "get_or_create")]
#[doc(alias = "by_thread_id")]
pub fn chat(chat: impl Sample<ChatInfo>) -> Respond {
    ok(&chat.into_json())
}

/// Responds with chats, as the last (or only) page of a list.
#[doc(alias = "list")]
#[doc(alias = "by_title")]
pub fn chats(chats: impl IntoIterator<Item = impl Sample<ChatInfo>>) -> Respond {
    list(chats)
}

/// Responds with the message that was posted.
#[doc(alias = "post")]
pub fn message(message: impl Sample<Message>) -> Respond {
    json(201, &message.into_json())
}

/// Responds with the message that was requested.
pub fn found_message(message: impl Sample<Message>) -> Respond {
    ok(&message.into_json())
}

/// Responds with messages, oldest first, as the last (or only) page of a list. The last one is the last of the chat.
#[doc(alias = "pull_chat_feed")]
pub fn messages(messages: impl IntoIterator<Item = impl Sample<Message>>) -> Respond {
    let messages: Vec<Value> = messages.into_iter().map(Sample::into_json).collect();
    let last = messages.iter().filter_map(|it| it["timestamp"].as_i64()).max();
    let last_modified = last.and_then(chrono::DateTime::from_timestamp_millis).map(time);
    ok(&json!({ "items": messages, "last_modified": last_modified }))
}

/// Responds with a reaction: the one that was sent or changed.
#[doc(alias = "send_reaction")]
#[doc(alias = "update_reaction")]
pub fn reaction(reaction: impl Sample<Reaction>) -> Respond {
    ok(&reaction.into_json())
}

/// Responds with reactions, as the last (or only) page of a list.
pub fn reactions(reactions: impl IntoIterator<Item = impl Sample<Reaction>>) -> Respond {
    list(reactions)
}

/// Responds with an empty list, of any kind: no users, groups, chats, messages, reactions or location shares.
///
/// ```
/// use teamwire_core::{Client, Script, script::v1::{expect, respond}};
///
/// let script = Script::new()
///     .then(expect::reactions("c1", "m1"), respond::empty_list())
///     .then(expect::chats_by_title("Operations"), respond::empty_list());
/// let client = Client::new(script);
/// assert!(client.chats().chat("c1").reactions("m1")?.is_empty());
/// assert!(client.chats().by_title("Operations")?.is_empty());
/// # Ok::<(), teamwire_core::Error>(())
/// ```
#[doc(alias = "none")]
pub fn empty_list() -> Respond {
    // Lists of messages have `last_modified`.
    ok(&json!({ "items": [], "last_modified": null }))
}

/// Responds with the number of locations shared in a chat.
#[doc(alias = "active_shared_locations")]
pub fn location_count(count: u32) -> Respond {
    ok(&json!({ "count": count }))
}

/// Responds with the location shares of the bot, as the last (or only) page of a list.
pub fn location_shares(shares: impl IntoIterator<Item = impl Sample<LocationShare>>) -> Respond {
    list(shares)
}

/// Responds to a move of the bot's location shares with the ids of the chats in which it shares its location.
#[doc(alias = "update_shared_location")]
pub fn moved_location(active: &[&str]) -> Respond {
    ok(&json!({ "active": active }))
}

/// Responds with the asset of an uploaded file.
#[doc(alias = "upload")]
#[doc(alias = "asset")]
pub fn uploaded(asset: impl Sample<Asset>) -> Respond {
    json(201, &asset.into_json())
}

/// Responds with the content of an asset.
///
/// # Panics
/// If the media type of the asset is not valid in a header.
#[doc(alias = "download")]
#[track_caller]
pub fn content(asset: &Asset, bytes: impl Into<Vec<u8>>) -> Respond {
    let etag = format!("\"{}\"", asset.asset_id.as_str().escape_default());
    let respond = file("application/octet-stream", bytes.into()).header("etag", etag).header("accept-ranges", "bytes");
    let respond = respond.header("content-disposition", disposition(&asset.file_name));
    if asset.media_type.is_empty() { respond } else { respond.header("content-type", asset.media_type.as_str()) }
}

/// Responds with an avatar: a JPEG.
#[doc(alias = "load_avatar")]
pub fn avatar(jpeg: impl Into<Vec<u8>>) -> Respond {
    file("image/jpeg", jpeg.into())
}

/// Responds without content: a chat was left, a subscription or a location share was ended.
#[doc(alias = "204")]
#[doc(alias = "no_content")]
#[doc(alias = "leave")]
pub fn done() -> Respond {
    identified(Respond::status(204))
}

/// Responds with a page of a list, which can have a successor and undecoded items.
///
/// ```
/// use teamwire_core::{Client, Script, User, protocol::Page, script::v1::{expect, respond}};
///
/// let [anna, ben] = [("u-anna", "Anna"), ("u-ben", "Ben")].map(|(uid, name)| User::new(uid, name, ""));
/// let script = Script::new()
///     .then(expect::users(), respond::page(Page::new(vec![anna]).next(Some("k1".into()))))
///     .then(expect::users().cursor("k1"), respond::users([ben]));
/// assert_eq!(Client::new(script).contacts().users()?.len(), 2);
/// # Ok::<(), teamwire_core::Error>(())
/// ```
///
/// # Panics
/// If an undecoded item is not JSON.
#[track_caller]
pub fn page<T: Render>(page: Page<T>) -> Respond {
    let (items, undecoded) = page.items.into_parts();
    let items = items.iter().map(Render::render).chain(undecoded.iter().map(|item| super::sample::json(&item.json)));
    let mut json = json!({ "items": items.collect::<Vec<_>>() });
    if let Some(cursor) = page.next_cursor {
        json["next_cursor"] = cursor.into();
    }
    if let Some(at) = page.last_modified {
        json["last_modified"] = time(at);
    }
    ok(&json)
}

fn list<T>(items: impl IntoIterator<Item = impl Sample<T>>) -> Respond {
    ok(&json!({ "items": items.into_iter().map(Sample::into_json).collect::<Vec<_>>() }))
}

fn ok(json: &Value) -> Respond {
    self::json(200, json)
}

fn json(status: u16, json: &Value) -> Respond {
    identified(Respond::status(status).body("application/json", format!("{json}")))
}

fn file(media_type: &'static str, bytes: Vec<u8>) -> Respond {
    let length = format!("{}", bytes.len());
    identified(Respond::status(200).body(media_type, bytes)).header("content-length", length)
}
