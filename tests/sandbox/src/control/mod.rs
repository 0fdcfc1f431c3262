//! Control of a running sandbox from the same process.

mod admin;
mod clock;
mod faults;
mod people;

pub use admin::Admin;
pub(crate) use admin::random_epoch;
pub use clock::Clock;
pub use faults::Faults;
pub use people::Person;
