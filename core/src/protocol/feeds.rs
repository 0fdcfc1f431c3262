//! The events of feeds: their sources, subscriptions and batches.

use alloc::{format, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use super::is_cursor;
use crate::{
    error::Operation,
    model::{ThreadId, Undecoded},
};

/// The source of a feed. A protocol returns `Unsupported` for one that it does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeedSource {
    /// The live locations shared in a chat.
    LiveLocations(ThreadId),
    /// The reactions to attention messages in all chats.
    Reactions,
    /// The new messages of a chat.
    Messages(ThreadId),
    /// The new messages of all chats.
    AllMessages,
    /// Everything that happens in all chats.
    Events,
}

impl FeedSource {
    /// Returns its name in checkpoints.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::LiveLocations(_) => "live_locations",
            Self::Reactions => "reactions",
            Self::Messages(_) => "messages",
            Self::AllMessages => "all_messages",
            Self::Events => "events",
        }
    }

    /// Returns its name with the id of its chat, after a space.
    pub(crate) fn full_name(&self) -> String {
        let name = self.name();
        self.chat().map_or_else(|| name.into(), |tid| format!("{name} {}", tid.as_str()))
    }

    /// Returns the operation that follows it.
    pub(crate) const fn operation(&self) -> &'static Operation {
        match self {
            Self::LiveLocations(_) => &Operation::LIVE_LOCATIONS,
            Self::Reactions => &Operation::REACTION_UPDATES,
            Self::Messages(_) | Self::AllMessages => &Operation::NEW_MESSAGES,
            Self::Events => &Operation::EVENTS,
        }
    }

    /// Returns the chat, if the feed is limited to one.
    pub const fn chat(&self) -> Option<&ThreadId> {
        match self {
            Self::LiveLocations(tid) | Self::Messages(tid) => Some(tid),
            Self::Reactions | Self::AllMessages | Self::Events => None,
        }
    }
}

/// The poll of a feed that is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollRequest<'a> {
    /// The [id of the subscription](Lease::new); `None` for a feed without one.
    pub lease: Option<&'a str>,
    /// The position after which events are requested, as the protocol returned it; `None` for the current position of
    /// the feed. Events in the response to the latter are ignored. The cursor may be that of an earlier version of the
    /// protocol or of another one, because bots save it: return `InvalidInput` then, which ends the feed.
    pub cursor: Option<&'a str>,
    /// The time for which the server shall wait for an event: 1 to 25 whole seconds. It becomes shorter if an
    /// intermediary cuts polls off. Pass it to [`Endpoint::long_poll`](super::Endpoint::long_poll).
    pub wait: Duration,
}

impl<'a> PollRequest<'a> {
    /// Creates a request.
    pub const fn new(lease: Option<&'a str>, cursor: Option<&'a str>, wait: Duration) -> Self {
        Self { lease, cursor, wait }
    }
}

/// A subscription, which expires unless it is polled. A feed has one at a time: it subscribes when it starts, and after
/// a refusal with [`LeaseExpired`](crate::error::Signal::LeaseExpired) or of the kind `NotFound`.
#[derive(Clone, Debug)]
pub struct Lease {
    pub(crate) id: String,
    pub(crate) cursor: Option<Arc<str>>,
}

impl Lease {
    /// Creates a subscription with this id, which is passed to each poll as [`PollRequest::lease`]. Without a
    /// [cursor](Self::at), a new feed polls for its position first.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), cursor: None }
    }

    /// Sets the current end of the feed, at which a new feed starts. A feed that resumes at a checkpoint ignores it. An
    /// invalid cursor is left out.
    #[must_use]
    pub fn at(mut self, cursor: impl Into<Arc<str>>) -> Self {
        self.cursor = valid(cursor);
        self
    }
}

