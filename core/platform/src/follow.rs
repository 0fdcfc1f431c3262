//! Feeds in synchronous programs: one in the thread that asks, or many with a bounded number of threads.

mod drive;
mod events;
mod stopper;

use teamwire_core::{Exchange, Reply};

pub use self::{drive::Drive, events::Events, stopper::Stopper};

/// What performs the exchanges of feeds, and can be told to give up.
pub trait Transport: Send + Sync + 'static {
    /// Carries out this exchange. The thread waits for it.
    fn perform(&self, exchange: Exchange) -> Reply;

    /// Lets the exchanges under way fail at once, whatever they are waiting for, and all later ones too.
    fn abort(&self);
}
