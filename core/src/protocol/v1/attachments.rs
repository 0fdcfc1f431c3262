//! Attachments of messages.

use alloc::{format, string::String, vec::Vec};
use core::{slice, time::Duration};

use serde::Serialize;

use super::{
    V1,
    json::{Decode, DecodeError, Json, Member, object},
    text,
};
use crate::{
    error::Error,
    model::{
        Asset, Attachment, AttachmentKind, CalendarEvent, Coordinates, LiveLocation, Location, NewAttachment, Poll,
        ShareDuration,
    },
    protocol::Attached,
};

impl V1 {
    /// Maximum number of images in a gallery.
    pub const MAX_IMAGES: usize = 50;
    /// Maximum number of options of a poll.
    pub const MAX_POLL_OPTIONS: usize = 20;
}

/// Maximum number of attachments of a message.
const MAX_ATTACHMENTS: usize = 50;

/// Maximum number of attachments that are read from a message, in case a server allows more than the contract.
const MAX_RECEIVED_ATTACHMENTS: usize = 4 * MAX_ATTACHMENTS;

/// Returns the received attachments. Those that cannot be decoded are kept as raw JSON.
pub(super) fn received(list: Member<'_>) -> Vec<Attachment> {
    let items = list.value().and_then(Json::items).into_iter().flatten();
    let mut attachments: Vec<_> = items.take(MAX_RECEIVED_ATTACHMENTS).map(attachment).collect();
    attachments.shrink_to_fit();
    attachments
}

fn attachment(json: Json<'_>) -> Attachment {
    let unknown = |_| Attachment::Unknown(String::from_utf8_lossy(json.bytes()).into_owned());
    Attachment::decode(json).unwrap_or_else(unknown)
}

/// Essential are the kind, times, coordinates, durations, files, and the question and options of a poll.
impl Decode for Attachment {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [kind] = json.members(["kind"])?;
        Ok(match kind.required::<String>()?.as_str() {
            "calendar" => Self::Calendar(CalendarEvent::decode(json)?),
            "location" => Self::Location(Location::decode(json)?),
            "live_location" => Self::LiveLocation(LiveLocation::decode(json)?),
            "gallery" => {
                let [images] = json.members(["images"])?;
                Self::Gallery(images.required_items()?)
            }
            "sound" => Recording::decode(json).map(|Recording(asset, duration)| Self::Sound(asset, duration))?,
            "video" => Recording::decode(json).map(|Recording(asset, duration)| Self::Video(asset, duration))?,
            "file" => {
                let [asset] = json.members(["asset"])?;
                Self::File(asset.required()?)
            }
            "poll" => Self::Poll(Poll::decode(json)?),
            _ => return Err(DecodeError::new("unknown attachment kind").at("kind")),
        })
    }
}

object! {
    CalendarEvent {
        "title" => title: optional,
        "start" => start: required,
        "end" => end: required,
        "description" => description: optional,
        "location" => location: optional,
    } Ok(Self { title: title.unwrap_or_default(), start, end, description, location })
}

object! {
    Location {
        "name" => name: optional,
        "lat" => lat: required,
        "lon" => lon: required,
        "address" => address: optional,
        "city" => city: optional,
        "country" => country: optional,
        "postal_code" => postal_code: optional,
    } Ok(Self {
        name: name.unwrap_or_default(),
        coordinates: coordinates(lat, lon)?,
        address,
        city,
        country,
        postal_code,
    })
}

object! {
    LiveLocation {
        "initial_lat" => lat: required,
        "initial_lon" => lon: required,
        "duration" => duration: required,
    } Ok(Self { initial: coordinates(lat, lon)?, duration: Duration::from_secs(duration) })
}

object! {
    Poll {
        "question" => question: required,
        "options" => options: with(Member::required_items),
        "multiple_choice" => multiple_choice: optional,
    } Ok(Self { question, options: options?, multiple_choice: multiple_choice.unwrap_or(false) })
}

/// A sound or a video.
struct Recording(Asset, Option<Duration>);

object! {
    Recording {
        "asset" => asset: required,
        "duration_ms" => duration_ms: optional,
    } Ok(Self(asset, duration_ms.map(Duration::from_millis)))
}

pub(super) fn coordinates(lat: f64, lon: f64) -> Result<Coordinates, DecodeError> {
    Coordinates::new(lat, lon).map_err(|_| DecodeError::new("invalid coordinates"))
}

