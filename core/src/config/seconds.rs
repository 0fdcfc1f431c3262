//! Durations as numbers of seconds.

use alloc::{format, string::String};
use core::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

/// Returns the duration of this number of seconds.
pub(super) fn seconds(number: f64) -> Result<Duration, String> {
    match Duration::try_from_secs_f64(number) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(format!("must be a number of seconds greater than zero, such as `10` or `2.5`, not `{number}`")),
    }
}

/// Deserialises a duration as a number of seconds.
pub(super) fn deserialize_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    seconds(f64::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Deserialises an optional duration as a number of seconds.
pub(super) fn deserialize_optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    Option::<f64>::deserialize(deserializer)?.map(seconds).transpose().map_err(D::Error::custom)
}