/// A batch of events and the next cursor.
///
/// The cursor is any text of 1 byte to 16 KiB that the protocol understands. A feed saves it in its checkpoints, so
/// with a server that has no cursors, it lists the events already seen: then a restart repeats none of them. A batch
/// with events has to have another cursor than the one requested, or the feed reports a failure and polls again.
///
/// Without a [pause](Self::pause), the next poll is sent at once if something was delivered, and otherwise one second
/// after the last one at the earliest.
///
/// ```
/// use core::time::Duration;
/// use serde::Deserialize;
/// use serde_json::Value;
/// use teamwire_core::{
///     Reaction,
///     protocol::{Batch, BatchItem, Endpoint, EndpointResult, PollRequest, Route},
/// };
///
/// #[derive(Deserialize)]
/// struct EventsJson {
///     events: Vec<Value>,
///     end: u64,
/// }
///
/// # fn reaction(_event: &Value) -> Result<Reaction, String> { Err("of no interest here".into()) }
/// /// `GET api/reactions?after={number}`, by a server that counts its events, and does not wait for new ones.
/// fn reaction_updates(poll: PollRequest<'_>) -> EndpointResult<Batch<Reaction>> {
///     // The last event, to start from.
///     let route = Route::new("api/reactions").query("after", poll.cursor.unwrap_or("-1"));
///     Ok(Endpoint::get(route).reads(|response| {
///         let EventsJson { events, end } = response.deserialize()?;
///         let items = events.iter().map(|event| {
///             let json = event.to_string();
///             let result = reaction(event).map_err(|reason| response.undecoded(json.as_bytes(), &reason));
///             BatchItem::new(event["number"].to_string(), result).at(event["number"].to_string())
///         });
///         Ok(Batch::new(end.to_string()).items(items).pause(Duration::from_secs(5)))
///     }))
/// }
///
/// let poll = PollRequest::new(None, Some("41"), Duration::from_secs(25));
/// assert_eq!(format!("{:?}", reaction_updates(poll)?), "GET api/reactions?after=41");
/// # Ok::<(), teamwire_core::Error>(())
/// ```
///
/// # Guarantees
///
/// They depend on the server, and the documentation of a protocol should state them.
///
/// - A server that waits for events, and has cursors: every event is delivered at once, in order, exactly once within a
///   process, and at least once across a restart.
/// - If it expires cursors, with a [signal](crate::error::Signal::CursorExpired): the same, or a `Gap`.
/// - If it has cursors, but does not wait: the same, late by up to the [pause](Self::pause).
/// - If it only lists its items since a time: late by up to the pause; the rest depends on the cursor that the protocol
///   makes.
///
/// # Plain polling
///
/// A server without cursors returns its items since a time. The protocol makes the cursor itself: the time of the
/// newest item, and the identities of the items seen since then, so that neither the next poll nor a restart repeats
/// them.
///
/// Such a feed can promise this:
///
/// - At least once: a restart continues after the last event that the bot has handled. Events that the server returns
///   again, because the time is inclusive, are delivered once, as long as the cursor lists them.
/// - A bounded rate: each feed sends a request per pause, whether there are events or not, and more for a backlog.
///
/// It cannot promise this:
///
/// - A latency below the pause.
/// - Items that become visible late, with an earlier time than one already seen. An overlap helps: each poll requests
///   the last seconds again, and the cursor lists all items seen in them. It has 16 KiB, which limits the overlap.
/// - Items that exist only between two polls, or whose content changes after they were seen.
/// - A `Gap`: such a server does not report that it has deleted old items.
///
/// Its cursors depend on the polls before, so its events are [keyed by their
/// identities](BatchItem::keyed_by_identity).
///
/// The start of a feed must come from the server, as its clock may differ: for instance the time of its newest item.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    pub(crate) items: Vec<BatchItem<T>>,
    /// `None` if it is invalid.
    pub(crate) cursor: Option<Arc<str>>,
    pub(crate) pause: Option<Duration>,
}

