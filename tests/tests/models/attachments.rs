//! Received attachments of every kind.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use teamwire_core::{
    model::{Asset, Attachment, CalendarEvent, Coordinates, LiveLocation, Location, Poll},
    script::sample,
};

use crate::{client, new_year};

/// Asserts the attachment that is read from this JSON.
#[track_caller]
fn assert_read(json: Value, built: Attachment) {
    let mut message = sample::message("m1", "c1", "see below");
    message["attachments"] = json!([json]);
    let messages = client("/v1/chats/c1/messages", sample::messages([message])).chats().chat("c1").messages(None);
    assert_eq!(messages.expect("the script has it").messages[0].attachments, [built]);
}

fn asset(id: &str) -> Asset {
    Asset::new(id, "night shift.jpg", "image/jpeg", 4_096)
}

fn asset_json(id: &str) -> Value {
    json!({ "id": id, "file_name": "night shift.jpg", "media_type": "image/jpeg", "size": 4_096 })
}

fn munich() -> Coordinates {
    Coordinates::new(48.1, 11.6).expect("it is on earth")
}

#[test]
fn files_can_be_built() {
    let second = Duration::from_secs(1);
    for (json, built) in [
        (json!({ "kind": "file", "asset": asset_json("a1") }), Attachment::File(asset("a1"))),
        (
            json!({ "kind": "gallery", "images": [asset_json("a1"), asset_json("a2")] }),
            Attachment::Gallery(vec![asset("a1"), asset("a2")]),
        ),
        (json!({ "kind": "sound", "asset": asset_json("a1") }), Attachment::Sound(asset("a1"), None)),
        (
            json!({ "kind": "sound", "asset": asset_json("a1"), "duration_ms": 1_000 }),
            Attachment::Sound(asset("a1"), Some(second)),
        ),
        (
            json!({ "kind": "video", "asset": asset_json("a1"), "duration_ms": 1_000 }),
            Attachment::Video(asset("a1"), Some(second)),
        ),
    ] {
        assert_read(json, built);
    }
}

#[test]
fn locations_can_be_built() {
    let plain = json!({ "kind": "location", "name": "Depot", "lat": 48.1, "lon": 11.6 });
    assert_read(plain.clone(), Attachment::Location(Location::new("Depot", munich())));

    let mut addressed = plain;
    let mut built = Location::new("Depot", munich());
    for (name, field) in [
        ("address", &mut built.address),
        ("city", &mut built.city),
        ("country", &mut built.country),
        ("postal_code", &mut built.postal_code),
    ] {
        addressed[name] = format!("the {name}").into();
        *field = Some(format!("the {name}"));
    }
    assert_read(addressed, Attachment::Location(built));

    // A new share could not have this duration.
    let share = LiveLocation::received(munich(), Duration::from_secs(1_234));
    assert_read(
        json!({ "kind": "live_location", "initial_lat": 48.1, "initial_lon": 11.6, "duration": 1_234 }),
        Attachment::LiveLocation(share),
    );
}

#[test]
fn calendar_events_can_be_built() {
    let start = new_year();
    let json = json!({
        "kind": "calendar", "title": "Maintenance", "start": "2026-01-01T00:00:00.000Z",
        "end": "2026-01-01T01:00:00.000Z", "description": "All systems", "location": "Room 4",
    });
    let event = CalendarEvent::received("Maintenance", start, start + TimeDelta::hours(1));
    assert_read(json, Attachment::Calendar(event.with_description("All systems").with_location("Room 4")));

    // A new event could not end before its start.
    let (start, end) = ("2026-01-01T00:00:00.000Z", "2025-12-31T23:00:00.000Z");
    let json = json!({ "kind": "calendar", "title": "Maintenance", "start": start, "end": end });
    let event = CalendarEvent::received("Maintenance", new_year(), new_year() - TimeDelta::hours(1));
    assert_read(json, Attachment::Calendar(event));
}

#[test]
fn polls_can_be_built() {
    let json = json!({ "kind": "poll", "question": "On call?", "options": ["Anna", "Ben"], "multiple_choice": true });
    let poll = Poll::received("On call?", ["Anna".into(), "Ben".into()]).multiple_choice();
    assert_read(json, Attachment::Poll(poll));

    // A new poll could not have a single option.
    let json = json!({ "kind": "poll", "question": "On call?", "options": ["Anna"] });
    assert_read(json, Attachment::Poll(Poll::received("On call?", ["Anna".into()])));
}

#[test]
fn unknown_attachments_can_be_built() {
    assert_read(json!({ "kind": "hologram" }), Attachment::Unknown(r#"{"kind":"hologram"}"#.into()));
}
