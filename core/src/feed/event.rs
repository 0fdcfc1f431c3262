use alloc::string::String;

use super::Checkpoint;
use crate::{effect::Moment, error::Error, model::Undecoded};

/// An event of a feed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FeedEvent<T> {
    /// The feed has started. A feed resumed after this checkpoint misses nothing from here on.
    Started(Checkpoint),
    /// A message, reaction or location.
    Update {
        /// The item.
        item: T,
        /// Save this once the item is handled.
        checkpoint: Checkpoint,
    },
    /// An event that this version cannot decode.
    Undecoded {
        /// The raw event.
        item: Undecoded,
        /// Save this once it is handled.
        checkpoint: Checkpoint,
    },
    /// A checkpoint without an event. Save it, because servers expire old cursors. After ten minutes without an event,
    /// a feed delivers one that is newer than the last.
    Heartbeat(Checkpoint),
    /// Events may have been missed, because the server does not know the cursor: the checkpoint is too old, or the
    /// server has been replaced or restored since. The feed continues from now. A failing server leads to
    /// [`Retrying`](Self::Retrying) instead.
    Gap(Checkpoint),
    /// A request failed and will be retried. No events are lost.
    Retrying(Retrying),
}

impl<T> FeedEvent<T> {
    /// Returns the item of an [`Update`](Self::Update).
    pub fn into_item(self) -> Option<T> {
        match self {
            Self::Update { item, .. } => Some(item),
            _ => None,
        }
    }

    /// Returns the item of an [`Update`](Self::Update).
    pub const fn item(&self) -> Option<&T> {
        match self {
            Self::Update { item, .. } => Some(item),
            _ => None,
        }
    }

    /// Converts the item of an [`Update`](Self::Update) with `f`. All else stays the same.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> FeedEvent<U> {
        match self {
            Self::Started(checkpoint) => FeedEvent::Started(checkpoint),
            Self::Update { item, checkpoint } => FeedEvent::Update { item: f(item), checkpoint },
            Self::Undecoded { item, checkpoint } => FeedEvent::Undecoded { item, checkpoint },
            Self::Heartbeat(checkpoint) => FeedEvent::Heartbeat(checkpoint),
            Self::Gap(checkpoint) => FeedEvent::Gap(checkpoint),
            Self::Retrying(retrying) => FeedEvent::Retrying(retrying),
        }
    }

    /// Returns the checkpoint to save once this is handled; `None` for [`Retrying`](Self::Retrying).
    pub const fn checkpoint(&self) -> Option<&Checkpoint> {
        match self {
            Self::Started(checkpoint)
            | Self::Heartbeat(checkpoint)
            | Self::Gap(checkpoint)
            | Self::Update { checkpoint, .. }
            | Self::Undecoded { checkpoint, .. } => Some(checkpoint),
            Self::Retrying(_) => None,
        }
    }

    /// Returns an idempotency key for a change that is made because of this event: see
    /// [`Checkpoint::event_key`]. `None` for [`Retrying`](Self::Retrying).
    ///
    /// ```
    /// use teamwire_core::{Client, Draft, Error, FeedEvent, Message, Script};
    ///
    /// /// Replies once, even if the event is delivered again after a crash.
    /// fn reply(client: &Client<Script>, event: &FeedEvent<Message>) -> Result<(), Error> {
    ///     let (Some(message), Some(key)) = (event.item(), event.key("reply")) else { return Ok(()) };
    ///     client.chats().chat(&message.tid).post(Draft::text("Seen.").idempotency_key(key)).map(drop)
    /// }
    /// ```
    pub fn key(&self, purpose: &str) -> Option<String> {
        self.checkpoint().map(|checkpoint| checkpoint.event_key(purpose))
    }
}

/// A failed request of a feed that will be retried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Retrying {
    /// Number of consecutive failures.
    pub attempt: u32,
    /// The error of the last attempt.
    pub error: Error,
    /// Time of the next attempt, on the executor's monotonic clock.
    pub retry_at: Moment,
}

impl Retrying {
    /// Creates the report of a failure.
    pub const fn new(attempt: u32, error: Error, retry_at: Moment) -> Self {
        Self { attempt, error, retry_at }
    }
}

/// The reason why a feed ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FeedEnd {
    /// It was stopped by this program.
    Stopped,
    /// Another client of the bot ended the subscription on the server. Feeds of messages have no subscription: for them
    /// this error of a server is a failure, and they retry.
    Unsubscribed,
}

/// The outcome of a wait for an event that has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited<E> {
    /// The event.
    Event(E),
    /// There was no event in time. Nothing is lost: the request in progress continues, and the next wait resumes there.
    TimedOut,
    /// There are no more events.
    Ended,
}

impl<E> Waited<E> {
    /// Returns the event, if there is one.
    pub fn event(self) -> Option<E> {
        match self {
            Self::Event(event) => Some(event),
            Self::TimedOut | Self::Ended => None,
        }
    }
}

/// An event or the end of one of many feeds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FeedSetEvent<E, T> {
    /// The feed delivers this event.
    Event(E),
    /// The feed has ended and has been removed from the set.
    Ended(Result<T, Error>),
}