impl<T> Batch<T> {
    /// Creates an empty batch. `cursor` is the position after it. With an invalid one, the feed stays at the last event
    /// that has a position of its own, reports a failure and polls again.
    pub fn new(cursor: impl Into<Arc<str>>) -> Self {
        Self { items: Vec::new(), cursor: valid(cursor), pause: None }
    }

    /// Adds events, oldest first.
    #[must_use]
    pub fn items(mut self, items: impl IntoIterator<Item = BatchItem<T>>) -> Self {
        self.items.extend(items);
        self
    }

    /// Sets the time from this response to the next poll, for a server that does not wait for events: at most an hour
    /// and, unless the batch has new events, at least a quarter of a second. It replaces the feed's own pace, so leave
    /// it out for a batch that is followed by more: a long pause after each page of a backlog would delay the rest.
    #[must_use]
    pub const fn pause(mut self, time: Duration) -> Self {
        self.pause = Some(time);
        self
    }
}

/// An event of a batch.
#[derive(Clone, Debug)]
pub struct BatchItem<T> {
    /// Position after the event; `None` if it is invalid. Adjacent events with the same cursor share it.
    pub(crate) cursor: Option<Arc<str>>,
    /// Hash of the event's identity, to recognise it when it is returned again.
    pub(crate) fingerprint: u64,
    /// Set if the keys of the event depend on its identity, although it has a cursor.
    pub(crate) is_keyed_by_identity: bool,
    pub(crate) result: Result<T, Undecoded>,
}

impl<T> BatchItem<T> {
    /// Creates an event. `identity` is text that no other event of the feed has, such as its id, by which the feed
    /// recognises it if the server returns it again before the cursor passes it. It identifies the event, not its
    /// object: a second change of the same reaction is another event.
    ///
    /// An event that cannot be decoded is delivered, too: see
    /// [`ResponseReader::undecoded`](super::ResponseReader::undecoded).
    pub fn new(identity: impl AsRef<[u8]>, result: Result<T, Undecoded>) -> Self {
        Self { cursor: None, fingerprint: fingerprint(identity.as_ref()), is_keyed_by_identity: false, result }
    }

    /// Sets the position after this event, so that its checkpoint is exact. By default, the last event of a batch has
    /// the position of the batch, and the others have none: a bot that resumes at one of them gets the batch again.
    /// An invalid cursor is left out.
    ///
    /// The [keys](crate::Checkpoint::event_key) of the event depend on it, unless it is
    /// [keyed by its identity](Self::keyed_by_identity).
    #[must_use]
    pub fn at(mut self, cursor: impl Into<Arc<str>>) -> Self {
        self.cursor = valid(cursor);
        self
    }

    /// Derives the [keys](crate::Checkpoint::event_key) of the event from its identity, although it has a
    /// [cursor](Self::at). A protocol that makes the cursors itself has to say so: they depend on what was polled
    /// before, and so differ in another process, to which the event is delivered again. The identity must be the same
    /// in both.
    #[must_use]
    pub const fn keyed_by_identity(mut self) -> Self {
        self.is_keyed_by_identity = true;
        self
    }
}

/// Returns the cursor, unless it is invalid: no feed could resume at a checkpoint with it.
fn valid(cursor: impl Into<Arc<str>>) -> Option<Arc<str>> {
    Some(cursor.into()).filter(|cursor| is_cursor(cursor))
}

/// Returns a hash that is the same in every process and version: the keys of events depend on it. It does not resist
/// attacks.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    // Eight bytes at once: the hash of an event would otherwise take a sixth of the time that decoding it takes.
    let (words, rest) = bytes.as_chunks();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let words = words.iter().chain([&last]);
    words.fold(bytes.len() as u64, |hash, word| {
        let product = u128::from(hash ^ u64::from_le_bytes(*word)) * 0x9E37_79B9_7F4A_7C15;
        // Both halves, so that each bit of a word affects all bits.
        let [low, high] = [product, product >> 64].map(|half| half & u128::from(u64::MAX));
        u64::try_from(low ^ high).expect("it is 64 bits")
    })
}
