//! Control of the sandbox's clock.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};

use crate::{server::Shared, world::World};

/// The sandbox's clock, returned by [`Sandbox::clock`](crate::Sandbox::clock).
///
/// It drives timestamps, leases, expiry, rate limits, the deadlines of long polls and the delays of faults.
pub struct Clock<'s> {
    pub(crate) shared: &'s Shared,
}

impl Clock<'_> {
    /// Pauses the clock until it is [advanced](Self::advance) or [resumed](Self::resume).
    pub fn pause(&self) {
        self.shared.clock.pause();
        self.shared.save_time();
        self.shared.wake();
    }

    /// Moves the clock forward, paused or running. Long polls whose deadline has passed return.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
        // Apply what expires in that time now, without waiting for the next request.
        self.shared.world(World::advance_to);
        self.shared.save_time();
        self.shared.wake();
    }

    /// Lets a paused clock run again from its current time.
    pub fn resume(&self) {
        self.shared.clock.resume();
        self.shared.wake();
    }

    /// The current time.
    pub fn utc(&self) -> DateTime<Utc> {
        self.shared.clock.now().utc
    }

    /// The time since the world was created, by this clock.
    pub fn elapsed(&self) -> Duration {
        self.shared.clock.now().elapsed
    }
}

impl fmt::Debug for Clock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}
