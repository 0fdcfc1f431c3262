//! Attachments as they are sent (closed, an asset by its id), and as they are shown (with the asset's particulars).

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{World, form::Form, now::rfc3339, problem::Problem};

/// An attachment of a message that is to be posted.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Attachment {
    /// Shown as it was sent.
    Plain(Value),
    /// One asset: `sound`, `video` or `file`.
    Media {
        kind: &'static str,
        asset: String,
        duration_ms: Option<u64>,
    },
    Gallery(Vec<String>),
    LiveLocation(LiveLocation),
}

/// The beginning of a shared live location.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LiveLocation {
    pub(super) lat: f64,
    pub(super) lon: f64,
    pub(super) seconds: u64,
}

impl LiveLocation {
    pub(super) fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

const KINDS: [&str; 8] = ["calendar", "location", "live_location", "gallery", "sound", "video", "file", "poll"];

pub(super) fn read(form: &mut Form<'_>) -> Option<Attachment> {
    if !form.needs(&["kind"]) {
        return None;
    }
    match form.choice("kind", &KINDS)? {
        "calendar" => calendar(form),
        "location" => location(form),
        "live_location" => live_location(form),
        "gallery" => form.needs(&["images"]).then(|| form.ids_as_given("images", 1..=50))?.map(Attachment::Gallery),
        "poll" => poll(form),
        kind => {
            let duration_ms = if kind == "file" { None } else { form.whole("duration_ms") };
            let asset = form.needs(&["asset"]).then(|| form.id("asset"))??;
            Some(Attachment::Media { kind, asset, duration_ms })
        }
    }
}

fn calendar(form: &mut Form<'_>) -> Option<Attachment> {
    let complete = form.needs(&["title", "start", "end"]);
    let (title, start, end) = (form.text("title", 0..=256), form.time("start"), form.time("end"));
    let mut shown = Map::new();
    put(&mut shown, "kind", Some("calendar"));
    put(&mut shown, "title", title);
    put(&mut shown, "start", start.map(rfc3339));
    put(&mut shown, "end", end.map(rfc3339));
    put(&mut shown, "description", form.text("description", 0..=10_000));
    put(&mut shown, "location", form.text("location", 0..=256));
    if start.zip(end).is_some_and(|(start, end)| end < start) {
        form.fault("end", "before the start");
    }
    complete.then_some(Attachment::Plain(shown.into()))
}

fn location(form: &mut Form<'_>) -> Option<Attachment> {
    let complete = form.needs(&["name", "lat", "lon"]);
    let mut shown = Map::new();
    put(&mut shown, "kind", Some("location"));
    put(&mut shown, "lat", form.number("lat", -90.0..=90.0));
    put(&mut shown, "lon", form.number("lon", -180.0..=180.0));
    for name in ["name", "address", "city", "country", "postal_code"] {
        put(&mut shown, name, form.text(name, 0..=256));
    }
    complete.then_some(Attachment::Plain(shown.into()))
}

fn live_location(form: &mut Form<'_>) -> Option<Attachment> {
    form.needs(&["initial_lat", "initial_lon", "duration"]);
    let (lat, lon) = (form.number("initial_lat", -90.0..=90.0), form.number("initial_lon", -180.0..=180.0));
    let seconds = form.whole("duration");
    if seconds.is_some_and(|seconds| ![900, 3600, 28_800].contains(&seconds)) {
        form.fault("duration", "not one of 900, 3600, 28800");
    }
    Some(Attachment::LiveLocation(LiveLocation { lat: lat?, lon: lon?, seconds: seconds? }))
}

fn poll(form: &mut Form<'_>) -> Option<Attachment> {
    let complete = form.needs(&["question", "options", "multiple_choice"]);
    let options = form.texts("options", 2..=20, 1..=256);
    let twice = |options: &Vec<String>| options.iter().enumerate().any(|(at, it)| options[..at].contains(it));
    if options.as_ref().is_some_and(twice) {
        form.fault("options", "an option is given twice");
    }
    let mut shown = Map::new();
    put(&mut shown, "kind", Some("poll"));
    put(&mut shown, "question", form.text("question", 1..=256));
    put(&mut shown, "options", options);
    put(&mut shown, "multiple_choice", form.flag("multiple_choice"));
    complete.then_some(Attachment::Plain(shown.into()))
}

fn put(shown: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        shown.insert(name.to_owned(), value.into());
    }
}

impl Attachment {
    /// The assets that it shows.
    pub(super) fn assets(&self) -> &[String] {
        match self {
            Self::Media { asset, .. } => std::slice::from_ref(asset),
            Self::Gallery(images) => images,
            Self::Plain(_) | Self::LiveLocation(_) => &[],
        }
    }
}

impl World {
    /// The attachments as they are shown. 404 for an asset that this user cannot see.
    pub(super) fn resolve(&self, actor: &str, attachments: &[Attachment]) -> Result<Vec<Value>, Problem> {
        let asset = |id: &String| self.asset(actor, id).map(|asset| asset.show(id));
        let resolve = |attachment: &Attachment| {
            Ok(match attachment {
                Attachment::Plain(shown) => shown.clone(),
                Attachment::Media { kind, asset: id, duration_ms } => {
                    let mut shown = json!({ "kind": kind, "asset": asset(id)? });
                    if let Some(duration) = duration_ms {
                        shown["duration_ms"] = json!(duration);
                    }
                    shown
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
