//! What is attached to messages.

use alloc::{borrow::ToOwned, boxed::Box, format, string::String, vec::Vec};
use core::{fmt, slice, time::Duration};

use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{contacts, lenient, text};
use crate::{
    error::Error,
    model::{
        Asset, AssetId, Attachment, Calendar, Coordinates, LiveLocation, Location, New, NewAttachment, Poll,
        ShareDuration,
    },
};

/// The most attachments of a message.
const MOST: usize = 50;

/// Maximum number of attachments that are taken from a message, in case servers allow more than the contract does.
const MOST_RECEIVED: usize = 4 * MOST;
/// Received attachments.
pub(super) struct Attachments(pub(super) Vec<Attachment>);

impl<'de> Deserialize<'de> for Attachments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Received)
    }
}

/// Takes attachments one by one: as JSON all of them would need much more room.
struct Received;

impl<'de> Visitor<'de> for Received {
    type Value = Attachments;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of attachments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Attachments, A::Error> {
        let mut attachments = Vec::new();
        while attachments.len() < MOST_RECEIVED {
            let Some(raw) = list.next_element::<Box<RawValue>>()? else { return Ok(Attachments(attachments)) };
            attachments.push(received(&raw));
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Attachments(attachments))
    }
}

/// A received attachment. One that cannot be decoded is kept as it came.
fn received(raw: &RawValue) -> Attachment {
    decoded(raw.get()).unwrap_or_else(|| Attachment::Unknown(raw.get().to_owned()))
}

fn decoded(json: &str) -> Option<Attachment> {
    // The kind first: to find it among the other members, serde would hold all of them in memory, as trees.
    let KindJson { kind } = read(json)?;
    Some(match kind.as_str() {
        "calendar" => {
            let CalendarJson { title, start, end, description, location } = read(json)?;
            Attachment::Calendar(Calendar { title, start, end, description, location })
        }
        "location" => {
            let LocationJson { name, lat, lon, address, city, country, postal_code } = read(json)?;
            let coordinates = Coordinates::new(lat, lon).ok()?;
            Attachment::Location(Location { name, coordinates, address, city, country, postal_code })
        }
        "live_location" => {
            let LiveLocationJson { initial_lat, initial_lon, duration } = read(json)?;
            let initial = Coordinates::new(initial_lat, initial_lon).ok()?;
            Attachment::LiveLocation(LiveLocation { initial, duration: Duration::from_secs(duration) })
        }
        "gallery" => Attachment::Gallery(contacts::all(read::<GalleryJson>(json)?.images)),
        "sound" => {
            let RecordingJson { asset, duration_ms } = read(json)?;
            Attachment::Sound(asset.into(), duration_ms.map(Duration::from_millis))
        }
        "video" => {
            let RecordingJson { asset, duration_ms } = read(json)?;
            Attachment::Video(asset.into(), duration_ms.map(Duration::from_millis))
        }
        "file" => Attachment::File(read::<FileJson>(json)?.asset.into()),
        "poll" => {
            let PollJson { question, mut options, multiple_choice } = read(json)?;
            options.shrink_to_fit();
            Attachment::Poll(Poll { question, options, multiple_choice })
        }
        _ => return None,
    })
}

fn read<'a, J: Deserialize<'a>>(json: &'a str) -> Option<J> {
    serde_json::from_str(json).ok()
}

/// What is to be attached, as the wire has it. `stored` is what became of its uploads, in their order.
pub(super) fn all<'a>(
    attachments: &'a [NewAttachment],
    stored: &'a [Asset],
) -> Result<Vec<NewAttachmentJson<'a>>, Error> {
    if attachments.len() > MOST {
        let why = format!("there are {}; a message has at most {MOST}", attachments.len());
        return Err(Error::invalid("attachments", why));
    }
    if attachments.iter().filter(|it| matches!(it.0, New::LiveLocation(_))).count() > 1 {
        return Err(Error::invalid("attachments", "a message has at most one live location"));
    }
    let mut stored = stored.iter();
    attachments.iter().map(|new| NewAttachmentJson::new(new, &mut stored)).collect()
}

#[derive(Deserialize)]
struct KindJson {
    kind: String,
}

#[derive(Deserialize)]
struct CalendarJson {
    title: String,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    location: Option<String>,
}

