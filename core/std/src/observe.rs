//! Observers of operations and feeds that write to the usual crates for logs and traces.

#[cfg(feature = "log")]
mod to_log;
#[cfg(feature = "tracing")]
mod to_tracing;

#[cfg(feature = "log")]
pub use self::to_log::ToLog;
#[cfg(feature = "tracing")]
pub use self::to_tracing::ToTracing;

use std::{
    error::Error as _,
    fmt::{self, Display},
};

use teamwire_core::Error;

/// Target of all records.
#[cfg(feature = "log")]
const TARGET: &str = "teamwire";

/// An error with all of its causes.
struct Chain<'a>(&'a Error);

impl Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
