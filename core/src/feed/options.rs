use core::time::Duration;

use super::Checkpoint;

/// Start position and polling options of a feed.
///
/// A [`Checkpoint`] converts into it, and so does an `Option` of one: `None` starts from now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until a feed is followed"]
pub struct FeedOptions {
    pub(super) after: Option<Checkpoint>,
    pub(super) long_poll: Duration,
}

/// Maximum duration of a long poll, whatever the protocol: many proxies end a request without a response after 30
/// seconds.
const MAX_LONG_POLL: Duration = Duration::from_secs(25);

impl FeedOptions {
    /// Starts with the next event.
    pub const fn from_now() -> Self {
        Self { after: None, long_poll: MAX_LONG_POLL }
    }

    /// Starts with the first event after the checkpoint.
    pub const fn after(checkpoint: Checkpoint) -> Self {
        Self { after: Some(checkpoint), long_poll: MAX_LONG_POLL }
    }

    /// Sets the duration of each long poll, in whole seconds from 1 to 25 (the default). It is shortened while an
    /// intermediary cuts off requests of that duration.
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
