//! Subscriptions: leases that polling keeps alive.

use std::{collections::BTreeMap, time::Duration};

use http::StatusCode;
use serde_json::json;

use super::{
    World,
    answer::{Answer, Reply, ok},
    call::Call,
    feed::{self, Feed},
    problem::Problem,
};

/// How long a subscription lives without a poll.
const LEASE: Duration = Duration::from_secs(300);

/// How long it is remembered what became of a subscription.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// What is subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Reactions,
    Locations(String),
}

#[derive(Debug)]
struct Subscription {
    app_id: String,
    topic: Topic,
    renewed: Duration,
    /// The polls that wait, by their request, and until when. One whose client has gone counts until then, no longer.
    waiting: BTreeMap<String, Duration>,
    /// When an admin let it run out.
    expired: Option<Duration>,
    deleted: Option<Duration>,
}

impl Subscription {
    fn runs_out(&self) -> Duration {
        let by_itself = self.waiting.values().copied().fold(self.renewed, Duration::max) + LEASE;
        self.expired.unwrap_or(by_itself)
    }

    /// Forgets the polls whose time is up: those that were answered are gone already, so their clients are.
    fn forget_abandoned(&mut self, now: Duration) {
        let abandoned = self.waiting.values().copied().filter(|until| *until < now);
        self.renewed = abandoned.fold(self.renewed, Duration::max);
        self.waiting.retain(|_, until| *until >= now);
    }

    fn gone_since(&self) -> Duration {
        self.deleted.unwrap_or_else(|| self.runs_out())
    }

    fn is_alive(&self, now: Duration) -> bool {
        self.deleted.is_none() && now < self.runs_out()
    }
}

/// All subscriptions of all bots.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    by_id: BTreeMap<String, Subscription>,
}

impl Subscriptions {
    pub(super) fn alive(&self, now: Duration) -> usize {
        self.by_id.values().filter(|it| it.is_alive(now)).count()
    }

    fn forget_old(&mut self, now: Duration) {
        self.by_id.retain(|_, it| now < it.gone_since() + REMEMBERED);
    }

    fn delete(&mut self, now: Duration, which: impl Fn(&str, &str, &Topic) -> bool) {
        for (id, it) in &mut self.by_id {
            if which(id, &it.app_id, &it.topic) {
                it.deleted.get_or_insert(now);
            }
        }
    }

    /// Deletes every subscription of everybody.
    pub(super) fn delete_all(&mut self, now: Duration) {
        self.delete(now, |_, _, _| true);
    }

    /// Lets the lease of every subscription run out, now.
    pub(super) fn expire_all(&mut self, now: Duration) {
        for it in self.by_id.values_mut().filter(|it| it.is_alive(now)) {
            it.expired = Some(now);
        }
    }
}

pub(super) fn subscribe_locations(world: &mut World, call: &Call) -> Reply {
    world.chat(&call.actor, call.id(0))?;
    let tid = call.id(0).to_owned();
    world.subscribe(call, Topic::Locations(tid.clone()), &Feed::LocationsOf(tid))
}

pub(super) fn subscribe_reactions(world: &mut World, call: &Call) -> Reply {
    world.subscribe(call, Topic::Reactions, &Feed::Reactions)
}

pub(super) fn end_all_locations(world: &mut World, call: &Call) -> Reply {
    world.chat(&call.actor, call.id(0))?;
    world.end(call, &Topic::Locations(call.id(0).to_owned()), None)
}

pub(super) fn end_locations(world: &mut World, call: &Call) -> Reply {
    world.chat(&call.actor, call.id(0))?;
    world.end(call, &Topic::Locations(call.id(0).to_owned()), Some(call.id(1)))
}

pub(super) fn end_all_reactions(world: &mut World, call: &Call) -> Reply {
    world.end(call, &Topic::Reactions, None)
}

pub(super) fn end_reactions(world: &mut World, call: &Call) -> Reply {
    world.end(call, &Topic::Reactions, Some(call.id(0)))
}

/// The subscription that a poll names.
pub(super) fn subscription_of(call: &Call) -> Result<String, Problem> {
    let id = call.query.id("subscription")?;
    id.map(str::to_owned).ok_or_else(|| Problem::malformed("Query parameter subscription is missing."))
}

impl World {
    fn subscribe(&mut self, call: &Call, topic: Topic, feed: &Feed) -> Reply {
        self.subscriptions.forget_old(call.now.elapsed);
        let id = self.ids.named("s", 15);
        let subscription = Subscription {
            app_id: call.app_id.clone(),
            topic,
            renewed: call.now.elapsed,
            waiting: BTreeMap::new(),
            expired: None,
            deleted: None,
        };
        self.subscriptions.by_id.insert(id.clone(), subscription);
        ok(json!({ "id": id, "cursor": self.cursor_of_now(&call.app_id, feed), "lease": LEASE.as_secs() }))
    }

    #[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they answer with a `Reply`")]
    fn end(&mut self, call: &Call, topic: &Topic, only: Option<&str>) -> Reply {
        self.subscriptions.delete(call.now.elapsed, |id, app_id, of| {
            app_id == call.app_id && of == topic && only.is_none_or(|only| only == id)
        });
        Ok(Answer::NoContent)
    }

    /// Polls a feed with a lease: it begins anew when the poll arrives and when it is answered.
    pub(super) fn poll_leased(&mut self, call: &Call, id: &str, topic: &Topic, feed: &Feed) -> Reply {
        let now = call.now.elapsed;
        self.subscriptions.forget_old(now);
        let subscription = self.subscriptions.by_id.get_mut(id);
        let subscription = subscription
            .filter(|it| it.app_id == call.app_id && it.topic == *topic)
            .ok_or_else(|| Problem::not_found("subscription"))?;
        if subscription.deleted.is_some() {
            return Err(Problem::new(StatusCode::GONE, "unsubscribed", "This subscription was deleted."));
        }
        if !subscription.is_alive(now) {
            let detail = "The lease of this subscription has run out.";
            return Err(Problem::new(StatusCode::CONFLICT, "lease_expired", detail));
        }
        subscription.forget_abandoned(now);
        subscription.renewed = subscription.renewed.max(call.arrived);
        subscription.waiting.insert(call.request_id.clone(), feed::deadline(call)?);
        let reply = self.poll(call, feed);
        if !matches!(reply, Ok(Answer::Wait(_)))
            && let Some(subscription) = self.subscriptions.by_id.get_mut(id)
        {
            subscription.waiting.remove(&call.request_id);
            subscription.renewed = now;
        }
        reply
    }
}
