use alloc::{string::String, sync::Arc};

use super::Checkpoint;
use crate::{machine::Feed, observe::Observer};

/// A feed that can be followed again at another position: for replicas, which take feeds over from each other.
pub trait Resume: Feed {
    /// Returns the name of the feed: its kind and, if it is limited to one, its chat. It is the same in every process.
    fn name(&self) -> String;

    /// Returns a new feed of the same events, which starts after this checkpoint; with `None`, where this one was
    /// created to start. Also if that is a checkpoint, the first event is then
    /// [`Started`](super::FeedEvent::Started).
    #[must_use]
    fn resumed(&self, after: Option<Checkpoint>) -> Self;

    /// Returns the observer of its client, which receives the changes of its claims, too. Default: `None`.
    fn observer(&self) -> Option<Arc<dyn Observer>> {
        None
    }
}
