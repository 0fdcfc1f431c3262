//! The subscriptions of bots.

use serde_json::{Value, json};

use crate::world::{
    now::Now,
    state::{World, subscriptions::Topic},
};

impl World {
    /// The subscriptions that are active or recently ended.
    pub(crate) fn subscriptions_view(&self, now: Now) -> Value {
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let view = |(id, it): (&String, &crate::world::state::subscriptions::Subscription)| {
            let (topic, tid) = match &it.topic {
                Topic::Reactions => ("reactions", None),
                Topic::Events => ("events", None),
                Topic::Locations(tid) => ("locations", Some(tid)),
            };
            let state = match (it.deleted_at, it.is_active(now.elapsed)) {
                (Some(_), _) => "deleted",
                (None, true) => "active",
                (None, false) => "expired",
            };
            json!({
                "id": id,
                "app_id": it.app_id,
                "topic": topic,
                "tid": tid,
                "state": state,
                "ends_at_ms": millis(it.ended_at()),
                "cursor_since_ms": millis(it.cursor.1),
                "pending_polls": it.pending_polls.values().filter(|until| **until >= now.elapsed).count(),
            })
        };
        self.subscriptions.by_id.iter().map(view).collect()
    }
}
