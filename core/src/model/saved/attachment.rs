//! Attachments, tagged by their kind.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::Value;

use super::{
    super::{Asset, Attachment, AttachmentKind, CalendarEvent, LiveLocation, Location, Poll, Upload},
    millis,
};

/// The saved form of an attachment whose files are `F`.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Saved<F> {
    Calendar(CalendarEvent),
    Location(Location),
    LiveLocation(LiveLocation),
    Poll(Poll),
    Gallery {
        images: Vec<F>,
    },
    Sound {
        file: F,
        #[serde(default, with = "millis::option")]
        duration: Option<Duration>,
    },
    Video {
        file: F,
        #[serde(default, with = "millis::option")]
        duration: Option<Duration>,
    },
    File {
        file: F,
    },
}

/// Implements the conversions from and to the saved form.
macro_rules! saved {
    ($attachment:ident<$file:ident> $(, $unknown:ident)?) => {
        impl From<Saved<$file>> for $attachment {
            fn from(saved: Saved<$file>) -> Self {
                match saved {
                    Saved::Calendar(event) => Self::Calendar(event),
                    Saved::Location(location) => Self::Location(location),
                    Saved::LiveLocation(live) => Self::LiveLocation(live),
                    Saved::Poll(poll) => Self::Poll(poll),
                    Saved::Gallery { images } => Self::Gallery(images),
                    Saved::Sound { file, duration } => Self::Sound(file, duration),
                    Saved::Video { file, duration } => Self::Video(file, duration),
                    Saved::File { file } => Self::File(file),
                }
            }
        }

        impl Serialize for $attachment {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let saved = match self.clone() {
                    Self::Calendar(event) => Saved::Calendar(event),
                    Self::Location(location) => Saved::Location(location),
                    Self::LiveLocation(live) => Saved::LiveLocation(live),
                    Self::Poll(poll) => Saved::Poll(poll),
                    Self::Gallery(images) => Saved::Gallery { images },
                    Self::Sound(file, duration) => Saved::Sound { file, duration },
                    Self::Video(file, duration) => Saved::Video { file, duration },
                    Self::File(file) => Saved::File { file },
                    $(Self::Unknown(json) => return $unknown { kind: Kind::Unknown, json }.serialize(serializer),)?
                };
                saved.serialize(serializer)
            }
        }
    };
}

saved! { Attachment<Asset>, Unknown }
saved! { AttachmentKind<Upload> }

/// An attachment that cannot be sent if its kind is unknown.
impl<'de> Deserialize<'de> for AttachmentKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Saved::deserialize(deserializer).map(Self::from)
    }
}

/// The saved form of an attachment that could not be decoded when it was received.
#[derive(Serialize, Deserialize)]
struct Unknown {
    kind: Kind,
    json: String,
}

/// The kind, to distinguish the kinds of newer versions.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Calendar,
    Location,
    LiveLocation,
    Poll,
    Gallery,
    Sound,
    Video,
    File,
    Unknown,
    #[serde(other)]
    Newer,
}

#[derive(Deserialize)]
struct Tagged {
    kind: Kind,
}

/// One of a kind that a newer version has saved is [`Unknown`](Attachment::Unknown), with its saved form.
impl<'de> Deserialize<'de> for Attachment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = || match Tagged::deserialize(&value)?.kind {
            Kind::Unknown => Ok(Self::Unknown(Unknown::deserialize(&value)?.json)),
            Kind::Newer => Ok(Self::Unknown(value.to_string())),
            _ => Saved::deserialize(&value).map(Self::from),
        };
        read().map_err(|error: serde_json::Error| D::Error::custom(error))
    }
}
