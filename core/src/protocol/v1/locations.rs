//! Live locations.

use alloc::vec::Vec;
use core::time::Duration;

use serde::Serialize;

use super::{
    attachments::coordinates,
    endpoint::Endpoint,
    json::{Decode, DecodeError, Json},
    page::Page,
    route::Route,
};
use crate::{
    error::Error,
    model::{Coordinates, LiveLocationUpdate, LocationShare, ThreadId},
};

/// `GET /v1/chats/{tid}/location/active`: the number of locations shared in a chat.
pub(crate) fn count(tid: &ThreadId) -> Result<Endpoint<u64>, Error> {
    let active = Endpoint::get(Route::chat(tid)?.join("location/active"));
    Ok(active.decode_with(|reader| reader.json().map(|Count(count)| count)))
}

/// `DELETE /v1/chats/{tid}/location`: ends the bot's share in a chat.
pub(crate) fn stop(tid: &ThreadId) -> Result<Endpoint<()>, Error> {
    Ok(Endpoint::delete(Route::chat(tid)?.join("location")))
}

/// `GET /v1/location`: the bot's own shares and their remaining time.
pub(crate) fn shares() -> Endpoint<Page<LocationShare>> {
    Endpoint::get(Route::new("location")).returns_page()
}

/// `PUT /v1/location`: moves all shares of the bot. Returns the chats of its active shares; `None` if they cannot be
/// decoded.
pub(crate) fn move_to(coordinates: Coordinates) -> Endpoint<Option<Vec<ThreadId>>> {
    Endpoint::put(Route::new("location"))
        .json(&PlaceJson { lat: coordinates.lat(), lon: coordinates.lon() })
        .decode_with(|reader| reader.json().map(|Active(active)| active))
}

/// All members are essential.
impl Decode for LocationShare {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [tid, remaining_ms] = json.members(["tid", "remaining_ms"])?;
        Ok(Self { tid: tid.required()?, remaining: Duration::from_millis(remaining_ms.required()?) })
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
