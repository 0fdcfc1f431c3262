use alloc::format;
use core::{fmt, time::Duration};

use chrono::{DateTime, Utc};

use serde::{Deserialize, Serialize};

use super::{ThreadId, User, saved::millis};
use crate::error::Error;

/// Geographic coordinates in degrees (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Coordinates {
    lat: f64,
    lon: f64,
}

impl Coordinates {
    /// Creates coordinates from latitude and longitude.
    ///
    /// # Errors
    ///
    /// `InvalidInput` unless `lat` is from -90 to 90 and `lon` from -180 to 180.
    pub fn new(lat: f64, lon: f64) -> Result<Self, Error> {
        for (parameter, degrees, max) in [("latitude", lat, 90.0), ("longitude", lon, 180.0)] {
            if !(-max..=max).contains(&degrees) {
                return Err(Error::invalid(parameter, format!("must be from -{max} to {max} degrees, not {degrees}")));
            }
        }
        Ok(Self { lat, lon })
    }

    /// Degrees north of the equator: -90 to 90.
    pub const fn lat(self) -> f64 {
        self.lat
    }

    /// Degrees east of Greenwich: -180 to 180.
    pub const fn lon(self) -> f64 {
        self.lon
    }
}

/// The saved form, which may have been changed.
#[derive(Deserialize)]
struct Unchecked {
    lat: f64,
    lon: f64,
}

impl TryFrom<Unchecked> for Coordinates {
    type Error = Error;

    fn try_from(Unchecked { lat, lon }: Unchecked) -> Result<Self, Error> {
        Self::new(lat, lon)
    }
}

/// Shows latitude and longitude in degrees, as in `48.1, 11.6`.
impl fmt::Display for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.lat, self.lon)
    }
}

/// An update of a shared live location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LiveLocationUpdate {
    /// The chat in which it is shared.
    pub tid: ThreadId,
    /// The user who shares it.
    pub user: User,
    /// The position.
    pub coordinates: Coordinates,
    /// The time at which the position was reported.
    pub time: DateTime<Utc>,
    /// `true` if the share has ended: this is its last update.
    #[serde(default)]
    pub ended: bool,
}

impl LiveLocationUpdate {
    /// Creates an update of a share that has not ended. [`ended`](Self::ended) can be set.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use teamwire_core::{User, model::{Coordinates, LiveLocationUpdate}};
    ///
    /// let anna = User::new("u-anna", "Anna", "Berg");
    /// let mut last = LiveLocationUpdate::new("c1", anna, Coordinates::new(48.1, 11.6)?, DateTime::UNIX_EPOCH);
    /// last.ended = true;
    /// # Ok::<(), teamwire_core::Error>(())
    /// ```
    pub fn new(tid: impl Into<ThreadId>, user: User, coordinates: Coordinates, time: DateTime<Utc>) -> Self {
        Self { tid: tid.into(), user, coordinates, time, ended: false }
    }
}

/// A live location that the bot itself shares in a chat, as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LocationShare {
    /// The chat in which it is shared.
    pub tid: ThreadId,
    /// The time until the share ends.
    #[serde(with = "millis")]
    pub remaining: Duration,
}

impl LocationShare {
    /// Creates a share that ends after the remaining time.
    ///
    /// ```
    /// use core::time::Duration;
    /// use teamwire_core::model::LocationShare;
    ///
    /// let share = LocationShare::new("c1", Duration::from_secs(15 * 60));
    /// assert_eq!(share.tid, "c1");
    /// ```
    pub fn new(tid: impl Into<ThreadId>, remaining: Duration) -> Self {
        Self { tid: tid.into(), remaining }
    }
}
