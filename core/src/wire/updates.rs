//! Long polls and leases: what happens in chats, event by event.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    answer::{Answer, Decode, from_json},
    chats,
    endpoint::Endpoint,
    page::is_cursor,
    route::Route,
};
use crate::{
    error::{Error, UnexpectedAnswer},
    feed::Unread,
    model::{LiveLocationUpdate, Message, Reaction, ThreadId, checked_id},
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
            Self::LiveLocations(tid) => chats::route(tid)?.then("location"),
            Self::Reactions => Route::to("reactions"),
            Self::Messages(tid) => chats::route(tid)?.then("messages"),
            Self::AllMessages => Route::to("messages"),
        })
    }
}

/// A kind of event.
pub(crate) trait Happens: Decode {
    const KIND: &'static str;
}

impl Happens for LiveLocationUpdate {
    const KIND: &'static str = "location";
}

impl Happens for Reaction {
    const KIND: &'static str = "reaction";
}

impl Happens for Message {
    const KIND: &'static str = "message";
}

/// A subscription: it lasts as long as it is polled every few minutes.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Lease {
    pub(crate) id: String,
    /// Where the feed is now.
    pub(crate) cursor: String,
}

/// What has happened, and where to go on.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    pub(crate) items: Vec<Item<T>>,
    pub(crate) cursor: String,
}

/// One thing that has happened.
#[derive(Debug)]
pub(crate) struct Item<T> {
    /// Where to go on after it; `None` if that could not be read either.
    pub(crate) cursor: Option<String>,
    pub(crate) what: Result<T, Unread>,
}

/// A subscription that can be used.
fn lease(answer: &mut Answer<'_>) -> Result<Lease, UnexpectedAnswer> {
    let lease = answer.read::<Lease>()?;
    if !is_cursor(&lease.cursor) {
        return Err(answer.unexpected("this is no cursor", Some("cursor".into())));
    }
    if checked_id("subscription", &lease.id).is_err() {
        return Err(answer.unexpected("this is no id", Some("id".into())));
    }
    Ok(lease)
}

pub(crate) fn subscribe(source: &Source) -> Result<Endpoint<Lease>, Error> {
    Ok(Endpoint::put(source.route()?.then("subscriptions")).parsed(lease))
}

/// Is given little time: a subscription ends by itself, too.
pub(crate) fn unsubscribe(source: &Source, id: &str) -> Result<Endpoint<()>, Error> {
    Ok(Endpoint::delete(source.route()?.then("subscriptions").segment("subscription", id)?).brief())
}

/// Ends all subscriptions of the bot to it, in whatever process.
pub(crate) fn unsubscribe_all(source: &Source) -> Result<Endpoint<()>, Error> {
    Ok(Endpoint::delete(source.route()?.then("subscriptions")))
}

/// What happens after the cursor, as soon as it does; without a cursor, where the feed is now.
pub(crate) fn updates<T: Happens>(
    source: &Source,
    subscription: Option<&str>,
    cursor: Option<&str>,
    wait: Duration,
) -> Result<Endpoint<Batch<T>>, Error> {
    let mut route = source.route()?.then("updates");
    if let Some(subscription) = subscription {
        route = route.query("subscription", subscription);
    }
    let Some(cursor) = cursor else { return Ok(Endpoint::get(route).parsed(batch)) };
    let route = route.query("cursor", cursor).query("wait", &wait.as_secs().to_string());
    Ok(Endpoint::get(route).waits(wait).parsed(batch))
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

pub(crate) fn signal(error: &Error) -> Option<Signal> {
    match error.code()? {
        "lease_expired" => Some(Signal::LeaseExpired),
        "unsubscribed" => Some(Signal::Unsubscribed),
        "cursor_expired" => Some(Signal::CursorExpired),
        _ => None,
    }
}

#[derive(Deserialize)]
struct BatchJson {
    items: Vec<Box<RawValue>>,
    cursor: String,
}

#[derive(Deserialize)]
struct ItemJson<'a> {
    cursor: String,
    kind: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

fn batch<T: Happens>(answer: &mut Answer<'_>) -> Result<Batch<T>, UnexpectedAnswer> {
    let batch = answer.read::<BatchJson>()?;
    if !is_cursor(&batch.cursor) {
        return Err(answer.unexpected("this is no cursor", Some("cursor".into())));
    }
    let items = batch.items.iter().map(|raw| item(answer, raw.get())).collect();
    Ok(Batch { items, cursor: batch.cursor })
}

fn item<T: Happens>(answer: &Answer<'_>, json: &str) -> Item<T> {
    let unread = |reason: &str| Err(Unread { json: answer.redact(json), reason: answer.redact(reason) });
    let item: ItemJson<'_> = match serde_json::from_str(json) {
        Ok(item) => item,
        Err(why) => return Item { cursor: None, what: unread(&why.to_string()) },
    };
    let what = if item.kind == T::KIND {
        match from_json::<T::Json>(item.data.get().as_bytes()) {
            Ok(json) => Ok(json.into()),
            Err((why, path)) => unread(&format!("{why} at `data.{path}`")),
        }
    } else {
        unread(&format!("the kind {:?} is not known", item.kind))
    };
    Item { cursor: Some(item.cursor).filter(|cursor| is_cursor(cursor)), what }
}
