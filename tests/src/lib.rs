//! What the suites share.
//!
//! - [`spellings`]: in which a server may repeat a text.
//! - [`operations`]: every operation that the core has, written once for all executors.
//! - [`contract`]: the wire contract (`docs/openapi.yaml`) as a check of requests and answers.
//! - [`harness`]: the executors; and a [`Fixture`] for each test of one, with a sandbox of its own.
//! - [`limit`]: the limit on the time of a test.

mod cases;
pub mod contract;
mod feed_probe;
mod fixture;
pub mod harness;
pub mod limit;
pub mod operations;
pub mod spellings;

pub use self::{
    cases::cases,
    feed_probe::FeedProbe,
    fixture::{Fixture, config},
};

/// The tests that these functions are, each for this executor, and each within the [`limit`]. They stand in modules of the suite that calls this.
#[macro_export]
#[allow(clippy::crate_in_macro_def, reason = "the suite is meant, not this crate")]
macro_rules! promises {
    ($harness:ty: $($module:ident: $($promise:ident),+;)+) => {
        $($(
            #[test]
            fn $promise() {
                $crate::limit::promise(
                    <$harness as $crate::harness::Harness>::NAME,
                    stringify!($promise),
                    crate::$module::$promise::<$harness>,
                );
            }
        )+)+
    };
}

/// What the README shows compiles, and what it can run runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
