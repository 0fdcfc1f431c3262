//! Support for the suites.
//!
//! - [`executor_test`]: the attribute of a test that is written once and run for each executor.
//! - [`spellings`]: spellings in which a server may repeat a text.
//! - [`harness`]: the executors, and a [`Fixture`] with a sandbox for each test.
//! - [`AlteringProxy`]: a defective intermediary between a client and a sandbox.
//! - [`second_backend`]: a backend of the example protocol.
//! - [`operations`]: every operation that the core has, written once for all executors.
//! - [`contract`]: the wire contract (`docs/openapi.yaml`) as a check of requests and responses.
//! - [`limit`]: the limit on the time of a test.
//! - [`stopped_in_poll`]: a feed whose session is stopped at the worst moment.

mod altering_proxy;
mod cases;
pub mod contract;
#[cfg(doctest)]
mod documents;
mod feed_probe;
mod fixture;
pub mod harness;
pub mod limit;
pub mod operations;
mod peak;
pub mod second_backend;
pub mod spellings;
pub mod stopped_in_poll;
mod token_protocol;

pub use teamwire_test_macros::executor_test;

pub use self::{
    altering_proxy::{AlteringProxy, ProxiedRequest},
    cases::cases,
    feed_probe::FeedProbe,
    fixture::{Fixture, Refusal, config},
    peak::Peak,
    token_protocol::TokenProtocol,
};

/// Emits a test for each executor of a set, in a module with the name of the function. Suites use
/// [`executor_test`](macro@executor_test).
///
/// The sets:
/// - `adapters`: the executors that are products, on each of their runtimes;
/// - `transports`: these, and the transports of the examples, for a test of what
///   [`Transport`](teamwire_blocking::transport::Transport) requires. `hyper = "reason"` excepts the test from a
///   transport: it is ignored, and has to fail;
/// - `all`: `adapters`, and the hand-written executor of the example, whose connections carry one request, without TLS
///   and proxies, and whose files are read and written in one piece;
/// - `protocols`: `all`, and the adapters with the example protocol;
/// - `second`: these two alone.
#[doc(hidden)]
#[macro_export]
macro_rules! emit_executor_tests {
    (adapters: $test:ident) => {
        $crate::emit_executor_tests! { @ $test, blocking Blocking, async_std AsyncStd, smol Smol }
    };
    (transports $(, hyper = $hyper:literal)? $(, blocking_hyper = $blocking_hyper:literal)?: $test:ident) => {
        $crate::emit_executor_tests! {
            @ $test, blocking Blocking, async_std AsyncStd, smol Smol,
            hyper Hyper $(= $hyper)?, blocking_hyper BlockingHyper $(= $blocking_hyper)?
        }
    };
    (all: $test:ident) => {
        $crate::emit_executor_tests! {
            @ $test, blocking Blocking, async_std AsyncStd, smol Smol, handwritten Handwritten
        }
    };
    (protocols: $test:ident) => {
        $crate::emit_executor_tests! {
            @ $test, blocking Blocking, async_std AsyncStd, smol Smol, handwritten Handwritten,
            blocking_second BlockingSecond, async_second AsyncSecond
        }
    };
    (second: $test:ident) => {
        $crate::emit_executor_tests! { @ $test, blocking_second BlockingSecond, async_second AsyncSecond }
    };
    (@ $test:ident, $($name:ident $harness:ident $(= $exception:literal)?),+) => {
        mod $test {
            $(
                #[test]
                $(#[ignore = $exception])?
                fn $name() {
                    let name = concat!(module_path!(), "::", stringify!($name));
                    $crate::limit::run(name, super::$test::<$crate::harness::$harness>);
                }
            )+
        }
    };
}
