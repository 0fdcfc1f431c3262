use super::Checkpoint;
use crate::{effect::Moment, error::Error, model::Undecoded};

/// What a feed delivers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FeedEvent<T> {
    /// The feed has begun, from now on: whoever begins after this checkpoint misses nothing that comes.
    Started(Checkpoint),
    /// Something happened.
    Update {
        /// What.
        item: T,
        /// Save this once the item is handled.
        checkpoint: Checkpoint,
    },
    /// Something happened that this version does not understand.
    Undecoded {
        /// What came.
        item: Undecoded,
        /// Save this once it is handled.
        checkpoint: Checkpoint,
    },
    /// Nothing has happened for a while. Save this as after an update: servers forget old cursors, this one is new.
    Heartbeat(Checkpoint),
    /// The server no longer has all that came after the cursor, or never gave it: the checkpoint is too old, or of a server that
    /// was replaced or restored since. Something may have been missed; the feed continues from now. A failure of the server is
    /// [`Retrying`](Self::Retrying) instead.
    Gap(Checkpoint),
    /// The feed could not be read, and tries again. Nothing is lost by it.
    Retrying(Retrying),
}

impl<T> FeedEvent<T> {
    /// What happened, if it is that.
    pub fn into_item(self) -> Option<T> {
        match self {
            Self::Update { item, .. } => Some(item),
            _ => None,
        }
    }

    /// The checkpoint to save once this is handled; `None` for trouble, which moves nothing.
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
}

/// A feed that could not be read, for now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Retrying {
    /// How many attempts in a row have failed.
    pub attempt: u32,
    /// Why the last one failed.
    pub error: Error,
    /// When it tries again, on the executor's monotonic clock.
    pub retry_at: Moment,
}

/// How a feed ended, if not by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FeedEnd {
    /// It was stopped here.
    Stopped,
    /// Somebody ended the subscription on the server.
    Unsubscribed,
}

/// What one of many feeds has come to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FeedSetEvent<E, T> {
    /// It delivers this.
    Event(E),
    /// It has ended, and is no longer among them.
    Ended(Result<T, Error>),
}
