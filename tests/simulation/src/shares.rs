//! The location shares that the client has to know.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use teamwire_core::effect::{Moment, Now};

/// The shares that the client has to know, by chat.
pub(super) type Shares = BTreeMap<&'static str, Share>;

/// The first latitude of a share, and its end by each of the clocks of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) latitude: i64,
    ends_at: Moment,
    ends_at_utc: DateTime<Utc>,
}

impl Share {
    pub(super) fn new(latitude: i64, now: Now, duration: Duration) -> Self {
        Self { latitude, ends_at: now.moment.saturating_add(duration), ends_at_utc: now.utc + duration }
    }

    /// Returns the remaining duration by the clock that leaves less of it.
    pub(super) fn remaining(self, now: Now) -> Duration {
        self.ends_at
            .saturating_duration_since(now.moment)
            .min((self.ends_at_utc - now.utc).to_std().unwrap_or_default())
    }

    pub(super) fn is_active(self, now: Now) -> bool {
        !self.remaining(now).is_zero()
    }
}
