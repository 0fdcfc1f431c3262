//! The events of feeds: their sources, subscriptions and batches.

use alloc::{string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use crate::model::{ThreadId, Undecoded};

/// The source of a feed.
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
}

impl FeedSource {
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
    pub const fn chat(&self) -> Option<&ThreadId> {
        match self {
            Self::LiveLocations(tid) | Self::Messages(tid) => Some(tid),
            Self::Reactions | Self::AllMessages => None,
        }
    }
}

/// The poll of a feed that is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollRequest<'a> {
    /// The id of the [subscription](Lease); `None` for a feed without one.
    pub lease: Option<&'a str>,
    /// The position after which events are requested; `None` for the current position of the feed, without events.
    pub cursor: Option<&'a str>,
    /// The time for which the server shall wait for an event, in whole seconds.
    pub wait: Duration,
}

impl<'a> PollRequest<'a> {
    /// Creates a request.
    pub const fn new(lease: Option<&'a str>, cursor: Option<&'a str>, wait: Duration) -> Self {
        Self { lease, cursor, wait }
    }
}

/// A subscription, which expires unless it is polled.
#[derive(Clone, Debug)]
pub struct Lease {
    pub(crate) id: String,
    pub(crate) cursor: Option<Arc<str>>,
}

impl Lease {
    /// Creates a subscription with this id. Without a [cursor](Self::at), a new feed polls for its position first.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), cursor: None }
    }

    /// Sets the current end of the feed, at which a new feed starts.
    #[must_use]
    pub fn at(mut self, cursor: impl Into<Arc<str>>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}

/// A batch of events and the next cursor.
///
/// The cursor is any text of up to 16 KiB that the protocol understands. A feed saves it in its checkpoints, so with
/// a server that has no cursors, it lists the events already seen: then a restart repeats none of them.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    pub(crate) items: Vec<BatchItem<T>>,
    /// `None` if it is invalid, which is accepted only if there are items.
    pub(crate) cursor: Option<Arc<str>>,
    pub(crate) pause: Option<Duration>,
}

impl<T> Batch<T> {
    /// Creates an empty batch. `cursor` is the position after it.
    pub fn new(cursor: impl Into<Arc<str>>) -> Self {
        Self { items: Vec::new(), cursor: Some(cursor.into()), pause: None }
    }

    /// Adds events, oldest first.
    #[must_use]
    pub fn items(mut self, items: impl IntoIterator<Item = BatchItem<T>>) -> Self {
        self.items.extend(items);
        self
    }

    /// Sets the minimum time from this response to the next poll, for a server that does not wait for events.
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
    pub(crate) result: Result<T, Undecoded>,
}

impl<T> BatchItem<T> {
    /// Creates an event. `identity` is text that no other event has, such as its id, by which the feed recognises it
    /// if the server returns it again.
    pub fn new(identity: impl AsRef<[u8]>, result: Result<T, Undecoded>) -> Self {
        Self { cursor: None, fingerprint: fingerprint(identity.as_ref()), result }
    }

    /// Sets the position after this event, so that its checkpoint is exact. By default, only the last event of a batch
    /// has a position: that of the batch.
    #[must_use]
    pub fn at(mut self, cursor: impl Into<Arc<str>>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}

/// Returns the 64-bit FNV-1a hash.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}
