//! Subscriptions and long polls for the events of feeds.

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{mem, time::Duration};

use super::{
    endpoint::Endpoint,
    json::{BoundedVec, Decode, DecodeError, Exact, Json, Member},
    page::is_cursor,
    response::{MAX_UNDECODED, ResponseReader, UNBALANCED, describe},
    route::Route,
};
use crate::{
    error::{Error, UnexpectedResponse},
    model::{LiveLocationUpdate, Message, Reaction, ThreadId, Undecoded, checked_id},
    redaction::Redaction,
};

/// The source of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    LiveLocations(ThreadId),
    Reactions,
    Messages(ThreadId),
    AllMessages,
}

impl Source {
    /// Returns its name in checkpoints.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::LiveLocations(_) => "live_locations",
            Self::Reactions => "reactions",
            Self::Messages(_) => "messages",
            Self::AllMessages => "all_messages",
        }
    }

    /// Returns the chat, if the feed is limited to one.
    pub(crate) const fn chat(&self) -> Option<&ThreadId> {
        match self {
            Self::LiveLocations(tid) | Self::Messages(tid) => Some(tid),
            Self::Reactions | Self::AllMessages => None,
        }
    }

    /// Returns `true` if the feed needs a subscription.
    pub(crate) const fn is_leased(&self) -> bool {
        matches!(self, Self::LiveLocations(_) | Self::Reactions)
    }

    fn route(&self) -> Result<Route, Error> {
        Ok(match self {
            Self::LiveLocations(tid) => Route::chat(tid)?.join("location"),
            Self::Reactions => Route::new("reactions"),
            Self::Messages(tid) => Route::chat(tid)?.join("messages"),
            Self::AllMessages => Route::new("messages"),
        })
    }
}

/// A kind of event.
pub(crate) trait FeedItem: Decode {
    const KIND: &'static str;
}

impl FeedItem for LiveLocationUpdate {
    const KIND: &'static str = "location";
}

impl FeedItem for Reaction {
    const KIND: &'static str = "reaction";
}

impl FeedItem for Message {
    const KIND: &'static str = "message";
}

/// A subscription, which expires unless it is polled every few minutes.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) id: String,
    /// Current end of the feed.
    pub(crate) cursor: Arc<str>,
}

/// The id and the cursor are essential.
impl Decode for Lease {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [id, cursor] = json.members(["id", "cursor"])?;
        let Exact(id) = id.required()?;
        if checked_id("subscription", &id).is_err() {
            return Err(DecodeError::new("invalid id").at("id"));
        }
        Ok(Self { id, cursor: cursor.required()? })
    }
}

/// A position in a feed.
impl Decode for Arc<str> {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let Exact(cursor) = Exact::decode(json)?;
        if is_cursor(&cursor) { Ok(cursor.into()) } else { Err(DecodeError::new("invalid cursor")) }
    }
}

/// A batch of events and the next cursor.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    pub(crate) items: Vec<Item<T>>,
    /// `None` if it is invalid, which is accepted only if there are items.
    pub(crate) cursor: Option<Arc<str>>,
}

/// An event of a batch.
#[derive(Debug)]
pub(crate) struct Item<T> {
    /// Position after the event; `None` if it is invalid. Adjacent events with the same cursor share it.
    pub(crate) cursor: Option<Arc<str>>,
    /// Hash of the event's bytes, to recognise it when it is returned again.
    pub(crate) fingerprint: u64,
    pub(crate) result: Result<T, Undecoded>,
}

/// `PUT /v1/{source}/subscriptions`, where the source is `reactions` or `chats/{tid}/location`.
pub(crate) fn subscribe(source: &Source) -> Result<Endpoint<Lease>, Error> {
    Ok(Endpoint::put(source.route()?.join("subscriptions")).returns_json())
}

/// `DELETE /v1/{source}/subscriptions/{id}`. With a short timeout, because an unused subscription expires on its own.
pub(crate) fn unsubscribe(source: &Source, id: &str) -> Result<Endpoint<()>, Error> {
    Ok(Endpoint::delete(source.route()?.join("subscriptions").segment("subscription", id)?).short_timeout())
}

/// `DELETE /v1/{source}/subscriptions`: ends all subscriptions of the bot to this source, including those of other
/// processes.
pub(crate) fn unsubscribe_all(source: &Source) -> Result<Endpoint<()>, Error> {
    Ok(Endpoint::delete(source.route()?.join("subscriptions")))
}

/// `GET /v1/{source}/updates`: the events after the cursor, waiting for the first one; without a cursor, the current
/// position. The source may also be `messages` or `chats/{tid}/messages`, which need no subscription.
pub(crate) fn updates<T: FeedItem>(
    source: &Source,
    subscription: Option<&str>,
    cursor: Option<&str>,
    wait: Duration,
) -> Result<Endpoint<Batch<T>>, Error> {
    let mut route = source.route()?.join("updates");
    if let Some(subscription) = subscription {
        route = route.query("subscription", subscription);
    }
    let Some(cursor) = cursor else { return Ok(Endpoint::get(route).decode_with(batch)) };
    let route = route.query("cursor", cursor).query("wait", &wait.as_secs().to_string());
    Ok(Endpoint::get(route).long_poll(wait).decode_with(batch))
}

/// Error codes with a special meaning for feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The subscription has expired; subscribe again and continue at the same cursor.
    LeaseExpired,
    /// Another client ended the subscription.
    Unsubscribed,
    /// The server no longer has the events after the cursor.
    CursorExpired,
}

