//! Live locations.

use alloc::vec::Vec;
use core::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de};

use super::{answer::Decode, chats, contacts::UserJson, endpoint::Endpoint, page::Page, route::Route};
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
    active: Vec<ThreadId>,
}

#[derive(Serialize, Deserialize)]
struct PlaceJson {
    lat: f64,
    lon: f64,
}

#[derive(Deserialize)]
pub(crate) struct LiveLocationJson {
    tid: ThreadId,
    user: UserJson,
    #[serde(flatten, deserialize_with = "coordinates")]
    coordinates: Coordinates,
    time: DateTime<Utc>,
    ended: bool,
}

fn coordinates<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<Coordinates, D::Error> {
    let PlaceJson { lat, lon } = PlaceJson::deserialize(deserializer)?;
    Coordinates::new(lat, lon).map_err(de::Error::custom)
}

impl Decode for LiveLocationUpdate {
    type Json = LiveLocationJson;
}

impl From<LiveLocationJson> for LiveLocationUpdate {
    fn from(json: LiveLocationJson) -> Self {
        let LiveLocationJson { tid, user, coordinates, time, ended } = json;
        Self { tid, user: user.into(), coordinates, time, ended }
    }
}
