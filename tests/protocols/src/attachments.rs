//! Attachments of messages, and the forms in which they are posted together with their files.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use teamwire_core::{
    Error,
    effect::Form,
    model::{Asset, AssetId, Attachment, AttachmentKind, CalendarEvent, Coordinates, Location, NewAttachment, Poll},
    protocol::{Attached, Endpoint, Route},
};

use crate::json::invalid;

/// Returns the request of a post. Its timeout limits only idle time, because files may be large.
pub(crate) fn post(route: Route, form: Form) -> Endpoint<()> {
    Endpoint::post(route).once().form(form).transfer_timeout()
}

/// Returns the form of a post: JSON in the field `name`, and the files, to which the JSON refers by their fields.
pub(crate) fn form(name: &str, draft: &impl Serialize, files: &[Attached]) -> Result<Form, Error> {
    let json = serde_json::to_string(draft).map_err(|error| invalid(name, error.to_string()))?;
    let mut form = Form::new().text(name, json);
    for (index, file) in files.iter().enumerate() {
        form = enclose(form, &field(index), file)?;
    }
    Ok(form)
}

/// Adds a file, unless the form is made only to validate the arguments.
pub(crate) fn enclose(form: Form, field: &str, file: &Attached) -> Result<Form, Error> {
    match file {
        Attached::Enclosed(file) => form.file(field, &file.name, &file.media_type, file.content.clone()),
        _ => Ok(form),
    }
}

/// Returns the name of the field of a file: `file1`, `file2` and so on.
fn field(index: usize) -> String {
    format!("file{}", index + 1)
}

/// Returns attachments in the form in which they are sent.
pub(crate) fn drafts(attachments: &[NewAttachment]) -> Result<Vec<AttachmentDraft<'_>>, Error> {
    let mut files = (0..).map(field);
    attachments.iter().map(|attachment| AttachmentDraft::new(attachment.kind(), &mut files)).collect()
}

/// An attachment to be sent.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum AttachmentDraft<'a> {
    Event { title: &'a str, start: DateTime<Utc>, end: DateTime<Utc>, notes: Option<&'a str>, place: Option<&'a str> },
    Place(PlaceDraft<'a>),
    Pictures { files: Vec<String> },
    Sound { file: String, millis: Option<u64> },
    Video { file: String, millis: Option<u64> },
    File { file: String },
    Poll { question: &'a str, options: &'a [String], is_multiple_choice: bool },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlaceDraft<'a> {
    name: &'a str,
    latitude: f64,
    longitude: f64,
    address: Option<&'a str>,
    city: Option<&'a str>,
    country: Option<&'a str>,
    postal_code: Option<&'a str>,
}

impl<'a> AttachmentDraft<'a> {
    fn new(kind: &'a AttachmentKind, fields: &mut impl Iterator<Item = String>) -> Result<Self, Error> {
        let mut field = || fields.next().expect("there is a name for each number");
        Ok(match kind {
            AttachmentKind::Calendar(event) => Self::Event {
                title: event.title(),
                start: event.start(),
                end: event.end(),
                notes: event.description(),
                place: event.location(),
            },
            AttachmentKind::Location(place) => Self::Place(PlaceDraft {
                name: &place.name,
                latitude: place.coordinates.lat(),
                longitude: place.coordinates.lon(),
                address: place.address.as_deref(),
                city: place.city.as_deref(),
                country: place.country.as_deref(),
                postal_code: place.postal_code.as_deref(),
            }),
            AttachmentKind::Gallery(images) => Self::Pictures { files: images.iter().map(|_| field()).collect() },
            AttachmentKind::Sound(_, duration) => {
                Self::Sound { file: field(), millis: duration.map(millis).transpose()? }
            }
            AttachmentKind::Video(_, duration) => {
                Self::Video { file: field(), millis: duration.map(millis).transpose()? }
            }
            AttachmentKind::File(_) => Self::File { file: field() },
            AttachmentKind::Poll(poll) => Self::Poll {
                question: poll.question(),
                options: poll.options(),
                is_multiple_choice: poll.is_multiple_choice(),
            },
            // Live locations, and kinds of later versions.
            _ => return Err(Error::unsupported("post of this kind of attachment")),
        })
    }
}

fn millis(duration: Duration) -> Result<u64, Error> {
    duration.as_millis().try_into().map_err(|_| invalid("duration", "is too long"))
}

/// A received attachment.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum AttachmentJson {
    Known(KnownJson),
    /// An attachment of an unknown kind, or a malformed one.
    Unknown(Value),
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum KnownJson {
    Event { title: String, start: DateTime<Utc>, end: DateTime<Utc>, notes: Option<String>, place: Option<String> },
    Place(PlaceJson),
    Pictures { files: Vec<FileJson> },
    Sound { file: FileJson, millis: Option<u64> },
    Video { file: FileJson, millis: Option<u64> },
    File { file: FileJson },
    Poll { question: String, options: Vec<String>, is_multiple_choice: bool },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlaceJson {
    name: String,
    latitude: f64,
    longitude: f64,
    address: Option<String>,
    city: Option<String>,
    country: Option<String>,
    postal_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileJson {
    file_id: AssetId,
    name: String,
    media_type: String,
    size: u64,
}

impl FileJson {
    fn into_model(self) -> Asset {
        Asset::new(self.file_id, self.name, self.media_type, self.size)
    }
}

impl AttachmentJson {
    pub(crate) fn into_model(self) -> Attachment {
        match self {
            Self::Known(known) => known.into_model(),
            Self::Unknown(json) => Attachment::Unknown(json.to_string()),
        }
    }
}

impl KnownJson {
    fn into_model(self) -> Attachment {
        match self {
            Self::Event { title, start, end, notes, place } => {
                let event = CalendarEvent::received(title, start, end);
                let event = notes.into_iter().fold(event, CalendarEvent::with_description);
                Attachment::Calendar(place.into_iter().fold(event, CalendarEvent::with_location))
            }
            Self::Place(json) => json.into_model(),
            Self::Pictures { files } => Attachment::Gallery(files.into_iter().map(FileJson::into_model).collect()),
            Self::Sound { file, millis } => Attachment::Sound(file.into_model(), millis.map(Duration::from_millis)),
            Self::Video { file, millis } => Attachment::Video(file.into_model(), millis.map(Duration::from_millis)),
            Self::File { file } => Attachment::File(file.into_model()),
            Self::Poll { question, options, is_multiple_choice } => {
                let poll = Poll::received(question, options);
                Attachment::Poll(if is_multiple_choice { poll.multiple_choice() } else { poll })
            }
        }
    }
}

impl PlaceJson {
    fn into_model(self) -> Attachment {
        let Ok(coordinates) = Coordinates::new(self.latitude, self.longitude) else {
            return Attachment::Unknown(format!("a place at {} and {}", self.latitude, self.longitude));
        };
        let mut place = Location::new(self.name, coordinates);
        (place.address, place.city) = (self.address, self.city);
        (place.country, place.postal_code) = (self.country, self.postal_code);
        Attachment::Location(place)
    }
}
