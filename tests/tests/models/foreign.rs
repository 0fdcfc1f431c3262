//! A writer of the contract's JSON that has nothing but the public API, as a protocol of another crate.

use std::time::Duration;

use chrono::SecondsFormat;
use serde_json::{Value, json};
use teamwire_core::{
    Draft, NewChat,
    model::{AttachmentKind, CalendarEvent, FileSource, Location, NewAttachment, NewOneToOne, Poll, Upload},
};

/// Returns the ids of stored files, in the order in which they are asked for: `a1`, `a2` and so on.
#[derive(Default)]
pub(crate) struct Stored(usize);

impl Stored {
    /// Returns the id of the next file.
    pub(crate) fn next(&mut self) -> String {
        self.0 += 1;
        format!("a{}", self.0)
    }
}

/// Returns the content of a file; `files` are those on disk.
pub(crate) fn content(source: &FileSource, files: &[(&str, &[u8])]) -> Vec<u8> {
    match source {
        FileSource::Bytes(bytes) => bytes.to_vec(),
        FileSource::Path(path) => {
            let file = files.iter().find(|(name, _)| name == path);
            file.unwrap_or_else(|| panic!("{path} does not exist")).1.to_vec()
        }
        other => panic!("a new source: {other:?}"),
    }
}

/// Writes the body of a post.
pub(crate) fn draft(draft: &Draft, stored: &mut Stored) -> Value {
    without_null(json!({
        "msg": draft.text,
        "attachments": attachments(&draft.attachments, stored),
        "alert_type": draft.alert_type().map(|it| it.as_str()),
        "reply_to": draft.reply_to.as_ref().map(|it| it.as_str()),
        "sender_display_name": draft.sender_display_name,
    }))
}

/// Writes the body of a request that creates a group chat.
pub(crate) fn new_chat(chat: &NewChat, stored: &mut Stored) -> Value {
    without_null(json!({
        "type": "group",
        "title": chat.title,
        "users": chat.users.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        "groups": chat.groups.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        "admins": chat.admins.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        "message": chat.message,
        "avatar": chat.avatar.as_ref().map(|_| stored.next()),
        "attachments": attachments(&chat.attachments, stored),
        "is_alert": chat.is_alert,
        "allow_sending": chat.allow_sending,
        "allow_mute_notifications": chat.allow_mute_notifications,
    }))
}

/// Writes the body of a request that creates a 1:1 chat.
pub(crate) fn new_one_to_one(chat: &NewOneToOne, stored: &mut Stored) -> Value {
    without_null(json!({
        "type": "one_to_one",
        "recipient": chat.recipient.as_str(),
        "message": chat.message,
        "attachments": attachments(&chat.attachments, stored),
    }))
}

fn attachments(attachments: &[NewAttachment], stored: &mut Stored) -> Option<Vec<Value>> {
    let list: Vec<_> = attachments.iter().map(|it| without_null(attachment(it, stored))).collect();
    Some(list).filter(|list| !list.is_empty())
}

fn attachment(new: &NewAttachment, stored: &mut Stored) -> Value {
    let mut recording = |kind: &str, _: &Upload, duration: &Option<Duration>| {
        let duration_ms = duration.map(|it| it.as_millis());
        json!({ "kind": kind, "asset": stored.next(), "duration_ms": duration_ms })
    };
    match new.kind() {
        AttachmentKind::Sound(upload, duration) => recording("sound", upload, duration),
        AttachmentKind::Video(upload, duration) => recording("video", upload, duration),
        AttachmentKind::File(_) => json!({ "kind": "file", "asset": stored.next() }),
        AttachmentKind::Gallery(images) => {
            json!({ "kind": "gallery", "images": images.iter().map(|_| stored.next()).collect::<Vec<_>>() })
        }
        AttachmentKind::Calendar(event) => calendar(event),
        AttachmentKind::Location(location) => place(location),
        AttachmentKind::LiveLocation(live) => json!({
            "kind": "live_location", "initial_lat": live.initial.lat(), "initial_lon": live.initial.lon(),
            "duration": live.duration.as_secs(),
        }),
        AttachmentKind::Poll(poll) => question(poll),
        other => panic!("a new kind: {other:?}"),
    }
}

fn calendar(event: &CalendarEvent) -> Value {
    let [start, end] = [event.start(), event.end()].map(|it| it.to_rfc3339_opts(SecondsFormat::Millis, true));
    json!({
        "kind": "calendar", "title": event.title(), "start": start, "end": end, "description": event.description(),
        "location": event.location(),
    })
}

fn place(location: &Location) -> Value {
    json!({
        "kind": "location", "name": location.name, "lat": location.coordinates.lat(),
        "lon": location.coordinates.lon(), "address": location.address, "city": location.city,
        "country": location.country, "postal_code": location.postal_code,
    })
}

fn question(poll: &Poll) -> Value {
    json!({
        "kind": "poll", "question": poll.question(), "options": poll.options(),
        "multiple_choice": poll.is_multiple_choice(),
    })
}

fn without_null(mut object: Value) -> Value {
    object.as_object_mut().expect("it is an object").retain(|_, value| !value.is_null());
    object
}
