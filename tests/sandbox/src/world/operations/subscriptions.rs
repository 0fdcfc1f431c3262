//! Subscriptions: leases that polling keeps alive.

use std::{collections::BTreeMap, time::Duration};

use http::StatusCode;
use serde_json::json;

use super::{
    World,
    call::Call,
    feed::{self, Feed},
    problem::Problem,
    response::{OperationResult, Outcome, ok},
};

/// How long a subscription lives without a poll.
const LEASE: Duration = Duration::from_secs(300);

/// How long it is remembered what became of a subscription.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// What is subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Reactions,
    Locations(String),
}

#[derive(Debug)]
struct Subscription {
    app_id: String,
    topic: Topic,
    renewed_at: Duration,
    /// The polls that wait, by their request, and until when. One whose client has gone counts until then, no longer.
    pending_polls: BTreeMap<String, Duration>,
    /// When an admin let it run out.
    expired_at: Option<Duration>,
    deleted_at: Option<Duration>,
}

impl Subscription {
    fn lease_end(&self) -> Duration {
        let natural_end = self.pending_polls.values().copied().fold(self.renewed_at, Duration::max) + LEASE;
        self.expired_at.unwrap_or(natural_end)
    }

    /// Forgets the polls whose time is up: those that were answered are gone already, so their clients are.
    fn remove_abandoned_polls(&mut self, now: Duration) {
        let abandoned = self.pending_polls.values().copied().filter(|until| *until < now);
        self.renewed_at = abandoned.fold(self.renewed_at, Duration::max);
        self.pending_polls.retain(|_, until| *until >= now);
    }

    fn ended_at(&self) -> Duration {
        self.deleted_at.unwrap_or_else(|| self.lease_end())
    }

    fn is_active(&self, now: Duration) -> bool {
        self.deleted_at.is_none() && now < self.lease_end()
    }
}

/// All subscriptions of all bots.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    by_id: BTreeMap<String, Subscription>,
}

impl Subscriptions {
    pub(crate) fn active_count(&self, now: Duration) -> usize {
        self.by_id.values().filter(|it| it.is_active(now)).count()
    }

    fn remove_old(&mut self, now: Duration) {
        self.by_id.retain(|_, it| now < it.ended_at() + RETENTION);
    }

    fn delete(&mut self, now: Duration, which: impl Fn(&str, &str, &Topic) -> bool) {
        for (id, it) in &mut self.by_id {
            if which(id, &it.app_id, &it.topic) {
                it.deleted_at.get_or_insert(now);
            }
        }
    }

    /// Deletes every subscription of everybody.
    pub(crate) fn delete_all(&mut self, now: Duration) {
        self.delete(now, |_, _, _| true);
    }

    /// Lets the lease of every subscription run out, now.
    pub(crate) fn expire_all(&mut self, now: Duration) {
        for it in self.by_id.values_mut().filter(|it| it.is_active(now)) {
            it.expired_at = Some(now);
        }
    }
}

pub(crate) fn subscribe_locations(world: &mut World, call: &Call) -> OperationResult {
    world.chat(&call.actor, call.id(0))?;
    let tid = call.id(0).to_owned();
    world.subscribe(call, Topic::Locations(tid.clone()), &Feed::LocationsOf(tid))
}

pub(crate) fn subscribe_reactions(world: &mut World, call: &Call) -> OperationResult {
    world.subscribe(call, Topic::Reactions, &Feed::Reactions)
}

pub(crate) fn unsubscribe_all_locations(world: &mut World, call: &Call) -> OperationResult {
    world.chat(&call.actor, call.id(0))?;
    world.unsubscribe(call, &Topic::Locations(call.id(0).to_owned()), None)
}

pub(crate) fn unsubscribe_locations(world: &mut World, call: &Call) -> OperationResult {
    world.chat(&call.actor, call.id(0))?;
    world.unsubscribe(call, &Topic::Locations(call.id(0).to_owned()), Some(call.id(1)))
}

pub(crate) fn unsubscribe_all_reactions(world: &mut World, call: &Call) -> OperationResult {
    world.unsubscribe(call, &Topic::Reactions, None)
}

pub(crate) fn unsubscribe_reactions(world: &mut World, call: &Call) -> OperationResult {
    world.unsubscribe(call, &Topic::Reactions, Some(call.id(0)))
}

/// The subscription that a poll names.
pub(crate) fn subscription_of(call: &Call) -> Result<String, Problem> {
    let id = call.query.id("subscription")?;
    id.map(str::to_owned).ok_or_else(|| Problem::malformed("Query parameter subscription is missing."))
}

impl World {
    fn subscribe(&mut self, call: &Call, topic: Topic, feed: &Feed) -> OperationResult {
        self.subscriptions.remove_old(call.now.elapsed);
        let id = self.ids.next_with_prefix("s", 15);
        let subscription = Subscription {
            app_id: call.app_id.clone(),
            topic,
            renewed_at: call.now.elapsed,
            pending_polls: BTreeMap::new(),
            expired_at: None,
            deleted_at: None,
        };
        self.subscriptions.by_id.insert(id.clone(), subscription);
        ok(json!({ "id": id, "cursor": self.current_cursor(&call.app_id, feed), "lease": LEASE.as_secs() }))
    }

    #[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they answer with a `OperationResult`")]
    fn unsubscribe(&mut self, call: &Call, topic: &Topic, only: Option<&str>) -> OperationResult {
        self.subscriptions.delete(call.now.elapsed, |id, app_id, of| {
            app_id == call.app_id && of == topic && only.is_none_or(|only| only == id)
        });
        Ok(Outcome::NoContent)
    }

    /// Polls a feed with a lease: it begins anew when the poll arrives and when it is answered.
    pub(crate) fn poll_leased(&mut self, call: &Call, id: &str, topic: &Topic, feed: &Feed) -> OperationResult {
        let now = call.now.elapsed;
        self.subscriptions.remove_old(now);
        let subscription = self.subscriptions.by_id.get_mut(id);
        let subscription = subscription
            .filter(|it| it.app_id == call.app_id && it.topic == *topic)
            .ok_or_else(|| Problem::not_found("subscription"))?;
        if subscription.deleted_at.is_some() {
            return Err(Problem::new(StatusCode::GONE, "unsubscribed", "This subscription was deleted_at."));
        }
        if !subscription.is_active(now) {
            let detail = "The lease of this subscription has run out.";
            return Err(Problem::new(StatusCode::CONFLICT, "lease_expired", detail));
        }
        subscription.remove_abandoned_polls(now);
        subscription.renewed_at = subscription.renewed_at.max(call.received_at);
        subscription.pending_polls.insert(call.request_id.clone(), feed::deadline(call)?);
        let reply = self.poll(call, feed);
        if !matches!(reply, Ok(Outcome::Wait(_)))
            && let Some(subscription) = self.subscriptions.by_id.get_mut(id)
        {
            subscription.pending_polls.remove(&call.request_id);
            subscription.renewed_at = now;
        }
        reply
    }
}
