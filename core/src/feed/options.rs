use core::time::Duration;

use super::Checkpoint;

/// Where a feed begins, and how it asks.
///
/// A [`Checkpoint`] is one too, and so is `None`, for those who have not saved one yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedOptions {
    pub(super) after: Option<Checkpoint>,
    pub(super) long_poll: Duration,
}

/// The longest that the server waits.
const MAX_LONG_POLL: Duration = Duration::from_secs(25);

impl FeedOptions {
    /// From now on.
    pub const fn from_now() -> Self {
        Self { after: None, long_poll: MAX_LONG_POLL }
    }

    /// From where this checkpoint was taken.
    pub const fn after(checkpoint: Checkpoint) -> Self {
        Self { after: Some(checkpoint), long_poll: MAX_LONG_POLL }
    }

    /// How long each request lets the server wait for something to happen: full seconds from 1 to 25, which is the default.
    /// It is less while something in between cuts requests that last as long.
    pub fn long_poll(mut self, wait: Duration) -> Self {
        self.long_poll = Duration::from_secs(wait.as_secs().clamp(1, MAX_LONG_POLL.as_secs()));
        self
    }
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self::from_now()
    }
}

impl From<Checkpoint> for FeedOptions {
    fn from(checkpoint: Checkpoint) -> Self {
        Self::after(checkpoint)
    }
}

impl From<Option<Checkpoint>> for FeedOptions {
    fn from(checkpoint: Option<Checkpoint>) -> Self {
        Self { after: checkpoint, long_poll: MAX_LONG_POLL }
    }
}
