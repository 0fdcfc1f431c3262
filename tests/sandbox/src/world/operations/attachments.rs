//! Attachments: as sent (assets by id) and as returned (assets with their details).

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::world::{
    contract::{json_object::JsonObject, problem::Problem},
    now::rfc3339,
    state::World,
};

/// An attachment of a message to post.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Attachment {
    /// Returned as sent.
    Inline(Value),
    /// One asset of kind `sound`, `video` or `file`.
    Media {
        kind: &'static str,
        asset: String,
        duration_ms: Option<u64>,
    },
    Gallery(Vec<String>),
    LiveLocation(LiveLocation),
}

/// The start of a live location.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LiveLocation {
    pub(crate) lat: f64,
    pub(crate) lon: f64,
    pub(crate) seconds: u64,
}

impl LiveLocation {
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

const ATTACHMENT_KINDS: [&str; 8] =
    ["calendar", "location", "live_location", "gallery", "sound", "video", "file", "poll"];

pub(crate) fn read(object: &mut JsonObject<'_>) -> Option<Attachment> {
    if !object.require(&["kind"]) {
        return None;
    }
    match object.one_of("kind", &ATTACHMENT_KINDS)? {
        "calendar" => calendar(object),
        "location" => location(object),
        "live_location" => live_location(object),
        "gallery" => {
            object.require(&["images"]).then(|| object.ids_with_duplicates("images", 1..=50))?.map(Attachment::Gallery)
        }
        "poll" => poll(object),
        kind => {
            let duration_ms = if kind == "file" { None } else { object.integer("duration_ms") };
            let asset = object.require(&["asset"]).then(|| object.id("asset"))??;
            Some(Attachment::Media { kind, asset, duration_ms })
        }
    }
}

fn calendar(object: &mut JsonObject<'_>) -> Option<Attachment> {
    let complete = object.require(&["title", "start", "end"]);
    let (title, start, end) = (object.string("title", 0..=256), object.timestamp("start"), object.timestamp("end"));
    let mut json = Map::new();
    put(&mut json, "kind", Some("calendar"));
    put(&mut json, "title", title);
    put(&mut json, "start", start.map(rfc3339));
    put(&mut json, "end", end.map(rfc3339));
    put(&mut json, "description", object.string("description", 0..=10_000));
    put(&mut json, "location", object.string("location", 0..=256));
    if start.zip(end).is_some_and(|(start, end)| end < start) {
        object.error("end", "must not be before the start");
    }
    complete.then_some(Attachment::Inline(json.into()))
}

fn location(object: &mut JsonObject<'_>) -> Option<Attachment> {
    let complete = object.require(&["name", "lat", "lon"]);
    let mut json = Map::new();
    put(&mut json, "kind", Some("location"));
    put(&mut json, "lat", object.number("lat", -90.0..=90.0));
    put(&mut json, "lon", object.number("lon", -180.0..=180.0));
    for name in ["name", "address", "city", "country", "postal_code"] {
        put(&mut json, name, object.string(name, 0..=256));
    }
    complete.then_some(Attachment::Inline(json.into()))
}

fn live_location(object: &mut JsonObject<'_>) -> Option<Attachment> {
    object.require(&["initial_lat", "initial_lon", "duration"]);
    let (lat, lon) = (object.number("initial_lat", -90.0..=90.0), object.number("initial_lon", -180.0..=180.0));
    let seconds = object.integer("duration");
    if seconds.is_some_and(|seconds| ![900, 3600, 28_800].contains(&seconds)) {
        object.error("duration", "must be one of 900, 3600, 28800");
    }
    Some(Attachment::LiveLocation(LiveLocation { lat: lat?, lon: lon?, seconds: seconds? }))
}

fn poll(object: &mut JsonObject<'_>) -> Option<Attachment> {
    let complete = object.require(&["question", "options", "multiple_choice"]);
    let options = object.strings("options", 2..=20, 1..=256);
    let twice = |options: &Vec<String>| options.iter().enumerate().any(|(at, it)| options[..at].contains(it));
    if options.as_ref().is_some_and(twice) {
        object.error("options", "options must differ");
    }
    let mut json = Map::new();
    put(&mut json, "kind", Some("poll"));
    put(&mut json, "question", object.string("question", 1..=256));
    put(&mut json, "options", options);
    put(&mut json, "multiple_choice", object.boolean("multiple_choice"));
    complete.then_some(Attachment::Inline(json.into()))
}

fn put(json: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        json.insert(name.to_owned(), value.into());
    }
}

impl Attachment {
    /// The assets that it refers to.
    pub(crate) fn assets(&self) -> &[String] {
        match self {
            Self::Media { asset, .. } => std::slice::from_ref(asset),
            Self::Gallery(images) => images,
            Self::Inline(_) | Self::LiveLocation(_) => &[],
        }
    }
}

impl World {
    /// The JSON of the attachments. 404 for an asset that this user cannot see.
    pub(crate) fn resolve_attachments(&self, actor: &str, attachments: &[Attachment]) -> Result<Vec<Value>, Problem> {
        let asset = |id: &String| self.asset(actor, id).map(|asset| asset.to_json(id));
        let resolve = |attachment: &Attachment| {
            Ok(match attachment {
                Attachment::Inline(json) => json.clone(),
                Attachment::Media { kind, asset: id, duration_ms } => {
                    let mut json = json!({ "kind": kind, "asset": asset(id)? });
                    if let Some(duration) = duration_ms {
                        json["duration_ms"] = json!(duration);
                    }
                    json
                }
                Attachment::Gallery(images) => {
                    let images: Vec<_> = images.iter().map(asset).collect::<Result<_, _>>()?;
                    json!({ "kind": "gallery", "images": images })
                }
                Attachment::LiveLocation(live) => json!({
                    "kind": "live_location",
                    "initial_lat": live.lat,
                    "initial_lon": live.lon,
                    "duration": live.seconds,
                }),
            })
        };
        attachments.iter().map(resolve).collect()
    }
}
