//! Observers of operations and feeds: for logs, traces and counters.
//!
//! See [`Config::with_observer`](crate::Config::with_observer). With the feature `log` or `tracing`, this module has an
//! observer that writes to the crate of that name.

#[doc(inline)]
pub use teamwire_core::observe::*;
#[cfg(feature = "log")]
pub use teamwire_std::observe::ToLog;
#[cfg(feature = "tracing")]
pub use teamwire_std::observe::ToTracing;
