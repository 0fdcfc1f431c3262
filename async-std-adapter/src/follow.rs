//! Feeds in asynchronous programs: one as a stream, or many as one.

mod carrier;
mod drive;
mod events;
mod stopper;

pub(crate) use self::carrier::{Boxed, Carrier};
pub use self::{drive::Drive, events::Events, stopper::Stopper};
