//! Subscriptions and long polls for the events of feeds.

use alloc::{format, string::String, sync::Arc};
use core::mem;

use super::{
    V1,
    endpoints::{change, chat, check_segment, is_cursor, segment},
    json::{self, BoundedVec, Decode, DecodeError, Exact, Input, Json, Member, Place},
    read::{INCOMPLETE, MALFORMED, MAX_UNDECODED, describe},
};
use crate::{
    error::{Error, UnexpectedResponse},
    model::{ChatEvent, LiveLocationUpdate, Message, Reaction, Undecoded},
    protocol::{
        Batch, BatchItem, Endpoint, EndpointResult, FeedSource, Feeds, Lease, PollRequest, ResponseReader, Route,
        fingerprint,
    },
};

impl Feeds for V1 {
    /// `PUT /v1/{source}/subscriptions`, where the source is `reactions`, `events` or `chats/{tid}/location`. Messages
    /// need no subscription.
    fn subscribe(&self, source: &FeedSource) -> Result<Option<Endpoint<Lease>>, Error> {
        if matches!(source, FeedSource::Messages(_) | FeedSource::AllMessages) {
            return Ok(None);
        }
        Ok(Some(change(Endpoint::put(route(source)?.join("subscriptions"))).returns()))
    }

    /// `DELETE /v1/{source}/subscriptions/{id}`. Best effort, because an unused subscription expires on its own.
    fn unsubscribe(&self, source: &FeedSource, lease: &str) -> EndpointResult<()> {
        let route = segment(route(source)?.join("subscriptions"), "subscription", lease)?;
        Ok(change(Endpoint::delete(route)).best_effort())
    }

    /// `DELETE /v1/{source}/subscriptions`.
    fn unsubscribe_all(&self, source: &FeedSource) -> EndpointResult<()> {
        Ok(change(Endpoint::delete(route(source)?.join("subscriptions"))))
    }

    /// `GET /v1/messages/updates` or `GET /v1/chats/{tid}/messages/updates`.
    fn message_updates(&self, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Message>> {
        updates(source, poll)
    }

    /// `GET /v1/reactions/updates`.
    fn reaction_updates(&self, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Reaction>> {
        updates(source, poll)
    }

    /// `GET /v1/chats/{tid}/location/updates`.
    fn location_updates(
        &self,
        source: &FeedSource,
        poll: PollRequest<'_>,
    ) -> EndpointResult<Batch<LiveLocationUpdate>> {
        updates(source, poll)
    }

    /// `GET /v1/events/updates`.
    fn event_updates(&self, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<ChatEvent>> {
        updates(source, poll)
    }
}

/// The events after the cursor, waiting for the first one; without a cursor, the current position.
fn updates<T: Event>(source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<T>> {
    let mut route = route(source)?.join("updates");
    if let Some(subscription) = poll.lease {
        route = route.query("subscription", subscription);
    }
    let Some(cursor) = poll.cursor else { return Ok(Endpoint::get(route).reads(|response| Ok(batch(response)?))) };
    if !is_cursor(cursor) {
        return Err(Error::invalid("checkpoint", "its cursor is invalid"));
    }
    let route = route.query("cursor", cursor).query("wait", &format!("{}", poll.wait.as_secs()));
    Ok(Endpoint::get(route).long_poll(poll.wait).reads(|response| Ok(batch(response)?)))
}

fn route(source: &FeedSource) -> Result<Route, Error> {
    Ok(match source {
        FeedSource::LiveLocations(tid) => chat(tid)?.join("location"),
        FeedSource::Reactions => Route::new("v1/reactions"),
        FeedSource::Messages(tid) => chat(tid)?.join("messages"),
        FeedSource::AllMessages => Route::new("v1/messages"),
        FeedSource::Events => Route::new("v1/events"),
    })
}

/// The events of a feed.
pub(super) trait Event: Sized + 'static {
    /// Decodes the data of an event of this kind.
    fn decode<'a>(kind: &str, data: impl Data<'a>) -> Result<Self, String>;

    /// Returns the kind and the data of an event, from the JSON of its [sample](super::sample).
    fn update(json: serde_json::Value) -> serde_json::Value;
}

/// The data of an event.
pub(super) trait Data<'a> {
    fn required<T: Decode>(self) -> Result<T, DecodeError>;
}

impl<'a> Data<'a> for Member<'a> {
    fn required<T: Decode>(self) -> Result<T, DecodeError> {
        Member::required(self)
    }
}

