//! Samples for feeds, files and locations.

use alloc::{format, string::String, vec::Vec};

use chrono::DateTime;
use serde_json::{Value, json};

use super::{attachment, member, of};
use crate::model::{Asset, Attachment, ChatEvent, Coordinates, DeletedMessage, LiveLocationUpdate, Poll, ReadReceipt};

/// Returns a batch of events of this kind, such as `message`, `reaction` or `location`, with the cursors of
/// [`respond::message_updates`](super::super::respond::message_updates).
pub fn updates(kind: &str, items: impl IntoIterator<Item = Value>, cursor: &str) -> Value {
    let items: Vec<Value> = items.into_iter().map(|data| event(kind, data)).collect();
    batch(items, cursor)
}

/// Returns a batch of events that have a kind and data, with the cursors of [`updates`].
pub(in super::super) fn batch(mut items: Vec<Value>, cursor: &str) -> Value {
    let last = items.len().saturating_sub(1);
    for (at, item) in items.iter_mut().enumerate() {
        item["cursor"] = if at == last { cursor.into() } else { format!("{cursor}.{}", at + 1).into() };
    }
    json!({ "items": items, "cursor": cursor })
}

/// Returns a subscription, and the current end of its feed.
pub fn subscription(id: &str, cursor: &str) -> Value {
    json!({ "id": id, "cursor": cursor })
}

/// Returns an event of the feed of all events: `message`, `message_deleted`, `read`, `reaction`, `location`,
/// `chat_joined`, `chat_left`, `chat_closed`, `chat_reopened`, `chat_renamed`, `chat_changed`, or an unknown kind.
///
/// ```
/// use teamwire_core::script::v1::sample;
///
/// let renamed = sample::event("chat_renamed", sample::chat("c1", "Operations"));
/// let reaction = sample::event("reaction", sample::reaction("r1", "m1", "c1", "ok"));
/// ```
pub fn event(kind: &str, data: Value) -> Value {
    json!({ "kind": kind, "data": data })
}

/// Returns the event that a message was deleted.
pub fn message_deleted(mid: &str, tid: &str) -> Value {
    of(&ChatEvent::Deleted(DeletedMessage::new(tid, mid)))
}

/// Returns the event that the user `u-anna` has read a chat.
pub fn read(tid: &str) -> Value {
    of(&ChatEvent::Read(ReadReceipt::new(tid, member("u-anna", "Anna", "Berg"))))
}

/// Returns the event that the bot is no longer a member of a chat.
pub fn chat_left(tid: &str) -> Value {
    of(&ChatEvent::Left(tid.into()))
}

/// Returns a live location of the user `u-anna`, at 2026-01-01 00:00 UTC.
///
/// # Panics
/// If the coordinates are not on earth.
#[track_caller]
pub fn location(tid: &str, lat: f64, lon: f64) -> Value {
    let Ok(coordinates) = Coordinates::new(lat, lon) else { panic!("invalid coordinates {lat}, {lon}") };
    let new_year = DateTime::from_timestamp(1_767_225_600, 0).expect("the year 2026 is in range");
    of(&LiveLocationUpdate::new(tid, member("u-anna", "Anna", "Berg"), coordinates, new_year))
}

/// Returns an asset: an uploaded file, or the attachment of a message.
pub fn asset(id: &str, file_name: &str, media_type: &str, size: u64) -> Value {
    of(&Asset::new(id, file_name, media_type, size))
}

/// Returns a poll, as an attachment of a message, in which one option can be chosen.
///
/// ```
/// use teamwire_core::script::v1::sample;
///
/// let mut message = sample::message("m1", "c1", "Please vote");
/// message["attachments"] = [sample::poll("Who is on call?", ["Anna", "Ben"])].into();
/// ```
pub fn poll<'a>(question: &str, options: impl IntoIterator<Item = &'a str>) -> Value {
    let options: Vec<String> = options.into_iter().map(String::from).collect();
    attachment::one(&Attachment::Poll(Poll::received(question, options)))
}
