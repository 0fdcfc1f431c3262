use std::sync::Arc;

use teamwire_core::{Exchange, Reply};

/// What performs exchanges, and can be told to give up: an HTTP stack with its connections.
pub trait Transport: Send + Sync + 'static {
    /// Carries out this exchange. The thread waits for it.
    fn perform(&self, exchange: Exchange) -> Reply;

    /// Another one with the same settings and connections of its own, which can be told to give up without harm to this one.
    fn fork(&self) -> Arc<dyn Transport>;

    /// Lets the exchanges under way fail at once, whatever they are waiting for, and all later ones too.
    fn abort(&self);
}
