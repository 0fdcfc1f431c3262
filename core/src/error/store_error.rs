use alloc::{format, string::String, sync::Arc};
use core::{error::Error as StdError, fmt};

use crate::escaped::Escaped;

/// The error of a store of claims.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreError {
    /// The kind of error.
    pub kind: StoreErrorKind,
    /// The message, which names the store or the part of it that is concerned. It contains no secret.
    pub message: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kind of a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store is away or failed. The call may have taken effect. Replicas repeat it for as long as the outage lasts.
    Unavailable,
    /// The store cannot be used: its settings, permissions or content are invalid. Following ends with the error.
    Unusable,
    /// The store has no checkpoint of the feed. It is new, or was emptied: see
    /// [`Replica::follow`](crate::claim::Replica::follow).
    NoCheckpoint,
}

impl StoreError {
    /// Creates the error of a store that is away or failed.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { kind: StoreErrorKind::Unavailable, message: message.into(), source: None }
    }

    /// Creates the error of a store that cannot be used.
    pub fn unusable(message: impl Into<String>) -> Self {
        Self { kind: StoreErrorKind::Unusable, ..Self::unavailable(message) }
    }

    /// Creates the error of a feed without a saved checkpoint.
    pub(crate) fn no_checkpoint(feed: &str, was_there: bool) -> Self {
        let reason = if was_there {
            "it has been emptied"
        } else {
            "it is new or has been emptied. To begin with the next event, call `follow_or_begin`"
        };
        let message = format!("the store has no checkpoint of the feed {feed}: {reason}");
        Self { kind: StoreErrorKind::NoCheckpoint, ..Self::unavailable(message) }
    }

    /// Sets the error of the operating system or of another library that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped(&self.message))
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
