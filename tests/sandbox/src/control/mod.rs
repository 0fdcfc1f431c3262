//! Control of a running sandbox from the same process.

mod admin;
pub(crate) mod api;
mod clock;
pub(crate) mod events;
mod faults;
mod json;
mod people;

pub use admin::Admin;
pub(crate) use admin::random_epoch;
pub use clock::Clock;
pub use faults::Faults;
pub use people::Person;
