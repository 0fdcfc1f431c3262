//! Feeds in synchronous programs: one in the thread that asks, or many with a bounded number of threads.

mod driver;
mod events;
mod means;
mod queue;
mod stop_handle;

pub use self::{driver::FeedDriver, events::Events, stop_handle::StopHandle};
