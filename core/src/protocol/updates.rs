//! Long polls and leases: what happens in chats, event by event.

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

/// What there is to be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    LiveLocations(ThreadId),
    Reactions,
    Messages(ThreadId),
    AllMessages,
}

impl Source {
    /// What a checkpoint calls it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::LiveLocations(_) => "live_locations",
            Self::Reactions => "reactions",
            Self::Messages(_) => "messages",
            Self::AllMessages => "all_messages",
        }
    }

    /// The chat it is about, if it is about one.
    pub(crate) const fn chat(&self) -> Option<&ThreadId> {
        match self {
            Self::LiveLocations(tid) | Self::Messages(tid) => Some(tid),
            Self::Reactions | Self::AllMessages => None,
        }
    }

    /// Whether it needs a subscription.
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

/// A subscription: it lasts as long as it is polled every few minutes.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) id: String,
    /// Where the feed is now.
    pub(crate) cursor: Arc<str>,
}

/// The id and the cursor are essential.
impl Decode for Lease {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [id, cursor] = json.members(["id", "cursor"])?;
        let Exact(id) = id.required()?;
        if checked_id("subscription", &id).is_err() {
            return Err(DecodeError::new("this is no id").at("id"));
        }
        Ok(Self { id, cursor: cursor.required()? })
    }
}

/// The place in a feed.
impl Decode for Arc<str> {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let Exact(cursor) = Exact::decode(json)?;
        if is_cursor(&cursor) { Ok(cursor.into()) } else { Err(DecodeError::new("this is no cursor")) }
    }
}

/// What has happened, and where to go on.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    pub(crate) items: Vec<Item<T>>,
    /// `None` if it cannot be used, which happens only where there are items.
    pub(crate) cursor: Option<Arc<str>>,
}

/// One thing that has happened.
#[derive(Debug)]
pub(crate) struct Item<T> {
    /// Where to go on after it; `None` if that could not be read either. Neighbours with the same one share it.
    pub(crate) cursor: Option<Arc<str>>,
    /// The same for the same bytes, by which it is recognised when it comes again.
    pub(crate) fingerprint: u64,
    pub(crate) result: Result<T, Undecoded>,
}

pub(crate) fn subscribe(source: &Source) -> Result<Endpoint<Lease>, Error> {
    Ok(Endpoint::put(source.route()?.join("subscriptions")).returns_json())
}

/// Is given little time: a subscription ends by itself, too.
pub(crate) fn unsubscribe(source: &Source, id: &str) -> Result<Endpoint<()>, Error> {
    Ok(Endpoint::delete(source.route()?.join("subscriptions").segment("subscription", id)?).short_timeout())
}

/// Ends all subscriptions of the bot to it, in whatever process.
pub(crate) fn unsubscribe_all(source: &Source) -> Result<Endpoint<()>, Error> {
    Ok(Endpoint::delete(source.route()?.join("subscriptions")))
}

/// What happens after the cursor, as soon as it does; without a cursor, where the feed is now.
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

/// What a server says of a feed that is not simply trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Subscribe again, and go on where it was.
    LeaseExpired,
    /// Somebody ended the subscription.
    Unsubscribed,
    /// What came after the cursor is no longer kept.
    CursorExpired,
}

/// Returns the signal of an error, if it is one of the contract.
pub(crate) fn signal(error: &Error) -> Option<Signal> {
    let Error::Api(refusal) = error else { return None };
    match refusal.code.as_deref().filter(|_| refusal.meaning.is_of_contract)? {
        "lease_expired" => Some(Signal::LeaseExpired),
        "unsubscribed" => Some(Signal::Unsubscribed),
        "cursor_expired" => Some(Signal::CursorExpired),
        _ => None,
    }
}

/// The items of a batch are `null` or missing where a server has none. Anything else that is no array is one that is undecoded.
fn batch<T: FeedItem>(answer: &mut ResponseReader<'_>) -> Result<Batch<T>, UnexpectedResponse> {
    let answer = &*answer;
    let document = answer.document()?;
    let [items, cursor] = document.members(["items", "cursor"]).map_err(|odd| answer.decode_error(&odd))?;
    let end: Result<Arc<str>, DecodeError> = cursor.required();
    let mut list = List::new(answer);
    match items.value().map(|json| (json, document.list(json))) {
        Some((_, Some(items))) => items.for_each(|json| list.take(json)),
        Some((json, None)) => list.undecoded(json, None, "this is no array at `items`"),
        None => {}
    }
    let items = list.end();
    match end {
        Ok(end) => Ok(Batch { items, cursor: Some(end) }),
        Err(odd) if items.is_empty() => Err(answer.decode_error(&odd)),
        Err(_) => Ok(Batch { items, cursor: None }),
    }
}

/// The events of a batch. Of those that are undecoded, all but the first are only counted.
struct List<'a, T> {
    answer: &'a ResponseReader<'a>,
    items: BoundedVec<Item<T>>,
    undecoded: usize,
    skipped: Skipped,
    last: Option<Arc<str>>,
}

/// Undecoded events, one after the other, of which only the number is kept.
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

    /// Where to go on after an event, shared with the one before it.
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

    /// Adds the skipped ones as one.
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

/// Kind and data of an event are essential. Without a cursor it is told all the same.
fn event<T: FeedItem>(kind: Member<'_>, data: Member<'_>) -> Result<T, String> {
    let kind: String = kind.required().map_err(|odd| describe(&odd))?;
    if kind != T::KIND {
        return Err(format!("the kind {kind:?} is not known"));
    }
    data.required().map_err(|odd| describe(&odd))
}

/// Returns a number for these bytes: FNV-1a, with 64 bits.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |mark, byte| (mark ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}
