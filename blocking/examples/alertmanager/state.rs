use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use teamwire_blocking::{
    Checkpoint,
    chrono::{DateTime, TimeDelta, Utc},
    model::MessageId,
};

/// A process that is killed before the state is saved receives the same webhook or event again. It then posts the same
/// with the same idempotency key, so that the server returns the message that it already has.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) checkpoint: Option<Checkpoint>,
    /// Times of the alerts of the last day.
    pub(crate) recent: Vec<DateTime<Utc>>,
    /// The alerts that are not resolved, by their keys.
    pub(crate) alerts: BTreeMap<String, Open>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) mid: MessageId,
    pub(crate) summary: String,
    /// Time of the escalation; `None` after it, or after a reaction.
    pub(crate) due: Option<DateTime<Utc>>,
}

impl State {
    /// Returns the times of the alerts of the day before this time, and this time.
    pub(crate) fn recent_with(&self, time: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let of_the_day = self.recent.iter().copied().filter(|earlier| time - earlier < TimeDelta::days(1));
        of_the_day.chain([time]).collect()
    }

    /// Returns the time at which the next alert is due.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.alerts.values().filter_map(|open| open.due).min()
    }
}
