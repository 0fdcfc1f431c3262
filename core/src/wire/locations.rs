//! Live locations.

use alloc::vec::Vec;
use core::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{answer::Decode, chats, contacts::UserJson, endpoint::Endpoint, lenient, page::Page, route::Route};
use crate::{
    error::Error,
    model::{Coordinates, LiveLocationUpdate, ThreadId},
};

/// How many locations are shared in a chat.
pub(crate) fn count(tid: &ThreadId) -> Result<Endpoint<u64>, Error> {
    let active = Endpoint::get(chats::route(tid)?.then("location/active"));
    Ok(active.parsed(|answer| answer.read::<CountJson>().map(|json| json.count)))
}

/// Ends the bot's share in a chat.
pub(crate) fn stop(tid: &ThreadId) -> Result<Endpoint<()>, Error> {
    Ok(Endpoint::delete(chats::route(tid)?.then("location")))
}

/// The bot's own shares, and how long each still lasts.
pub(crate) fn shares() -> Endpoint<Page<OwnShare>> {
    Endpoint::get(Route::to("location")).lists()
}

/// Moves all shares of the bot. Answers with the chats in which they still are.
pub(crate) fn move_to(coordinates: Coordinates) -> Endpoint<Vec<ThreadId>> {
    Endpoint::put(Route::to("location"))
        .json(&PlaceJson { lat: coordinates.lat(), lon: coordinates.lon() })
        .parsed(|answer| answer.read::<ActiveJson>().map(|json| json.active))
}

/// A share of the bot in a chat.
#[derive(Clone, Debug)]
pub(crate) struct OwnShare {
    pub(crate) tid: ThreadId,
    pub(crate) left: Duration,
}

#[derive(Deserialize)]
pub(crate) struct OwnShareJson {
    tid: ThreadId,
    remaining_ms: u64,
}

impl Decode for OwnShare {
    type Json = OwnShareJson;
}

impl From<OwnShareJson> for OwnShare {
    fn from(json: OwnShareJson) -> Self {
        Self { tid: json.tid, left: Duration::from_millis(json.remaining_ms) }
    }
}

#[derive(Deserialize)]
struct CountJson {
    count: u64,
}

#[derive(Deserialize)]
struct ActiveJson {
    #[serde(deserialize_with = "lenient::nullable")]
    active: Vec<ThreadId>,
}

#[derive(Serialize)]
struct PlaceJson {
    lat: f64,
    lon: f64,
}

#[derive(Deserialize)]
struct UncheckedJson {
    tid: ThreadId,
    user: UserJson,
    lat: f64,
    lon: f64,
    time: DateTime<Utc>,
    ended: bool,
}

#[derive(Deserialize)]
#[serde(try_from = "UncheckedJson")]
pub(crate) struct LiveLocationJson {
    json: UncheckedJson,
    coordinates: Coordinates,
}

impl TryFrom<UncheckedJson> for LiveLocationJson {
    type Error = Error;

    fn try_from(json: UncheckedJson) -> Result<Self, Error> {
        Ok(Self { coordinates: Coordinates::new(json.lat, json.lon)?, json })
    }
}

impl Decode for LiveLocationUpdate {
    type Json = LiveLocationJson;
}

impl From<LiveLocationJson> for LiveLocationUpdate {
    fn from(json: LiveLocationJson) -> Self {
        let LiveLocationJson { json: UncheckedJson { tid, user, time, ended, .. }, coordinates } = json;
        Self { tid, user: user.into(), coordinates, time, ended }
    }
}
