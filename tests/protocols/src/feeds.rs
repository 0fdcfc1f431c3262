//! Feeds by plain polling: the server has neither subscriptions nor cursors, and does not wait for new messages.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::Value;
use teamwire_core::{
    Error, Message,
    protocol::{Batch, BatchItem, Endpoint, EndpointResult, FeedSource, Feeds, PollRequest, ResponseReader, Route},
};

use crate::{
    Second,
    json::{self, chat, invalid, values},
    messages::MessageJson,
    position::Position,
};

/// The number of messages of a poll.
const SIZE: usize = 100;

impl Feeds for Second {
    /// `GET api/messages/` or `GET api/chats/{id}/messages/`, with `since` and `page`. The first poll requests the
    /// newest messages by `/latest/`: they are those before the start of the feed.
    fn message_updates(&self, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Message>> {
        let route = match source.chat() {
            Some(tid) => chat(tid)?.join("messages"),
            None => Route::new("api/messages"),
        };
        let size = SIZE.to_string();
        let Some(cursor) = poll.cursor else {
            let get = Endpoint::get(route.join("latest/").query("size", &size));
            return Ok(get.reads(|response| start(response)));
        };
        let from = Position::from_str(cursor).map_err(|reason| invalid("checkpoint", reason))?;
        let route = route.join("").query("since", &from.since().to_string()).query("page", &from.page().to_string());
        let interval = self.poll_interval;
        Ok(Endpoint::get(route.query("size", &size)).reads(move |response| batch(response, from.clone(), interval)))
    }
}

/// The position after the newest messages.
fn start(response: &ResponseReader<'_>) -> Result<Batch<Message>, Error> {
    let (values, _) = values(response)?;
    Ok(Batch::new(Position::after(values.iter().filter_map(key), now(response)).to_string()))
}

/// The messages that are not in `position`, and the position after them.
fn batch(response: &ResponseReader<'_>, mut position: Position, interval: Duration) -> Result<Batch<Message>, Error> {
    let (values, meta) = values(response)?;
    let is_last_page = position.page() >= meta.pages;
    let mut items = Vec::new();
    for value in &values {
        let (sent_at, id) = key(value).unwrap_or_else(|| (position.newest(), hash(value)));
        if position.add(sent_at, &id) {
            let item = BatchItem::new(id, json::item::<MessageJson>(response, value)).keyed_by_identity();
            // A restart after any message repeats none before it.
            items.push(position.cursor().into_iter().fold(item, BatchItem::at));
        }
    }
    position.advance(is_last_page, now(response));
    let batch = Batch::new(position.to_string()).items(items);
    Ok(if is_last_page { batch.pause(interval) } else { batch })
}

/// Returns the time of the server in milliseconds.
fn now(response: &ResponseReader<'_>) -> Option<i64> {
    response.date().map(|date| date.timestamp_millis())
}

/// Returns text by which a message without time or id is recognised when it is returned again. It is part of saved
/// cursors, so it must not change with the version of Rust, as that of the standard library may: this is FNV-1a.
fn hash(value: &Value) -> String {
    let bytes = value.to_string().into_bytes();
    let hash = bytes
        .iter()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3));
    format!("undecoded {hash:x}")
}

/// Returns the time of a message in milliseconds, and its id.
fn key(value: &Value) -> Option<(i64, String)> {
    let sent_at: DateTime<Utc> = value.get("sentAt")?.as_str()?.parse().ok()?;
    Some((sent_at.timestamp_millis(), value.get("messageId")?.as_str()?.to_owned()))
}
