//! The lease of a replica, on its own clocks.

use core::time::Duration;

use crate::effect::{Moment, Now};

/// Maximum time between two looks at a store that has feeds which this replica does not hold.
const MAX_INTERVAL: Duration = Duration::from_millis(500);
/// Maximum time after which a replica that holds all of several feeds notices that another one waits for its share.
const MAX_SHARE_INTERVAL: Duration = Duration::from_secs(5);

/// The times of a lease. It counts from the time at which the last successful renewal was *sent*: the store cannot have
/// renewed it earlier.
#[derive(Debug)]
pub(super) struct Lease {
    duration: Duration,
    renewed: Option<Now>,
}

impl Lease {
    pub(super) const fn new(duration: Duration) -> Self {
        Self { duration, renewed: None }
    }

    pub(super) const fn duration(&self) -> Duration {
        self.duration
    }

    pub(super) const fn renew(&mut self, sent: Now) {
        self.renewed = Some(sent);
    }

    /// Returns `true` if events may be handed out: for two thirds of the lease. The rest is for clocks that run at
    /// different speeds.
    ///
    /// Both clocks count. The monotonic clock may stop while the machine is suspended, and the wall clock may be set
    /// back.
    pub(super) fn is_safe(&self, now: Now) -> bool {
        let Some(renewed) = self.renewed else { return false };
        let elapsed = now.moment.saturating_duration_since(renewed.moment);
        let on_the_wall = now.utc.signed_duration_since(renewed.utc).to_std().unwrap_or_default();
        elapsed.max(on_the_wall) < self.duration.saturating_mul(2) / 3
    }

    /// Returns the time at which the lease has to be renewed.
    pub(super) fn renewal(&self, interval: Duration) -> Moment {
        self.renewed.map_or(Moment::EPOCH, |renewed| renewed.moment.saturating_add(interval))
    }

    /// Returns the time between renewals.
    pub(super) fn interval(&self) -> Duration {
        self.duration / 3
    }

    /// Returns the time between renewals while this member holds all of several feeds.
    pub(super) fn share_interval(&self) -> Duration {
        self.interval().min(MAX_SHARE_INTERVAL)
    }

    /// Returns the time between renewals while other members hold feeds, which may become free.
    pub(super) fn short_interval(&self) -> Duration {
        self.interval().min(MAX_INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn lease_can_have_any_length() {
        let now = Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH);
        for (duration, is_safe) in [(Duration::MAX, true), (Duration::ZERO, false)] {
            let mut lease = Lease::new(duration);
            assert!(!lease.is_safe(now), "it has not been renewed");
            lease.renew(now);
            assert_eq!(lease.is_safe(now), is_safe);
            assert!(lease.renewal(lease.interval()) >= now.moment);
        }
    }
}
