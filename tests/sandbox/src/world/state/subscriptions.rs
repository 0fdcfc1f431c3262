//! Subscriptions: leases that polling renews.

use std::{collections::BTreeMap, time::Duration};

/// The lifetime of a subscription without a poll.
pub(crate) const LEASE: Duration = Duration::from_secs(300);

/// The time for which a deleted or expired subscription is still reported as such.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// The subject of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) enum Topic {
    Reactions,
    Locations(String),
    Events,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Subscription {
    pub(crate) app_id: String,
    pub(crate) topic: Topic,
    pub(crate) renewed_at: Duration,
    /// The deadlines of pending polls by request id. An abandoned poll renews the lease until its deadline.
    pub(crate) pending_polls: BTreeMap<String, Duration>,
    /// The last cursor of a poll, and the time since which it has not changed.
    pub(crate) cursor: (String, Duration),
    /// The time at which an admin expired it.
    pub(crate) expired_at: Option<Duration>,
    pub(crate) deleted_at: Option<Duration>,
}

impl Subscription {
    pub(crate) fn lease_end(&self) -> Duration {
        let last_use = self.pending_polls.values().copied().fold(self.renewed_at, Duration::max);
        self.expired_at.unwrap_or(last_use.saturating_add(LEASE))
    }

    /// Removes polls after their deadline: completed ones have been removed already, so these are abandoned.
    pub(crate) fn remove_abandoned_polls(&mut self, now: Duration) {
        let abandoned = self.pending_polls.values().copied().filter(|until| *until < now);
        self.renewed_at = abandoned.fold(self.renewed_at, Duration::max);
        self.pending_polls.retain(|_, until| *until >= now);
    }

    pub(crate) fn ended_at(&self) -> Duration {
        self.deleted_at.unwrap_or_else(|| self.lease_end())
    }

    pub(crate) fn is_active(&self, now: Duration) -> bool {
        self.deleted_at.is_none() && now < self.lease_end()
    }
}

/// The subscriptions of all bots.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Subscriptions {
    pub(crate) by_id: BTreeMap<String, Subscription>,
}

impl Subscriptions {
    pub(crate) fn active_count(&self, now: Duration) -> usize {
        self.by_id.values().filter(|it| it.is_active(now)).count()
    }

    pub(crate) fn remove_old(&mut self, now: Duration) {
        self.by_id.retain(|_, it| now < it.ended_at().saturating_add(RETENTION));
    }

    pub(crate) fn delete(&mut self, now: Duration, which: impl Fn(&str, &str, &Topic) -> bool) {
        for (id, it) in &mut self.by_id {
            if which(id, &it.app_id, &it.topic) {
                it.deleted_at.get_or_insert(now);
            }
        }
    }

    /// Deletes all subscriptions.
    pub(crate) fn delete_all(&mut self, now: Duration) {
        self.delete(now, |_, _, _| true);
    }

    /// Expires all leases.
    pub(crate) fn expire_all(&mut self, now: Duration) {
        for it in self.by_id.values_mut().filter(|it| it.is_active(now)) {
            it.expired_at = Some(now);
        }
    }
}
