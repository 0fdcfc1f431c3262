use alloc::{collections::BTreeSet, format, string::String, vec::Vec};
use core::time::Duration;

use chrono::{DateTime, Utc};

use super::{AssetId, Coordinates};
use crate::error::Error;

/// What is attached to a received message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Attachment {
    /// An appointment.
    #[doc(alias = "CALENDAR")]
    Calendar(CalendarEvent),
    /// A place.
    #[doc(alias = "LOCATION")]
    Location(Location),
    /// Where somebody is, as they move.
    #[doc(alias = "LIVE_LOCATION")]
    LiveLocation(LiveLocation),
    /// One or more images.
    #[doc(alias = "GALLERY")]
    Gallery(Vec<Asset>),
    /// A recording, and how long it lasts, if that is known.
    #[doc(alias = "SOUND")]
    Sound(Asset, Option<Duration>),
    /// A video, and how long it lasts, if that is known.
    #[doc(alias = "VIDEO")]
    Video(Asset, Option<Duration>),
    /// Any file.
    #[doc(alias = "FILE")]
    File(Asset),
    /// A question with options to choose from.
    #[doc(alias = "POLL")]
    Poll(Poll),
    /// One of a kind that this version does not know, or that it could not understand: the JSON as the server sent it.
    Unknown(String),
}

/// Bytes that the server keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asset {
    /// What the server calls them.
    #[doc(alias = "id")]
    pub asset_id: AssetId,
    /// The name of the file.
    pub file_name: String,
    /// The media type, as in `image/jpeg`.
    pub media_type: String,
    /// How many bytes.
    pub size: u64,
}

/// An appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarEvent {
    pub(crate) title: String,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) description: Option<String>,
    pub(crate) location: Option<String>,
}

impl CalendarEvent {
    /// Raises `InvalidInput` if `end` is before `start`. Times are sent to the millisecond.
    pub fn new(title: impl Into<String>, start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Self, Error> {
        if end < start {
            return Err(Error::invalid("calendar", format!("its end {end} is before its start {start}")));
        }
        Ok(Self { title: title.into(), start, end, description: None, location: None })
    }

    /// What it is about.
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Where it is.
    pub fn with_location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// What it is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// When it begins.
    pub const fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// When it ends: not before it begins.
    pub const fn end(&self) -> DateTime<Utc> {
        self.end
    }

    /// What it is about.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Where it is.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }
}

/// A place with a name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Location {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub coordinates: Coordinates,
    /// Street and number.
    pub address: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
}

impl Location {
    /// A place without an address; its fields can be set.
    pub fn new(name: impl Into<String>, coordinates: Coordinates) -> Self {
        Self { name: name.into(), coordinates, address: None, city: None, country: None, postal_code: None }
    }
}

/// Where somebody was when they began to share their location, and for how long they share it.
#[doc(alias = "LocationSharingAttachment")]
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LiveLocation {
    /// Where it begins.
    pub initial: Coordinates,
    /// How long it is shared.
    pub duration: Duration,
}

impl LiveLocation {
    /// Begins at `initial` and goes on for `duration`.
    pub const fn new(initial: Coordinates, duration: ShareDuration) -> Self {
        Self { initial, duration: duration.as_duration() }
    }
}

/// How long a location can be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShareDuration {
    /// 15 minutes.
    QuarterHour,
    /// One hour.
    OneHour,
    /// Eight hours.
    EightHours,
}

impl ShareDuration {
    /// The time it stands for.
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::QuarterHour => 15 * 60,
            Self::OneHour => 60 * 60,
            Self::EightHours => 8 * 60 * 60,
        })
    }
}

/// A question with options to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    pub(crate) question: String,
    pub(crate) options: Vec<String>,
    pub(crate) multiple_choice: bool,
}

impl Poll {
    /// The most options a poll can have. The fewest are two.
    pub const MAX_OPTIONS: usize = 20;

    /// A poll of which one option can be chosen. Raises `InvalidInput` unless there are 2 to 20 options, no two the same.
    pub fn new<O: Into<String>>(
        question: impl Into<String>,
        options: impl IntoIterator<Item = O>,
    ) -> Result<Self, Error> {
        let options: Vec<String> = options.into_iter().map(Into::into).collect();
        if !(2..=Self::MAX_OPTIONS).contains(&options.len()) {
            return Err(Error::invalid("poll", format!("it has {} options; it must have 2 to 20", options.len())));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = options.iter().find(|option| !seen.insert(option.as_str())) {
            return Err(Error::invalid("poll", format!("the option {twice:?} is there twice")));
        }
        Ok(Self { question: question.into(), options, multiple_choice: false })
    }

    /// Lets people choose more than one option.
    pub fn multiple_choice(mut self) -> Self {
        self.multiple_choice = true;
        self
    }

    /// What is asked.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// What can be answered: 2 to 20, no two the same.
    pub fn options(&self) -> &[String] {
        &self.options
    }

    /// Whether more than one option can be chosen.
    pub const fn is_multiple_choice(&self) -> bool {
        self.multiple_choice
    }
}
