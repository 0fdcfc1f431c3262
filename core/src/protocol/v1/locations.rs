//! Live locations.

use alloc::vec::Vec;
use core::time::Duration;

use serde::Serialize;

use super::{
    V1,
    attachments::coordinates,
    endpoints::{change, chat, list},
    json::{Decode, DecodeError, Json, object},
};
use crate::{
    model::{Coordinates, LiveLocationUpdate, LocationShare, ThreadId},
    protocol::{Endpoint, EndpointResult, Locations, Page, PageRequest, Route},
};

impl Locations for V1 {
    /// `GET /v1/chats/{tid}/location/active`.
    fn location_count(&self, tid: &ThreadId) -> EndpointResult<u64> {
        let active = Endpoint::get(chat(tid)?.join("location/active"));
        Ok(active.reads(|response| Ok(response.json().map(|Count(count)| count)?)))
    }

    /// `DELETE /v1/chats/{tid}/location`.
    fn stop_sharing_location(&self, tid: &ThreadId) -> EndpointResult<()> {
        Ok(change(Endpoint::delete(chat(tid)?.join("location"))))
    }

    /// `GET /v1/location`.
    fn location_shares(&self, page: PageRequest<'_>) -> EndpointResult<Page<LocationShare>> {
        Ok(list(Route::new("v1/location"), page))
    }

    /// `PUT /v1/location`.
    fn move_location(&self, coordinates: Coordinates) -> EndpointResult<Option<Vec<ThreadId>>> {
        let body = PlaceJson { lat: coordinates.lat(), lon: coordinates.lon() };
        let put = change(Endpoint::put(Route::new("v1/location"))).with(&body);
        Ok(put.reads(|response| Ok(response.json().map(|Active(active)| active)?)))
    }
}

object! {
    /// All members are essential.
    LocationShare {
        "tid" => tid: required,
        "remaining_ms" => remaining_ms: required,
    } {
        let tid: ThreadId = tid;
        Ok(Self::new(tid, Duration::from_millis(remaining_ms)))
    }
}

/// The number of locations.
struct Count(u64);

object! {
    Count {
        "count" => count: required,
    } Ok(Self(count))
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

object! {
    /// All members are essential, except `ended` and the details of the user.
    LiveLocationUpdate {
        "tid" => tid: required,
        "user" => user: required,
        "lat" => lat: required,
        "lon" => lon: required,
        "time" => time: required,
        "ended" => ended: optional,
    } Ok(Self { tid, user, coordinates: coordinates(lat, lon)?, time, ended: ended.unwrap_or(false) })
}
