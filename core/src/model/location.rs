use alloc::format;

use chrono::{DateTime, Utc};

use super::{ThreadId, User};
use crate::error::Error;

/// A place on earth, in degrees (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coordinates {
    lat: f64,
    lon: f64,
}

impl Coordinates {
    /// Raises `InvalidInput` unless `lat` is from -90 to 90 and `lon` from -180 to 180.
    pub fn new(lat: f64, lon: f64) -> Result<Self, Error> {
        for (what, degrees, most) in [("latitude", lat, 90.0), ("longitude", lon, 180.0)] {
            if !(-most..=most).contains(&degrees) {
                return Err(Error::invalid(what, format!("{degrees} is not from -{most} to {most} degrees")));
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

/// Where somebody who shares their location is now.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LiveLocationUpdate {
    /// The chat it is shared in.
    pub tid: ThreadId,
    /// Who shares it.
    pub user: User,
    /// Where they are.
    pub coordinates: Coordinates,
    /// Since when.
    pub time: DateTime<Utc>,
    /// Whether they no longer share it: this is the last update.
    pub ended: bool,
}
