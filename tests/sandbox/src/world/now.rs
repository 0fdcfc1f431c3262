//! What time it is, as data.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// Both clocks at one moment. The [`World`](crate::World) reads no clock: whoever drives it says what time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Time since the world began. It never goes back; waits, leases and rate limits are measured with it.
    pub elapsed: Duration,
    /// The time of day, for everything that is written down.
    pub utc: DateTime<Utc>,
}

impl Now {
    /// The moment `elapsed` after a world that began at `start`.
    pub fn after(start: DateTime<Utc>, elapsed: Duration) -> Self {
        Self { elapsed, utc: saturating_add(start, elapsed) }
    }

    /// Milliseconds since 1970, as a message's `timestamp` has them.
    pub(crate) fn millis(self) -> i64 {
        self.utc.timestamp_millis()
    }
}

/// `wait` after `time`, or the end of time if there is no such day.
pub(crate) fn saturating_add(time: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(wait).ok().and_then(|delta| time.checked_add_signed(delta)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// RFC 3339 in UTC with exactly three digits of milliseconds.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads what [`rfc3339`] writes, and nothing else.
pub(crate) fn parse_rfc3339(text: &str) -> Option<DateTime<Utc>> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape != "0000-00-00T00:00:00.000Z" {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
}
