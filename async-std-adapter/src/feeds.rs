//! Feeds in asynchronous programs: one as a stream, or many as one.

mod concurrent;
mod driver;
mod events;
mod followed;

pub use self::{driver::FeedDriver, events::Events, followed::Followed};
