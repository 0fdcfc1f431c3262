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
    response::{MAX_UNDECODED, ResponseReader, UNSOUND, describe},
    route::Route,
};
use crate::{
    config::Redaction,
    error::{Error, UnexpectedResponse},
    model::{LiveLocationUpdate, Message, Reaction, ThreadId, Undecoded, checked_id},
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
    let Error::Api(refusal) = error else { return None };
    match refusal.code.as_deref().filter(|_| refusal.meaning.is_of_contract)? {
        "lease_expired" => Some(Signal::LeaseExpired),
        "unsubscribed" => Some(Signal::Unsubscribed),
        "cursor_expired" => Some(Signal::CursorExpired),
        _ => None,
    }
}

/// Decodes a batch. Its items may be `null` or missing if there are no events; anything else that is not an array
/// counts as one undecoded event.
fn batch<T: FeedItem>(answer: &mut ResponseReader<'_>) -> Result<Batch<T>, UnexpectedResponse> {
    let answer = &*answer;
    let document = answer.document()?;
    let [items, cursor] = document.members(["items", "cursor"]).map_err(|odd| answer.decode_error(&odd))?;
    let end: Result<Arc<str>, DecodeError> = cursor.required();
    let mut list = List::new(answer);
    match items.value().map(|json| (json, document.list(json))) {
        Some((_, Some(items))) => items.for_each(|json| list.take(json)),
        Some((json, None)) => list.undecoded(json, None, "expected an array at `items`"),
        None => {}
    }
    let items = list.end();
    match end {
        Ok(end) => Ok(Batch { items, cursor: Some(end) }),
        Err(odd) if items.is_empty() => Err(answer.decode_error(&odd)),
        Err(_) => Ok(Batch { items, cursor: None }),
    }
}

/// The events of a batch. Beyond a maximum number, undecoded events are only counted.
struct List<'a, T> {
    answer: &'a ResponseReader<'a>,
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
    mark: u64,
}

impl<'a, T: FeedItem> List<'a, T> {
    fn new(answer: &'a ResponseReader<'a>) -> Self {
        let items = BoundedVec::new(answer.response().body().len());
        Self { answer, items, undecoded: 0, skipped: Skipped::default(), last: None }
    }

    fn take(&mut self, json: Json<'_>) {
        let members =
            if json.is_sound() { json.members(["cursor", "kind", "data"]) } else { Err(DecodeError::new(UNSOUND)) };
        let (cursor, what) = match members {
            Ok([cursor, kind, data]) => (self.cursor(cursor), event(kind, data)),
            Err(odd) => (None, Err(describe(&odd))),
        };
        self.last = cursor.clone().or(self.last.take());
        match what {
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
        let what = Undecoded {
            json: self.answer.item(json.bytes()),
            reason: self.answer.data(reason.as_bytes()),
            redaction: self.answer.redaction(),
        };
        self.items.push(Item { cursor, fingerprint: fingerprint(json.bytes()), result: Err(what) });
    }

    fn skip(&mut self, json: Json<'_>, cursor: Option<Arc<str>>) {
        let Skipped { count, cursor: last, mark: all } = &mut self.skipped;
        *count += 1;
        *last = cursor.or(last.take());
        *all = all.rotate_left(1) ^ fingerprint(json.bytes());
    }

    /// Adds the skipped events as one undecoded event.
    fn flush(&mut self) {
        let Skipped { count, cursor, mark } = mem::take(&mut self.skipped);
        if count > 0 {
            let reason = format!("{count} more events cannot be decoded");
            let what = Undecoded { json: String::new(), reason, redaction: Redaction::default() };
            self.items.push(Item { cursor, fingerprint: mark, result: Err(what) });
        }
    }

    fn end(mut self) -> Vec<Item<T>> {
        self.flush();
        self.items.into_vec()
    }
}

/// Decodes an event. Kind and data are essential; an event without a cursor is delivered, too.
fn event<T: FeedItem>(kind: Member<'_>, data: Member<'_>) -> Result<T, String> {
    let kind: String = kind.required().map_err(|odd| describe(&odd))?;
    if kind != T::KIND {
        return Err(format!("unknown event kind {kind:?}"));
    }
    data.required().map_err(|odd| describe(&odd))
}

/// Returns the 64-bit FNV-1a hash.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |mark, byte| (mark ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}
