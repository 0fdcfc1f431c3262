//! Live locations.

use alloc::vec::Vec;
use core::time::Duration;

use serde::Serialize;

use super::{
    V1,
    attachments::coordinates,
    endpoints::{change, chat, list},
    json::{Decode, DecodeError, Json},
};
use crate::{
    model::{Coordinates, LiveLocationUpdate, LocationShare, ThreadId},
    protocol::{Endpoint, Locations, Made, Page, PageRequest, Route},
};

impl Locations for V1 {
    /// `GET /v1/chats/{tid}/location/active`.
    fn location_count(&self, tid: &ThreadId) -> Made<u64> {
        let active = Endpoint::get(chat(tid)?.join("location/active"));
        Ok(active.reads(|response| Ok(response.json().map(|Count(count)| count)?)))
    }

    /// `DELETE /v1/chats/{tid}/location`.
    fn stop_sharing_location(&self, tid: &ThreadId) -> Made<()> {
        Ok(change(Endpoint::delete(chat(tid)?.join("location"))))
    }

    /// `GET /v1/location`.
    fn location_shares(&self, page: PageRequest<'_>) -> Made<Page<LocationShare>> {
        Ok(list(Route::new("v1/location"), page))
    }

    /// `PUT /v1/location`.
    fn move_location(&self, coordinates: Coordinates) -> Made<Option<Vec<ThreadId>>> {
        let body = PlaceJson { lat: coordinates.lat(), lon: coordinates.lon() };
        let put = change(Endpoint::put(Route::new("v1/location"))).with(&body);
        Ok(put.reads(|response| Ok(response.json().map(|Active(active)| active)?)))
    }
}

/// All members are essential.
impl Decode for LocationShare {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [tid, remaining_ms] = json.members(["tid", "remaining_ms"])?;
        Ok(Self::new(tid.required::<ThreadId>()?, Duration::from_millis(remaining_ms.required()?)))
    }
}

/// The number of locations.
struct Count(u64);

impl Decode for Count {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [count] = json.members(["count"])?;
        count.required().map(Self)
    }
}

/// The chats of the bot's active shares; `None` if they cannot be decoded.
struct Active(Option<Vec<ThreadId>>);

impl Decode for Active {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        // Never an error: the shares have been moved already.
        let Ok([active]) = json.members(["active"]) else { return Ok(Self(None)) };
        Ok(Self(match active.json() {
            Ok(list) if list.is_null() => Some(Vec::new()),
            _ => active.required_items().ok(),
        }))
    }
}

#[derive(Serialize)]
struct PlaceJson {
    lat: f64,
    lon: f64,
}

/// All members are essential, except `ended` and the details of the user.
impl Decode for LiveLocationUpdate {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [tid, user, lat, lon, time, ended] = json.members(["tid", "user", "lat", "lon", "time", "ended"])?;
        Ok(Self {
            tid: tid.required()?,
            user: user.required()?,
            coordinates: coordinates(lat, lon)?,
            time: time.required()?,
            ended: ended.optional().unwrap_or(false),
        })
    }
}
