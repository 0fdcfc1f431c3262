//! Sample JSON of the server, as a starting point for tests.
//!
//! [`of`] renders a value of the [model](crate::model). The other functions return what tests need most. Change what
//! matters: `chat["is_closed"] = true.into()`. The functions of [`respond`](super::respond) accept both the JSON and
//! the values themselves.

mod attachment;
mod events;
mod model;
mod render;

use alloc::vec::Vec;

use chrono::DateTime;
use serde_json::{Value, json};

pub(super) use self::{events::batch, render::time};
pub use self::{
    events::{asset, chat_left, event, location, message_deleted, poll, read, subscription, updates},
    render::{Render, Sample},
};
use crate::model::{AlertType, ChatInfo, ChatType, Group, Message, Reaction, ReactionType, User};

/// Parses JSON.
///
/// # Panics
/// If it is malformed.
#[track_caller]
pub fn json(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => panic!("malformed JSON: {error}: {text}"),
    }
}

/// Returns the JSON of a value of the model. The contract allows milliseconds in times, and whole seconds in the
/// duration of a live location; the rest is cut off.
///
/// ```
/// use teamwire_core::{User, script::v1::sample};
///
/// let anna = sample::of(&User::new("u-anna", "Anna", "Berg"));
/// assert_eq!(anna["first_name"], "Anna");
/// ```
///
/// # Panics
/// If it has an [unknown attachment](crate::model::Attachment::Unknown) that is not JSON.
#[track_caller]
pub fn of(value: &impl Render) -> Value {
    value.render()
}

/// Returns a user who is not a bot.
pub fn user(uid: &str, first_name: &str, last_name: &str) -> Value {
    of(&member(uid, first_name, last_name))
}

/// Returns the bot itself.
pub fn bot() -> Value {
    of(&bot_user())
}

/// Returns a group without members.
pub fn group(gid: &str, title: &str) -> Value {
    let mut group = Group::new(gid, title);
    (group.is_circle, group.is_public) = (true, true);
    of(&group)
}

/// Returns a group chat whose only member and admin is the bot.
pub fn chat(tid: &str, title: &str) -> Value {
    let mut chat = ChatInfo::new(tid, ChatType::Group);
    chat.title = title.into();
    (chat.users, chat.admins) = ([bot_user()].into(), [bot_user()].into());
    of(&chat)
}

/// Returns an ordinary message of the bot, sent at 2026-01-01 00:00 UTC.
pub fn message(mid: &str, tid: &str, text: &str) -> Value {
    of(&bot_message(mid, tid, text))
}

/// Returns an ordinary message of the user `u-anna`, for a bot that ignores its own.
///
/// ```
/// use teamwire_core::script::v1::{respond, sample};
///
/// let message = sample::message_of_anna("m1", "c1", "help");
/// assert_eq!(message["from_user"]["uid"], "u-anna");
/// let response = respond::messages([message]);
/// # let _ = response;
/// ```
pub fn message_of_anna(mid: &str, tid: &str, text: &str) -> Value {
    let mut message = bot_message(mid, tid, text);
    message.from_user = anna();
    of(&message)
}

/// Returns an alert of the bot.
pub fn alert(mid: &str, tid: &str, text: &str) -> Value {
    of(&bot_message(mid, tid, text).with_alert_type(AlertType::Alert))
}

/// Returns a reaction of the user `u-anna` to a message: `ok`, `sos`, `thumbs_up` and so on.
pub fn reaction(reaction_id: &str, mid: &str, tid: &str, reaction_type: &str) -> Value {
    let mut reaction = of(&Reaction::new(reaction_id, mid, tid, ReactionType::Ok, anna()));
    reaction["reaction_type"] = reaction_type.into();
    reaction
}

/// Returns the last (or only) page of a list.
pub fn page(items: impl IntoIterator<Item = Value>) -> Value {
    json!({ "items": items.into_iter().collect::<Vec<_>>() })
}

/// Returns the last (or only) page of a list of messages.
pub fn messages(items: impl IntoIterator<Item = Value>) -> Value {
    let mut page = page(items);
    page["last_modified"] = "2026-01-01T00:00:00.000Z".into();
    page
}

fn member(uid: &str, first_name: &str, last_name: &str) -> User {
    let mut user = User::new(uid, first_name, last_name);
    user.organisation = "Example Org".into();
    user
}

fn anna() -> User {
    member("u-anna", "Anna", "Berg")
}

fn bot_user() -> User {
    let mut bot = member("u-bot", "Example", "Bot");
    bot.is_bot = true;
    bot
}

fn bot_message(mid: &str, tid: &str, text: &str) -> Message {
    const NEW_YEAR: i64 = 1_767_225_600_000;
    let new_year = DateTime::from_timestamp_millis(NEW_YEAR).expect("the year 2026 is in range");
    Message::new(mid, tid, bot_user(), new_year).with_text(text)
}
