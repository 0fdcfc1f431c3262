use alloc::{collections::BTreeSet, format, string::String, vec::Vec};
use core::time::Duration;

use chrono::{DateTime, Utc};

use serde::{Deserialize, Serialize};

use super::{AssetId, Coordinates, saved::millis};
use crate::error::Error;

/// An attachment of a received message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Attachment {
    /// A calendar event.
    #[doc(alias = "CALENDAR")]
    Calendar(CalendarEvent),
    /// A location.
    #[doc(alias = "LOCATION")]
    Location(Location),
    /// A live location share.
    #[doc(alias = "LIVE_LOCATION")]
    LiveLocation(LiveLocation),
    /// One or more images.
    #[doc(alias = "GALLERY")]
    Gallery(Vec<Asset>),
    /// An audio recording and its duration, if known.
    #[doc(alias = "SOUND")]
    Sound(Asset, Option<Duration>),
    /// A video and its duration, if known.
    #[doc(alias = "VIDEO")]
    Video(Asset, Option<Duration>),
    /// Any file.
    #[doc(alias = "FILE")]
    File(Asset),
    /// A question with options to choose from.
    #[doc(alias = "POLL")]
    Poll(Poll),
    /// An attachment that this version cannot decode: its JSON, as the server sent it.
    Unknown(String),
}

/// A file stored on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Asset {
    /// The id.
    #[doc(alias = "id")]
    pub asset_id: AssetId,
    /// The file name.
    pub file_name: String,
    /// The media type, such as `image/jpeg`.
    pub media_type: String,
    /// The size in bytes.
    pub size: u64,
}

impl Asset {
    /// Creates the description of a stored file.
    ///
    /// ```
    /// use teamwire_core::model::Asset;
    ///
    /// let log = Asset::new("a1", "backup.log", "text/plain", 1_024);
    /// assert_eq!(log.asset_id, "a1");
    /// ```
    pub fn new(
        asset_id: impl Into<AssetId>,
        file_name: impl Into<String>,
        media_type: impl Into<String>,
        size: u64,
    ) -> Self {
        Self { asset_id: asset_id.into(), file_name: file_name.into(), media_type: media_type.into(), size }
    }
}

/// A calendar event. With the default protocol, title and location have up to 256 characters, the description has up
/// to 10,000, none of them a NUL, and the times are in the years 0 to 9999.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarEvent {
    pub(crate) title: String,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) description: Option<String>,
    pub(crate) location: Option<String>,
}

impl CalendarEvent {
    /// Creates an event. Times are sent with millisecond precision.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `end` is before `start`.
    pub fn new(title: impl Into<String>, start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Self, Error> {
        let event = Self::received(title, start, end);
        event.check()?;
        Ok(event)
    }

    /// Creates an event as a server sent it: its end may be before its start. It can be posted only if it is valid.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use teamwire_core::model::{Attachment, CalendarEvent};
    ///
    /// let start = DateTime::UNIX_EPOCH;
    /// let event = CalendarEvent::received("Maintenance", start, start + TimeDelta::hours(1)).with_location("Room 4");
    /// let attachment = Attachment::Calendar(event);
    /// ```
    pub fn received(title: impl Into<String>, start: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        Self { title: title.into(), start, end, description: None, location: None }
    }

    /// Returns an error for an event that cannot be posted.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Self { start, end, .. } = self;
        if end < start {
            return Err(Error::invalid("calendar", format!("the end {end} is before the start {start}")));
        }
        Ok(())
    }

    /// Sets the description.
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the location.
    pub fn with_location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The start time.
    pub const fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// The end time. In a received event it may be before the start.
    pub const fn end(&self) -> DateTime<Utc> {
        self.end
    }

    /// The description.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The location.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }
}

/// A named location. With the default protocol, each text has up to 256 characters without NUL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Location {
    /// The name.
    pub name: String,
    /// The coordinates.
    pub coordinates: Coordinates,
    /// The street and number.
    pub address: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The country.
    pub country: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
}