#[derive(Deserialize)]
struct LocationJson {
    name: String,
    lat: f64,
    lon: f64,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    city: Option<String>,
    #[serde(default)]
    country: Option<String>,
    #[serde(default)]
    postal_code: Option<String>,
}

#[derive(Deserialize)]
struct LiveLocationJson {
    initial_lat: f64,
    initial_lon: f64,
    duration: u64,
}

#[derive(Deserialize)]
struct GalleryJson {
    images: Vec<AssetJson>,
}

/// A sound or a video.
#[derive(Deserialize)]
struct RecordingJson {
    asset: AssetJson,
    #[serde(default)]
    duration_ms: Option<u64>,
}

#[derive(Deserialize)]
struct FileJson {
    asset: AssetJson,
}

#[derive(Deserialize)]
struct PollJson {
    question: String,
    options: Vec<String>,
    multiple_choice: bool,
}

#[derive(Deserialize)]
pub(crate) struct AssetJson {
    pub(super) id: AssetId,
    #[serde(deserialize_with = "lenient::nullable")]
    pub(super) file_name: String,
    #[serde(deserialize_with = "lenient::nullable")]
    pub(super) media_type: String,
    pub(super) size: u64,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum NewAttachmentJson<'a> {
    Calendar {
        title: &'a str,
        start: String,
        end: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        location: Option<&'a str>,
    },
    Location {
        name: &'a str,
        lat: f64,
        lon: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        address: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        city: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        country: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        postal_code: Option<&'a str>,
    },
    LiveLocation {
        initial_lat: f64,
        initial_lon: f64,
        duration: u64,
    },
    Gallery {
        images: Vec<&'a str>,
    },
    Sound {
        asset: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        duration_ms: Option<u64>,
    },
    Video {
        asset: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        duration_ms: Option<u64>,
    },
    File {
        asset: &'a str,
    },
    Poll {
        question: &'a str,
        options: Vec<&'a str>,
        multiple_choice: bool,
    },
}

impl<'a> NewAttachmentJson<'a> {
    fn new(new: &'a NewAttachment, stored: &mut slice::Iter<'a, Asset>) -> Result<Self, Error> {
        // None is there yet when an attachment is only checked.
        let mut asset = || stored.next().map_or("", |asset| asset.asset_id.as_str());
        Ok(match &new.0 {
            New::Gallery(images) => Self::Gallery { images: images.iter().map(|_| asset()).collect() },
            New::Sound(_, lasts) => Self::Sound { asset: asset(), duration_ms: lasts.map(millis) },
            New::Video(_, lasts) => Self::Video { asset: asset(), duration_ms: lasts.map(millis) },
            New::File(_) => Self::File { asset: asset() },
            New::Calendar(calendar) => Self::Calendar {
                title: text::line("calendar title", &calendar.title)?,
                start: text::time("calendar start", calendar.start)?,
                end: text::time("calendar end", calendar.end)?,
                description: text::optional("calendar description", calendar.description.as_ref())?,
                location: text::optional_line("calendar location", calendar.location.as_ref())?,
            },
            New::Location(location) => Self::Location {
                name: text::line("location name", &location.name)?,
                lat: location.coordinates.lat(),
                lon: location.coordinates.lon(),
                address: text::optional_line("location address", location.address.as_ref())?,
                city: text::optional_line("location city", location.city.as_ref())?,
                country: text::optional_line("location country", location.country.as_ref())?,
                postal_code: text::optional_line("location postal code", location.postal_code.as_ref())?,
            },
            New::LiveLocation(live) => Self::LiveLocation {
                initial_lat: live.initial.lat(),
                initial_lon: live.initial.lon(),
                duration: duration(live.duration)?,
            },
            New::Poll(poll) => Self::Poll {
                question: text::filled_line("poll question", &poll.question)?,
                options: poll
                    .options
                    .iter()
                    .map(|it| text::filled_line("poll option", it))
                    .collect::<Result<_, _>>()?,
                multiple_choice: poll.multiple_choice,
            },
        })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A received live location may have any duration; one that is sent, one of three.
fn duration(duration: Duration) -> Result<u64, Error> {
    [ShareDuration::QuarterHour, ShareDuration::OneHour, ShareDuration::EightHours]
        .iter()
        .find(|allowed| allowed.as_duration() == duration)
        .map(|allowed| allowed.as_duration().as_secs())
        .ok_or_else(|| Error::invalid("live location", "it can be shared for 15 minutes, 1 hour or 8 hours"))
}
