use chrono::{DateTime, Utc};

/// A value from a response and the `Date` of the response. A response replayed for an idempotency key may contain a
/// much older value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dated<T> {
    /// The value.
    pub value: T,
    /// The time of the response by the server's clock, if known.
    pub sent_at: Option<DateTime<Utc>>,
}

impl<T> Dated<T> {
    /// Creates a value from a response without a date.
    pub const fn new(value: T) -> Self {
        Self { value, sent_at: None }
    }
}