impl Location {
    /// Creates a location without an address. The fields of the address can be set.
    ///
    /// ```
    /// use teamwire_core::model::{Coordinates, Location};
    ///
    /// let mut depot = Location::new("Depot", Coordinates::new(48.1, 11.6)?);
    /// depot.city = Some("Munich".into());
    /// # Ok::<(), teamwire_core::Error>(())
    /// ```
    pub fn new(name: impl Into<String>, coordinates: Coordinates) -> Self {
        Self { name: name.into(), coordinates, address: None, city: None, country: None, postal_code: None }
    }
}

/// A live location share: its starting point and its duration.
#[doc(alias = "LocationSharingAttachment")]
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LiveLocation {
    /// The starting point.
    pub initial: Coordinates,
    /// The duration.
    #[serde(with = "millis")]
    pub duration: Duration,
}

impl LiveLocation {
    /// Creates a share that starts at `initial`.
    pub const fn new(initial: Coordinates, duration: ShareDuration) -> Self {
        Self::received(initial, duration.as_duration())
    }

    /// Creates a share as a server sent it: it may have any duration.
    ///
    /// ```
    /// use core::time::Duration;
    /// use teamwire_core::model::{Attachment, Coordinates, LiveLocation};
    ///
    /// let share = LiveLocation::received(Coordinates::new(48.1, 11.6)?, Duration::from_secs(30 * 60));
    /// let attachment = Attachment::LiveLocation(share);
    /// # Ok::<(), teamwire_core::Error>(())
    /// ```
    pub const fn received(initial: Coordinates, duration: Duration) -> Self {
        Self { initial, duration }
    }
}

/// The durations of a live location share that clients offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareDuration {
    /// 15 minutes.
    QuarterHour,
    /// One hour.
    OneHour,
    /// Eight hours.
    EightHours,
}

impl ShareDuration {
    /// Returns the duration.
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::QuarterHour => 15 * 60,
            Self::OneHour => 60 * 60,
            Self::EightHours => 8 * 60 * 60,
        })
    }
}

/// A question with options to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    pub(crate) question: String,
    pub(crate) options: Vec<String>,
    #[serde(default)]
    pub(crate) multiple_choice: bool,
}

impl Poll {
    /// Creates a poll in which one option can be chosen.
    ///
    /// # Errors
    ///
    /// `InvalidInput` unless there are two or more options, all different. The protocol checks the rest when the poll
    /// is posted: the default one allows up to [20](crate::protocol::V1::MAX_POLL_OPTIONS) options, and 1 to 256
    /// characters without NUL in the question and in each option.
    pub fn new<O: Into<String>>(
        question: impl Into<String>,
        options: impl IntoIterator<Item = O>,
    ) -> Result<Self, Error> {
        let poll = Self::received(question, options.into_iter().map(Into::into).collect::<Vec<_>>());
        poll.check()?;
        Ok(poll)
    }

    /// Creates a poll as a server sent it: with any number of options, which may be equal. It can be posted only if it
    /// is valid.
    ///
    /// ```
    /// use teamwire_core::model::{Attachment, Poll};
    ///
    /// let poll = Poll::received("Who is on call?", ["Anna".into(), "Ben".into()]).multiple_choice();
    /// let attachment = Attachment::Poll(poll);
    /// ```
    pub fn received(question: impl Into<String>, options: impl Into<Vec<String>>) -> Self {
        Self { question: question.into(), options: options.into(), multiple_choice: false }
    }

    /// Returns an error for a poll that cannot be posted.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let options = self.options.len();
        if options < 2 {
            return Err(Error::invalid("poll", format!("must have 2 or more options, not {options}")));
        }
        let mut seen = BTreeSet::new();
        match self.options.iter().find(|option| !seen.insert(option.as_str())) {
            Some(duplicate) => Err(Error::invalid("poll", format!("the option {duplicate:?} occurs twice"))),
            None => Ok(()),
        }
    }

    /// Allows choosing more than one option.
    pub fn multiple_choice(mut self) -> Self {
        self.multiple_choice = true;
        self
    }

    /// The question.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// The options. A received poll may have any number of them.
    pub fn options(&self) -> &[String] {
        &self.options
    }

    /// Returns `true` if more than one option can be chosen.
    pub const fn is_multiple_choice(&self) -> bool {
        self.multiple_choice
    }
}
