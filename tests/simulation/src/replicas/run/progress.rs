//! The progress after the faults.

use std::time::Duration;

use super::{Phase, SETTLED, Simulation};
use crate::{
    replicas::calls::MAX_LATE,
    violation::{Violation, violation},
};

impl Simulation<'_> {
    /// Returns the process that may hand out events of a feed.
    pub(super) fn holder(&self, feed: usize) -> Option<usize> {
        self.processes.values().find(|process| process.is_open(self.clock, feed)).map(|process| process.id)
    }

    pub(super) fn check_held(&self) -> Result<(), Violation> {
        match (0..self.scenario.topics.len()).find(|feed| self.holder(*feed).is_none()) {
            Some(feed) => {
                violation("every feed is followed in the end", || format!("{:?}", self.scenario.topics[feed]))
            }
            None => Ok(()),
        }
    }

    /// Checks the progress after the faults.
    pub(super) fn check_progress(&mut self) -> Result<(), Violation> {
        match self.phase {
            Phase::Settling(since) => {
                if self.promises.are_kept(self.backend.log()) && self.check_held().is_ok() {
                    self.phase = Phase::Resting(self.clock.max(since + MAX_LATE) + self.scenario.lease * 2);
                    return Ok(());
                }
                if self.clock > since + SETTLED + self.hanging_time() {
                    return violation("every event is handled in the end", || format!("{:?}", self.promises));
                }
                Ok(())
            }
            Phase::Resting(until) if self.clock > until => self.hand_over(),
            Phase::Faults | Phase::Resting(_) | Phase::Finished => Ok(()),
            Phase::HandingOver(feed, until) => {
                if self.holder(feed).is_some() {
                    self.phase = Phase::Finished;
                } else if self.clock > until {
                    return violation("a feed of a process that has ended is followed by another one in time", || {
                        format!("{:?}", self.scenario.topics[feed])
                    });
                }
                Ok(())
            }
        }
    }

    /// Returns the time that hanging handlers and leases of dead processes take at most.
    pub(super) fn hanging_time(&self) -> Duration {
        self.scenario.handler_timeout * 3 + self.scenario.lease * 2
    }
}
