//! Subscribing to feeds, and polls that renew a lease.

use std::{collections::BTreeMap, time::Duration};

use http::StatusCode;
use serde_json::json;

use super::feed;
use crate::world::{
    call::Call,
    contract::problem::Problem,
    outcome::{OperationResult, Outcome, ok},
    state::{
        World,
        feed_log::Feed,
        subscriptions::{Subscription, Topic},
    },
};

pub(crate) fn subscribe_locations(world: &mut World, call: &Call) -> OperationResult {
    world.chat(&call.actor, call.id(0))?;
    let tid = call.id(0).to_owned();
    world.subscribe(call, Topic::Locations(tid.clone()), &Feed::LocationsOf(tid))
}

pub(crate) fn subscribe_reactions(world: &mut World, call: &Call) -> OperationResult {
    world.subscribe(call, Topic::Reactions, &Feed::Reactions)
}

pub(crate) fn subscribe_events(world: &mut World, call: &Call) -> OperationResult {
    world.subscribe(call, Topic::Events, &Feed::Events)
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

pub(crate) fn unsubscribe_all_events(world: &mut World, call: &Call) -> OperationResult {
    world.unsubscribe(call, &Topic::Events, None)
}

pub(crate) fn unsubscribe_events(world: &mut World, call: &Call) -> OperationResult {
    world.unsubscribe(call, &Topic::Events, Some(call.id(0)))
}

/// The subscription id of a poll.
pub(crate) fn subscription_of(call: &Call) -> Result<String, Problem> {
    let id = call.query.id("subscription")?;
    id.map(str::to_owned).ok_or_else(|| Problem::malformed("Query parameter subscription is required."))
}

impl World {
    fn subscribe(&mut self, call: &Call, topic: Topic, feed: &Feed) -> OperationResult {
        self.subscriptions.remove_old(call.now.elapsed);
        let id = self.ids.next_with_prefix("s", 15);
        let cursor = self.current_cursor(&call.app_id, feed);
        let subscription = Subscription {
            app_id: call.app_id.clone(),
            topic,
            renewed_at: call.now.elapsed,
            pending_polls: BTreeMap::new(),
            cursor: (cursor.clone(), call.now.elapsed),
            expired_at: None,
            deleted_at: None,
        };
        self.subscriptions.by_id.insert(id.clone(), subscription);
        ok(json!({ "id": id, "cursor": cursor }))
    }

    #[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they return an `OperationResult`")]
    fn unsubscribe(&mut self, call: &Call, topic: &Topic, only: Option<&str>) -> OperationResult {
        self.subscriptions.delete(call.now.elapsed, |id, app_id, of| {
            app_id == call.app_id && of == topic && only.is_none_or(|only| only == id)
        });
        Ok(Outcome::NoContent)
    }

    /// Polls a feed with a lease, which is renewed when the poll arrives and when it returns.
    pub(crate) fn poll_leased(&mut self, call: &Call, id: &str, topic: &Topic, feed: &Feed) -> OperationResult {
        let now = call.now.elapsed;
        self.subscriptions.remove_old(now);
        let subscription = self.subscriptions.by_id.get_mut(id);
        let subscription = subscription
            .filter(|it| it.app_id == call.app_id && it.topic == *topic)
            .ok_or_else(|| Problem::not_found("subscription"))?;
        if subscription.deleted_at.is_some() {
            return Err(Problem::new(StatusCode::GONE, "unsubscribed", "The subscription was deleted."));
        }
        if !subscription.is_active(now) {
            let detail = "The lease of the subscription has expired.";
            return Err(Problem::new(StatusCode::CONFLICT, "lease_expired", detail));
        }
        subscription.remove_abandoned_polls(now);
        if let Some(cursor) = call.query.cursor()?.filter(|cursor| *cursor != subscription.cursor.0) {
            subscription.cursor = (cursor.to_owned(), now);
        }
        subscription.renewed_at = subscription.renewed_at.max(call.received_at);
        subscription.pending_polls.insert(call.request_id.clone(), feed::deadline(call)?);
        let result = self.poll(call, feed);
        if !matches!(result, Ok(Outcome::Wait(_)))
            && let Some(subscription) = self.subscriptions.by_id.get_mut(id)
        {
            subscription.pending_polls.remove(&call.request_id);
            subscription.renewed_at = now;
        }
        result
    }

    /// Moves the arrival of a pending poll: the requests until then have returned without updates.
    pub(crate) fn repeat(&mut self, call: &mut Call, time: Duration) {
        call.received_at += time;
        let lease = call.query.id("subscription").ok().flatten().and_then(|id| self.subscriptions.by_id.get_mut(id));
        if let Some(until) = lease.and_then(|lease| lease.pending_polls.get_mut(&call.request_id)) {
            *until += time;
        }
    }
}
