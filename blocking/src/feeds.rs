//! Feeds in synchronous programs: one in the calling thread, or many with a bounded number of threads.

mod concurrent;
mod driver;
mod events;
mod followed;
mod followed_set;
mod handling;
mod interrupts;
mod queue;
mod wake;
mod workers;

pub use self::{
    driver::FeedDriver,
    events::Events,
    followed::Followed,
    followed_set::FollowedSet,
    wake::{WaitOutcome, Wake},
};
