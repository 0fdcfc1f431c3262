use core::time::Duration;

use super::Checkpoint;

/// Where a feed begins, and how it asks.
///
/// A [`Checkpoint`] is one too, and so is `None`, for those who have not saved one yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    pub(super) after: Option<Checkpoint>,
    pub(super) wait: Duration,
}

/// The longest that the server waits.
const LONGEST: Duration = Duration::from_secs(25);

impl Follow {
    /// From now on.
    pub const fn from_now() -> Self {
        Self { after: None, wait: LONGEST }
    }

    /// From where this checkpoint was taken.
    pub const fn after(checkpoint: Checkpoint) -> Self {
        Self { after: Some(checkpoint), wait: LONGEST }
    }

    /// How long each request lets the server wait for something to happen: full seconds from 1 to 25, which is the default.
    /// It is less while something in between cuts requests that last as long.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = Duration::from_secs(wait.as_secs().clamp(1, LONGEST.as_secs()));
        self
    }
}

impl Default for Follow {
    fn default() -> Self {
        Self::from_now()
    }
}

impl From<Checkpoint> for Follow {
    fn from(checkpoint: Checkpoint) -> Self {
        Self::after(checkpoint)
    }
}

impl From<Option<Checkpoint>> for Follow {
    fn from(checkpoint: Option<Checkpoint>) -> Self {
        Self { after: checkpoint, wait: LONGEST }
    }
}