/// Data that is read in one pass. The error has no details, because the event is decoded again.
impl<'a> Data<'a> for &mut Input<'a> {
    fn required<T: Decode>(self) -> Result<T, DecodeError> {
        T::read(self).ok_or(DecodeError::new(""))
    }
}

/// Feeds with a single kind of event.
macro_rules! single_kind {
    ($($type:ty: $kind:literal),* $(,)?) => { $(
        impl Event for $type {
            fn decode<'a>(kind: &str, data: impl Data<'a>) -> Result<Self, String> {
                if kind != $kind {
                    return Err(format!("unknown event kind {kind:?}"));
                }
                data.required().map_err(|error| describe(&error))
            }

            fn update(json: serde_json::Value) -> serde_json::Value {
                serde_json::json!({ "kind": $kind, "data": json })
            }
        }
    )* };
}

single_kind! {
    LiveLocationUpdate: "location",
    Reaction: "reaction",
    Message: "message",
}

/// The id is essential. Without a cursor, the feed fetches its position.
impl Decode for Lease {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [id, cursor] = json.members(["id", "cursor"])?;
        let Exact(id) = id.required()?;
        if check_segment("subscription", &id).is_err() {
            return Err(DecodeError::new("invalid id").at("id"));
        }
        let lease = Self::new(id);
        Ok(match cursor.optional::<Arc<str>>() {
            Some(cursor) => lease.at(cursor),
            None => lease,
        })
    }
}

/// A position in a feed.
impl Decode for Arc<str> {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let Exact(cursor) = Exact::decode(json)?;
        if is_cursor(&cursor) { Ok(cursor.into()) } else { Err(DecodeError::new("invalid cursor")) }
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        input.plain_text().filter(|cursor| is_cursor(cursor)).map(Self::from)
    }
}

/// Decodes a batch. Its items may be `null` or missing if there are no events; anything else that is not an array
/// counts as one undecoded event. If the end of the list is missing, there is no cursor, so that the events behind it
/// are not skipped.
fn batch<T: Event>(reader: &ResponseReader<'_>) -> Result<Batch<T>, UnexpectedResponse> {
    let mut events = BatchReader::new(reader);
    if let Some([_, cursor]) = Input::list(reader.body(), ["items", "cursor"], |input| events.read(input)) {
        return events.into_batch(cursor.required());
    }
    drop(mem::replace(&mut events, BatchReader::new(reader)));
    let list = reader.list("cursor")?;
    let [cursor] = list.members(["cursor"]).map_err(|error| reader.decode_error(&error))?;
    let mut next_cursor: Result<Arc<str>, DecodeError> = cursor.required();
    match list.items(is_event) {
        Ok(items) => {
            for item in items {
                match item {
                    json::Item::WellFormed(json) => events.push(json),
                    json::Item::Malformed(json) => events.push_malformed(json),
                    json::Item::Cut => next_cursor = Err(DecodeError::new(INCOMPLETE)),
                }
            }
        }
        Err(Some(json)) if !json.is_null() => events.undecoded(json, None, "expected an array at `items`"),
        Err(_) => {}
    }
    events.into_batch(next_cursor)
}

/// Returns `true` for an object with the members of an event.
fn is_event(json: Json<'_>) -> bool {
    json.members(["kind", "data"]).is_ok_and(|members| members.iter().all(|member| member.value().is_some()))
}

/// The events of a batch. Beyond a maximum number, undecoded events are only counted.
struct BatchReader<'a, T> {
    reader: &'a ResponseReader<'a>,
    items: BoundedVec<BatchItem<T>>,
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

impl<'a, T: Event> BatchReader<'a, T> {
    fn new(reader: &'a ResponseReader<'a>) -> Self {
        // The feed converts the items into events, which are larger and in memory at the same time.
        let memory = 3 * size_of::<BatchItem<T>>();
        let items = BoundedVec::new(reader.body().len(), memory);
        Self { reader, items, undecoded: 0, skipped: Skipped::default(), last: None }
    }