/// Returns the signal of a problem document of the contract, if it is one.
pub(crate) fn signal(error: &Error) -> Option<Signal> {
    let Error::Api(api_error) = error else { return None };
    match api_error.code.as_deref().filter(|_| api_error.meaning.is_of_contract)? {
        "lease_expired" => Some(Signal::LeaseExpired),
        "unsubscribed" => Some(Signal::Unsubscribed),
        "cursor_expired" => Some(Signal::CursorExpired),
        _ => None,
    }
}

/// Decodes a batch. Its items may be `null` or missing if there are no events; anything else that is not an array
/// counts as one undecoded event.
fn batch<T: FeedItem>(reader: &mut ResponseReader<'_>) -> Result<Batch<T>, UnexpectedResponse> {
    let reader = &*reader;
    let document = reader.document()?;
    let [items, cursor] = document.members(["items", "cursor"]).map_err(|error| reader.decode_error(&error))?;
    let next_cursor: Result<Arc<str>, DecodeError> = cursor.required();
    let mut events = BatchReader::new(reader);
    match items.value().map(|json| (json, document.list(json))) {
        Some((_, Some(items))) => items.for_each(|json| events.push(json)),
        Some((json, None)) => events.undecoded(json, None, "expected an array at `items`"),
        None => {}
    }
    let items = events.into_items();
    match next_cursor {
        Ok(cursor) => Ok(Batch { items, cursor: Some(cursor) }),
        Err(error) if items.is_empty() => Err(reader.decode_error(&error)),
        Err(_) => Ok(Batch { items, cursor: None }),
    }
}

/// The events of a batch. Beyond a maximum number, undecoded events are only counted.
struct BatchReader<'a, T> {
    reader: &'a ResponseReader<'a>,
    items: BoundedVec<Item<T>>,
    undecoded: usize,
    skipped: Skipped,
    last: Option<Arc<str>>,
}

/// Consecutive undecoded events that are only counted.
#[derive(Default)]
struct Skipped {
    count: usize,
    cursor: Option<Arc<str>>,
    fingerprint: u64,
}

impl<'a, T: FeedItem> BatchReader<'a, T> {
    fn new(reader: &'a ResponseReader<'a>) -> Self {
        let items = BoundedVec::new(reader.response().body().len());
        Self { reader, items, undecoded: 0, skipped: Skipped::default(), last: None }
    }

    fn push(&mut self, json: Json<'_>) {
        let members =
            if json.is_intact() { json.members(["cursor", "kind", "data"]) } else { Err(DecodeError::new(UNBALANCED)) };
        let (cursor, result) = match members {
            Ok([cursor, kind, data]) => (self.cursor(cursor), event(kind, data)),
            Err(error) => (None, Err(describe(&error))),
        };
        self.last = cursor.clone().or(self.last.take());
        match result {
            Ok(_) if self.items.is_full() => self.skip(json, cursor),
            Ok(item) => {
                self.flush();
                self.items.push(Item { cursor, fingerprint: fingerprint(json.bytes()), result: Ok(item) });
            }
            Err(reason) => self.undecoded(json, cursor, &reason),
        }
    }

    /// Decodes the cursor of an event, sharing it with the previous event if they are equal.
    fn cursor(&self, cursor: Member<'_>) -> Option<Arc<str>> {
        let cursor: Arc<str> = cursor.optional()?;
        Some(self.last.clone().filter(|last| *last == cursor).unwrap_or(cursor))
    }

    fn undecoded(&mut self, json: Json<'_>, cursor: Option<Arc<str>>, reason: &str) {
        if self.undecoded >= MAX_UNDECODED {
            return self.skip(json, cursor);
        }
        self.undecoded += 1;
        let undecoded = Undecoded {
            json: self.reader.item(json.bytes()),
            reason: self.reader.data(reason.as_bytes()),
            redaction: self.reader.redaction(),
        };
        self.items.push(Item { cursor, fingerprint: fingerprint(json.bytes()), result: Err(undecoded) });
    }

    fn skip(&mut self, json: Json<'_>, cursor: Option<Arc<str>>) {
        let Skipped { count, cursor: last_cursor, fingerprint: combined } = &mut self.skipped;
        *count += 1;
        *last_cursor = cursor.or(last_cursor.take());
        *combined = combined.rotate_left(1) ^ fingerprint(json.bytes());
    }

    /// Adds the skipped events as one undecoded event.
    fn flush(&mut self) {
        let Skipped { count, cursor, fingerprint } = mem::take(&mut self.skipped);
        if count > 0 {
            let reason = format!("{count} more events cannot be decoded");
            let undecoded = Undecoded { json: String::new(), reason, redaction: Redaction::default() };
            self.items.push(Item { cursor, fingerprint, result: Err(undecoded) });
        }
    }

    fn into_items(mut self) -> Vec<Item<T>> {
        self.flush();
        self.items.into_vec()
    }
}

/// Decodes an event. Kind and data are essential; an event without a cursor is delivered, too.
fn event<T: FeedItem>(kind: Member<'_>, data: Member<'_>) -> Result<T, String> {
    let kind: String = kind.required().map_err(|error| describe(&error))?;
    if kind != T::KIND {
        return Err(format!("unknown event kind {kind:?}"));
    }
    data.required().map_err(|error| describe(&error))
}

/// Returns the 64-bit FNV-1a hash.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}
