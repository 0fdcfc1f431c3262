//! The two clocks that an executor passes to the core, as data.

use core::time::Duration;

use chrono::{DateTime, Utc};

/// A point in time on the executor's monotonic clock, relative to an epoch of the executor's choice.
///
/// Waits and retries are measured on it, so changes of the wall clock do not affect them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The executor's epoch.
    pub const EPOCH: Self = Self(Duration::ZERO);

    /// Returns the time `elapsed` after the executor's epoch.
    pub const fn from_epoch(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Returns the time since the executor's epoch.
    pub const fn since_epoch(self) -> Duration {
        self.0
    }

    /// Adds `wait`, saturating at the maximum.
    pub const fn saturating_add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// Returns the time elapsed since `earlier`, or zero if that is later.
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The current time on both clocks, supplied by the executor.
///
/// The core never reads a clock; tests pass any value they like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock, for waits and retries.
    pub moment: Moment,
    /// The wall clock, for relative dates such as "one day ago" and for dates in HTTP headers.
    pub utc: DateTime<Utc>,
}

impl Now {
    /// Combines both clocks.
    pub const fn new(moment: Moment, utc: DateTime<Utc>) -> Self {
        Self { moment, utc }
    }
}
