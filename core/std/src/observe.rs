//! Observers of operations and feeds that write to the usual crates for logs and traces.

#[cfg(feature = "log")]
mod to_log;
#[cfg(feature = "tracing")]
mod to_tracing;

#[cfg(feature = "log")]
pub use self::to_log::ToLog;
#[cfg(feature = "tracing")]
pub use self::to_tracing::ToTracing;

/// Target of all records.
#[cfg(feature = "log")]
const TARGET: &str = "teamwire";
