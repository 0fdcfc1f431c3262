//! The request rate of a feed.

use teamwire_core::effect::Now;

use crate::{
    scenario::Topic,
    violation::{Violation, violation},
};

/// Requests per second without any event to explain them: four attempts at the minimum backoff, twice if connections
/// are stale, and some to start.
const ALLOWANCE: usize = 16;

/// The requests of the current second, counted from the number of simulation events at its beginning.
#[derive(Debug, Default)]
pub(super) struct Pace {
    second: u64,
    count: usize,
}

impl Pace {
    /// Checks that the requests of this second are explained by its events.
    pub(super) fn check(&mut self, now: Now, event_count: usize, topic: Topic) -> Result<(), Violation> {
        let second = now.moment.since_epoch().as_secs();
        if second != self.second {
            *self = Self { second, count: event_count };
        }
        self.count += 1;
        if self.count > event_count + ALLOWANCE {
            return violation("a feed limits its request rate", || format!("{topic:?}, second {second}"));
        }
        Ok(())
    }
}