    /// Reads the next event; `None` if its structure is invalid.
    fn read(&mut self, input: &mut Input<'_>) -> Option<()> {
        input.peek()?;
        let start = *input;
        if let Some((cursor, item)) = read_event(input) {
            let cursor = cursor.map(|cursor| self.shared(cursor));
            self.last = cursor.clone().or(self.last.take());
            self.push_result(Json::well_formed(input.since(start)), cursor, Ok(item));
        } else {
            *input = start;
            self.push(input.json()?);
        }
        Some(())
    }

    fn push(&mut self, json: Json<'_>) {
        let (cursor, result) = match json.members(["cursor", "kind", "data"]) {
            Ok([cursor, kind, data]) => (cursor.optional().map(|it| self.shared(it)), event(kind, data)),
            Err(error) => (None, Err(describe(&error))),
        };
        self.last = cursor.clone().or(self.last.take());
        self.push_result(json, cursor, result);
    }

    /// Adds a malformed event. Its cursor may be malformed, too, and is not used.
    fn push_malformed(&mut self, json: Json<'_>) {
        let event = json.members(["kind", "data"]).map(|[kind, data]| event(kind, data));
        self.push_result(json, None, event.unwrap_or(Err(String::new())).map_err(|_| MALFORMED.into()));
    }

    fn push_result(&mut self, json: Json<'_>, cursor: Option<Arc<str>>, result: Result<T, String>) {
        match result {
            Ok(_) if self.items.is_full() => self.skip(json, cursor),
            Ok(item) => {
                self.flush();
                let item = BatchItem { cursor, ..BatchItem::new(json.bytes(), Ok(item)) };
                self.items.push(item, json.bytes().len());
            }
            Err(reason) => self.undecoded(json, cursor, &reason),
        }
    }

    /// Returns the cursor of an event, or that of the previous event if they are equal.
    fn shared(&self, cursor: Arc<str>) -> Arc<str> {
        self.last.clone().filter(|last| *last == cursor).unwrap_or(cursor)
    }

    fn undecoded(&mut self, json: Json<'_>, cursor: Option<Arc<str>>, reason: &str) {
        if self.undecoded >= MAX_UNDECODED {
            return self.skip(json, cursor);
        }
        self.undecoded += 1;
        let undecoded = self.reader.undecoded(json.bytes(), reason);
        let item = BatchItem { cursor, ..BatchItem::new(json.bytes(), Err(undecoded)) };
        self.items.push(item, json.bytes().len());
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
            let undecoded = Undecoded::new("", reason);
            self.items.push(BatchItem { cursor, fingerprint, is_keyed_by_identity: false, result: Err(undecoded) }, 0);
        }
    }

    /// Returns the batch with its cursor. Without a valid one, it is an error if there are no events either.
    fn into_batch(mut self, cursor: Result<Arc<str>, DecodeError>) -> Result<Batch<T>, UnexpectedResponse> {
        self.flush();
        let items = self.items.into_vec();
        match cursor {
            Ok(cursor) => Ok(Batch { items, cursor: Some(cursor), pause: None }),
            Err(error) if items.is_empty() => Err(self.reader.decode_error(&error)),
            Err(_) => Ok(Batch { items, cursor: None, pause: None }),
        }
    }
}

/// Reads an event with its cursor, if its kind is before its data.
fn read_event<T: Event>(input: &mut Input<'_>) -> Option<(Option<Arc<str>>, T)> {
    let (mut cursor, mut kind, mut item) = (None, None, None);
    let mut place = Place::default();
    loop {
        match input.member(&["cursor", "kind", "data"], &mut place)? {
            0 if input.skip_null() => {}
            0 => cursor = Some(Decode::read(input)?),
            1 if item.is_none() => kind = Some(input.plain_text()?),
            1 => return None,
            2 => item = Some(T::decode(kind?, &mut *input).ok()?),
            _ => return Some((cursor, item?)),
        }
    }
}

/// Decodes an event. Kind and data are essential; an event without a cursor is delivered, too.
fn event<T: Event>(kind: Member<'_>, data: Member<'_>) -> Result<T, String> {
    let kind: String = kind.required().map_err(|error| describe(&error))?;
    T::decode(&kind, data)
}
