//! The sandbox's clock, for tests.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};

use crate::{server::Shared, world::World};

/// The sandbox's clock: [`Sandbox::clock`](crate::Sandbox::clock).
///
/// Timestamps, leases, expiry, rate limits, the deadlines of long polls and the delays of faults follow it.
pub struct Clock<'s> {
    pub(crate) shared: &'s Shared,
}

impl Clock<'_> {
    /// Holds the clock: it stands until it is advanced or released.
    pub fn pause(&self) {
        self.shared.clock.pause();
        self.shared.wake();
    }

    /// Moves the clock forward, whether it is held or runs. Long polls whose time has come are answered.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
        // What happens by itself in that time happens now, whether or not somebody asks.
        self.shared.world(World::advance_to);
        self.shared.wake();
    }

    /// Lets a clock that is held run again, from where it stands.
    pub fn resume(&self) {
        self.shared.clock.resume();
        self.shared.wake();
    }

    /// What time it is.
    pub fn utc(&self) -> DateTime<Utc> {
        self.shared.clock.now().utc
    }

    /// How long the sandbox has been running, by this clock.
    pub fn elapsed(&self) -> Duration {
        self.shared.clock.now().elapsed
    }
}

impl fmt::Debug for Clock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}
