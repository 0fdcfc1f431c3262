//! Feeds in asynchronous programs: one as a stream, or many as one.

mod driver;
mod events;
mod stop_handle;

pub use self::{driver::FeedDriver, events::Events, stop_handle::StopHandle};
