//! The clocks of a process.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use teamwire_core::effect::{Moment, Now};

/// The clocks of a process: a monotonic one of its own speed, which stands still while the machine is suspended, and
/// a wall clock.
#[derive(Debug)]
pub(super) struct Clock {
    /// A time of the run, and that of the monotonic clock.
    since: Duration,
    elapsed: Duration,
    /// Speed of the monotonic clock, in thousandths.
    rate: u64,
    wall_clock_start: DateTime<Utc>,
}

impl Clock {
    pub(super) const fn new(started_at: Duration, rate: u64, wall_clock_start: DateTime<Utc>) -> Self {
        Self { since: started_at, elapsed: Duration::from_secs(77), rate, wall_clock_start }
    }

    fn elapsed(&self, clock: Duration) -> Duration {
        self.elapsed + scaled(clock.saturating_sub(self.since), self.rate, 1_000)
    }

    /// Returns the local time at a time of the run.
    pub(super) fn now(&self, clock: Duration) -> Now {
        Now::new(Moment::from_epoch(self.elapsed(clock)), self.wall_clock_start + clock)
    }

    /// Returns the time of the run at which a local time has come.
    pub(super) fn time_of(&self, moment: Moment) -> Duration {
        let wait = moment.since_epoch().saturating_sub(self.elapsed);
        self.since + scaled(wait, 1_000, self.rate) + Duration::from_micros(1)
    }

    /// Suspends the machine.
    pub(super) fn suspend(&mut self, from: Duration, until: Duration) {
        (self.elapsed, self.since) = (self.elapsed(from), until);
    }

    /// Sets the wall clock, by this number of seconds.
    pub(super) fn shift_wall_clock(&mut self, seconds: i64) {
        self.wall_clock_start += TimeDelta::seconds(seconds);
    }

    /// Returns the longest time in which less than this local time passes. The wall clock, unless it was set, runs at
    /// the speed of the run.
    pub(super) fn longest(&self, local: Duration, is_wall_clock_set: bool) -> Duration {
        if is_wall_clock_set { scaled(local, 1_000, self.rate.min(1_000)) } else { local }
    }
}

fn scaled(time: Duration, by: u64, of: u64) -> Duration {
    let nanos = time.as_nanos() * u128::from(by) / u128::from(of);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
