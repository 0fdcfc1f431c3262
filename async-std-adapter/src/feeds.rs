//! Feeds in asynchronous programs: one as a stream, or many as one.

mod concurrent;
mod driver;
mod events;
mod followed;
mod followed_set;
mod handling;
mod timer;

pub use self::{driver::FeedDriver, events::Events, followed::Followed, followed_set::FollowedSet};
