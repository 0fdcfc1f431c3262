use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use teamwire_core::{Moment, Now};

/// Both clocks of the machine; its epoch is when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Instant,
}

impl Clock {
    /// A clock whose epoch is now.
    pub fn start() -> Self {
        Self { epoch: Instant::now() }
    }

    /// What time it is.
    pub fn now(&self) -> Now {
        Now::new(Moment::after_epoch(self.epoch.elapsed()), DateTime::<Utc>::from(SystemTime::now()))
    }

    /// How long it is until this moment; zero if it has passed.
    pub fn until(&self, moment: Moment) -> Duration {
        moment.since(Moment::after_epoch(self.epoch.elapsed()))
    }
}
