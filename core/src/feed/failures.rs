use core::{mem, time::Duration};

use crate::{config::RetryPolicy, flow::backoff};

/// Minimum backoff, whatever the retry policy or the server says, because feeds retry forever. It doubles, up to eight
/// seconds.
pub(super) const MIN_BACKOFF: Duration = Duration::from_millis(250);
const MAX_DOUBLINGS: u32 = 5;

/// Failures of a feed since its last successful poll.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Number of consecutive failures.
    count: u32,
    /// Number of consecutive failures other than cut polls; the backoff grows with it.
    outages: u32,
    /// Set if the server expired the lease or the cursor since the last successful poll. A second time counts as a
    /// failure.
    restarted: bool,
}

impl Failures {
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// Records a successful poll.
    pub(super) fn on_success(&mut self) {
        *self = Self::default();
    }

    /// Records a successful poll without a cursor. After a restart, only a poll with a cursor counts as success: the
    /// next one may restart the feed again.
    pub(super) fn on_start(&mut self) {
        if !self.restarted {
            self.on_success();
        }
    }

    /// Records that the server expired the lease or the cursor. Returns `true` if this is not a failure.
    pub(super) fn on_expiry(&mut self) -> bool {
        !mem::replace(&mut self.restarted, true)
    }

    /// Records a failure of the server. Returns the backoff.
    pub(super) fn on_outage(&mut self, policy: &RetryPolicy, random: u64) -> Duration {
        self.outages = self.outages.saturating_add(1);
        let min_backoff = MIN_BACKOFF * (1 << (self.outages - 1).min(MAX_DOUBLINGS));
        backoff::delay(policy, self.outages, random).max(min_backoff)
    }

    /// Returns the number of the next failure that is reported.
    pub(super) fn next_attempt(&mut self) -> u32 {
        self.count = self.count.saturating_add(1);
        self.count
    }
}
