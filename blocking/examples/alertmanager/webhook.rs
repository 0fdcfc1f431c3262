//! The webhook of Alertmanager, version 4: only the fields that are used.

use std::collections::BTreeMap;

use serde::Deserialize;
use teamwire_blocking::chrono::{DateTime, Utc};

#[derive(Deserialize)]
pub(crate) struct Webhook {
    pub(crate) alerts: Vec<Alert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alert {
    /// `firing` or `resolved`.
    pub(crate) status: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    pub(crate) starts_at: DateTime<Utc>,
    fingerprint: String,
}

impl Alert {
    /// The same in every repetition of the alert, and different if it fires again later.
    pub(crate) fn key(&self) -> String {
        format!("{}-{}", self.fingerprint, self.starts_at.timestamp_millis())
    }

    pub(crate) fn summary(&self) -> &str {
        let summary = self.annotations.get("summary").or_else(|| self.labels.get("alertname"));
        summary.map_or("an alert without a name", String::as_str)
    }
}