/// Returns new attachments in the form of the contract. `files` are their files, in the same order.
pub(super) fn all<'a>(
    attachments: &'a [NewAttachment],
    files: &'a [Attached],
) -> Result<Vec<NewAttachmentJson<'a>>, Error> {
    if attachments.len() > MAX_ATTACHMENTS {
        let reason = format!("a message has at most {MAX_ATTACHMENTS}, not {}", attachments.len());
        return Err(Error::invalid("attachments", reason));
    }
    if attachments.iter().filter(|it| matches!(it.kind(), AttachmentKind::LiveLocation(_))).count() > 1 {
        return Err(Error::invalid("attachments", "a message has at most one live location"));
    }
    let mut files = files.iter();
    attachments.iter().map(|new| NewAttachmentJson::new(new, &mut files)).collect()
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
    fn new(new: &'a NewAttachment, files: &mut slice::Iter<'a, Attached>) -> Result<Self, Error> {
        // No file is stored yet when the request is only validated.
        let mut asset = || files.next().and_then(Attached::asset).map_or("", |asset| asset.asset_id.as_str());
        Ok(match new.kind() {
            AttachmentKind::Gallery(images) => {
                at_most(V1::MAX_IMAGES, images.len(), "gallery", "images")?;
                Self::Gallery { images: images.iter().map(|_| asset()).collect() }
            }
            AttachmentKind::Sound(_, duration) => {
                Self::Sound { asset: asset(), duration_ms: duration.map(millis).transpose()? }
            }
            AttachmentKind::Video(_, duration) => {
                Self::Video { asset: asset(), duration_ms: duration.map(millis).transpose()? }
            }
            AttachmentKind::File(_) => Self::File { asset: asset() },
            AttachmentKind::Calendar(calendar) => Self::Calendar {
                title: text::single_line("calendar title", &calendar.title)?,
                start: text::time("calendar start", calendar.start)?,
                end: text::time("calendar end", calendar.end)?,
                description: text::optional_text("calendar description", calendar.description.as_ref())?,
                location: text::optional_single_line("calendar location", calendar.location.as_ref())?,
            },
            AttachmentKind::Location(location) => Self::Location {
                name: text::single_line("location name", &location.name)?,
                lat: location.coordinates.lat(),
                lon: location.coordinates.lon(),
                address: text::optional_single_line("location address", location.address.as_ref())?,
                city: text::optional_single_line("location city", location.city.as_ref())?,
                country: text::optional_single_line("location country", location.country.as_ref())?,
                postal_code: text::optional_single_line("location postal code", location.postal_code.as_ref())?,
            },
            AttachmentKind::LiveLocation(live) => Self::LiveLocation {
                initial_lat: live.initial.lat(),
                initial_lon: live.initial.lon(),
                duration: duration(live.duration)?,
            },
            AttachmentKind::Poll(poll) => {
                at_most(V1::MAX_POLL_OPTIONS, poll.options.len(), "poll", "options")?;
                let options = poll.options.iter().map(|it| text::non_empty_line("poll option", it));
                Self::Poll {
                    question: text::non_empty_line("poll question", &poll.question)?,
                    options: options.collect::<Result<_, _>>()?,
                    multiple_choice: poll.multiple_choice,
                }
            }
        })
    }
}

fn at_most(max: usize, number: usize, parameter: &str, items: &str) -> Result<(), Error> {
    if number > max {
        return Err(Error::invalid(parameter, format!("must have at most {max} {items}, not {number}")));
    }
    Ok(())
}

/// The largest integer that every JSON library represents exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

fn millis(duration: Duration) -> Result<u64, Error> {
    let millis = u64::try_from(duration.as_millis()).ok().filter(|millis| *millis <= MAX_SAFE_INTEGER);
    millis.ok_or_else(|| Error::invalid("duration", format!("must be at most {MAX_SAFE_INTEGER} ms")))
}

/// Returns the seconds of a new live location's duration: unlike a received one, it must be one of three.
fn duration(duration: Duration) -> Result<u64, Error> {
    [ShareDuration::QuarterHour, ShareDuration::OneHour, ShareDuration::EightHours]
        .iter()
        .find(|allowed| allowed.as_duration() == duration)
        .map(|allowed| allowed.as_duration().as_secs())
        .ok_or_else(|| Error::invalid("live location", "the duration must be 15 minutes, 1 hour or 8 hours"))
}
