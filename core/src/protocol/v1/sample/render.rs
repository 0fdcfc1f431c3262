//! The traits of the values that have a JSON form, and the forms of times.

use core::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

/// A value of the model that the contract has a JSON form of.
pub trait Render: sealed::Sealed {
    /// Returns the JSON: see [`sample::of`](super::of).
    #[doc(hidden)]
    fn render(&self) -> Value;
}

/// A `T`, a reference to one, or its JSON.
pub trait Sample<T>: sealed::IsSample<T> {
    /// Returns the JSON.
    #[doc(hidden)]
    fn into_json(self) -> Value;
}

pub(super) mod sealed {
    pub trait Sealed {}
    pub trait IsSample<T> {}

    impl<T: Sealed> IsSample<T> for T {}
    impl<T: Sealed> IsSample<T> for &T {}
    impl<T: Sealed> IsSample<T> for serde_json::Value {}
}

impl<T: Render> Sample<T> for T {
    fn into_json(self) -> Value {
        self.render()
    }
}

impl<T: Render> Sample<T> for &T {
    fn into_json(self) -> Value {
        self.render()
    }
}

impl<T: Render> Sample<T> for Value {
    fn into_json(self) -> Value {
        self
    }
}

/// Returns a time as the contract writes it.
pub(in super::super) fn time(time: DateTime<Utc>) -> Value {
    time.to_rfc3339_opts(SecondsFormat::Millis, true).into()
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
