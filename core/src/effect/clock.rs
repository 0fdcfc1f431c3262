//! The two clocks an executor hands to the core, as data.

use core::time::Duration;

use chrono::{DateTime, Utc};

/// A point on the executor's monotonic clock: the time since the epoch that the executor chose for itself.
///
/// Waits and retries are measured on it, so a jump of the wall clock moves none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The executor's epoch itself.
    pub const EPOCH: Self = Self(Duration::ZERO);

    /// The point `elapsed` after the executor's epoch.
    pub const fn from_epoch(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// How long after the executor's epoch this is.
    pub const fn since_epoch(self) -> Duration {
        self.0
    }

    /// This moment moved on by `wait`; the end of time where that is further than time goes.
    pub const fn saturating_add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// How long it takes from `earlier` until this moment; zero if it is not later.
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// What time it is: both clocks, read by the executor and passed in.
///
/// The core never reads a clock. A test writes this value down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock: what waits and retries are measured on.
    pub moment: Moment,
    /// The wall clock: for "one day ago" and for dates in HTTP headers.
    pub utc: DateTime<Utc>,
}

impl Now {
    /// Both clocks at once.
    pub const fn new(moment: Moment, utc: DateTime<Utc>) -> Self {
        Self { moment, utc }
    }
}
