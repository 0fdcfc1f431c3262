//! Long polls and leases: what happens in chats, event by event.

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{mem, time::Duration};

use serde::Deserialize;

use super::{
    answer::{Answer, Decode, UNDECODED, decode, from_json},
    chats,
    endpoint::Endpoint,
    page::is_cursor,
    pieces,
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
    pub(crate) cursor: Arc<str>,
}

/// One thing that has happened.
#[derive(Debug)]
pub(crate) struct Item<T> {
    /// Where to go on after it; `None` if that could not be read either. Neighbours with the same one share it.
    pub(crate) cursor: Option<Arc<str>>,
    pub(crate) what: Result<T, Unread>,
}

/// A subscription that can be used.
fn lease(answer: &mut Answer<'_>) -> Result<Lease, UnexpectedAnswer> {
    let lease = answer.read::<Lease>()?;
    if !is_cursor(&lease.cursor) {
        return Err(answer.unexpected("this is no cursor", Some("cursor")));
    }
    if checked_id("subscription", &lease.id).is_err() {
        return Err(answer.unexpected("this is no id", Some("id")));
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

fn batch<T: Happens>(answer: &mut Answer<'_>) -> Result<Batch<T>, UnexpectedAnswer> {
    let [items, cursor] = answer.members(["items", "cursor"])?;
    let Some(cursor) = cursor else { return Err(answer.missing("cursor")) };
    let cursor: String = answer.member("cursor", cursor)?;
    if !is_cursor(&cursor) {
        return Err(answer.unexpected("this is no cursor", Some("cursor")));
    }
    let pieces = answer.array("items", items)?;
    let mut batch = Batch { items: Vec::new(), cursor: cursor.into() };
    let (mut unread, mut more) = (0, Skipped::default());
    let mut last = None;
    for json in pieces {
        let Read { cursor, what } = read(json, last.as_ref());
        last = cursor.clone().or(last);
        match what {
            Err(reason) if unread < UNDECODED => {
                unread += 1;
                let what = Unread { json: answer.item(json), reason: answer.data(reason.as_bytes()) };
                batch.items.push(Item { cursor, what: Err(what) });
            }
            Err(_) => more.take(cursor),
            Ok(item) => {
                batch.items.extend(more.end());
                batch.items.push(Item { cursor, what: Ok(item) });
            }
        }
    }
    batch.items.extend(more.end());
    Ok(batch)
}

/// Events that cannot be read, one after the other, of which only the number is kept.
#[derive(Default)]
struct Skipped {
    count: usize,
    cursor: Option<Arc<str>>,
}

impl Skipped {
    fn take(&mut self, cursor: Option<Arc<str>>) {
        self.count += 1;
        self.cursor = cursor.or_else(|| self.cursor.take());
    }

    /// All of them as one.
    fn end<T>(&mut self) -> Option<Item<T>> {
        let Self { count, cursor } = mem::take(self);
        let unread = || Unread { json: String::new(), reason: format!("{count} more events cannot be decoded") };
        (count > 0).then(|| Item { cursor, what: Err(unread()) })
    }
}

/// An event, or what is wrong with it.
struct Read<T> {
    cursor: Option<Arc<str>>,
    what: Result<T, String>,
}

fn read<T: Happens>(json: &[u8], last: Option<&Arc<str>>) -> Read<T> {
    let Some([cursor, kind, data]) = pieces::members(json, ["cursor", "kind", "data"]) else {
        return Read { cursor: None, what: Err("this is no object of which each member has one value".into()) };
    };
    let text = |name: &str, json: Option<&[u8]>| match json.map(from_json::<String>) {
        Some(Ok(text)) => Ok(text),
        Some(Err((why, _))) => Err(format!("{why} at `{name}`")),
        None => Err(format!("missing field `{name}`")),
    };
    let cursor = text("cursor", cursor).map(|cursor| match last {
        Some(last) if **last == *cursor => Some(last.clone()),
        _ => Some(cursor).filter(|cursor| is_cursor(cursor)).map(Arc::from),
    });
    let decoded = || {
        let kind = text("kind", kind)?;
        if kind != T::KIND {
            return Err(format!("the kind {kind:?} is not known"));
        }
        let data = data.ok_or("missing field `data`")?;
        decode(data).map_err(|(why, path)| format!("{why} at `data.{path}`"))
    };
    match cursor {
        Ok(cursor) => Read { cursor, what: decoded() },
        Err(reason) => Read { cursor: None, what: Err(reason) },
    }
}
