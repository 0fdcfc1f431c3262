//! The state of a sandbox as JSON, for responses and for events.

mod clock;
mod faults;
mod feeds;
mod requests;

pub(super) use clock::clock;
pub(super) use faults::{closing, faults};
pub(super) use feeds::feeds;
pub(super) use requests::{body, curl, headers, request};
