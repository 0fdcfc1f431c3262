//! The JSON of received attachments.

use alloc::vec::Vec;
use core::time::Duration;

use serde_json::{Value, json};

use super::render::{Render, millis, time};
use crate::model::{Asset, Attachment};

/// Returns the JSON of all attachments of a message.
pub(super) fn all(attachments: &[Attachment]) -> Vec<Value> {
    attachments.iter().map(one).collect()
}

/// Returns the JSON of an attachment.
pub(super) fn one(attachment: &Attachment) -> Value {
    let (kind, members) = match attachment {
        Attachment::Calendar(event) => (
            "calendar",
            json!({
                "title": event.title(), "start": time(event.start()), "end": time(event.end()),
                "description": event.description(), "location": event.location(),
            }),
        ),
        Attachment::Location(location) => (
            "location",
            json!({
                "name": location.name, "lat": location.coordinates.lat(), "lon": location.coordinates.lon(),
                "address": location.address, "city": location.city, "country": location.country,
                "postal_code": location.postal_code,
            }),
        ),
        Attachment::LiveLocation(live) => (
            "live_location",
            json!({
                "initial_lat": live.initial.lat(), "initial_lon": live.initial.lon(),
                "duration": live.duration.as_secs(),
            }),
        ),
        Attachment::Gallery(images) => {
            ("gallery", json!({ "images": images.iter().map(Render::render).collect::<Vec<_>>() }))
        }
        Attachment::Sound(asset, duration) => ("sound", recording(asset, *duration)),
        Attachment::Video(asset, duration) => ("video", recording(asset, *duration)),
        Attachment::File(asset) => ("file", json!({ "asset": asset.render() })),
        Attachment::Poll(poll) => (
            "poll",
            json!({
                "question": poll.question(), "options": poll.options(), "multiple_choice": poll.is_multiple_choice(),
            }),
        ),
        Attachment::Unknown(json) => return super::json(json),
    };
    with_kind(kind, members)
}

fn recording(asset: &Asset, duration: Option<Duration>) -> Value {
    json!({ "asset": asset.render(), "duration_ms": duration.map(millis) })
}

/// Adds the kind. The contract has no `null` in attachments: what is unknown is missing.
fn with_kind(kind: &str, mut members: Value) -> Value {
    members["kind"] = kind.into();
    if let Value::Object(members) = &mut members {
        members.retain(|_, value| !value.is_null());
    }
    members
}
