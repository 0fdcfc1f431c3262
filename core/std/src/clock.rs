use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use teamwire_core::effect::{Moment, Now};

/// The monotonic clock, with an epoch of its own, and the UTC clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Instant,
}

impl Clock {
    /// Creates a clock whose epoch is now.
    pub fn start() -> Self {
        Self { epoch: Instant::now() }
    }

    /// Returns the current time.
    pub fn now(&self) -> Now {
        Now::new(Moment::from_epoch(self.epoch.elapsed()), DateTime::<Utc>::from(SystemTime::now()))
    }

    /// Returns the time until this moment; zero if it has passed.
    pub fn until(&self, moment: Moment) -> Duration {
        moment.saturating_duration_since(Moment::from_epoch(self.epoch.elapsed()))
    }
}
