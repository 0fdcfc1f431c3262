//! The current time, as data.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// The current time on both clocks. The [`World`](crate::World) reads no clock; its caller passes the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The time since the world was created. It never goes back, and measures waits, leases and rate limits.
    pub elapsed: Duration,
    /// The time of day, for timestamps.
    pub utc: DateTime<Utc>,
}

impl Now {
    /// The time `elapsed` after `start`.
    pub fn after(start: DateTime<Utc>, elapsed: Duration) -> Self {
        Self { elapsed, utc: saturating_add(start, elapsed) }
    }

    /// Milliseconds since 1970, as in a message's `timestamp`.
    pub(crate) fn millis(self) -> i64 {
        self.utc.timestamp_millis()
    }
}

/// Adds `wait` to `time`, saturating at the maximum.
pub(crate) fn saturating_add(time: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(wait).ok().and_then(|delta| time.checked_add_signed(delta)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Formats a time as RFC 3339 in UTC with milliseconds.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Parses exactly the format of [`rfc3339`].
pub(crate) fn parse_rfc3339(text: &str) -> Option<DateTime<Utc>> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape != "0000-00-00T00:00:00.000Z" {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
}
