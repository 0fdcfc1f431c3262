//! Pending polls and subscriptions as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{server::Shared, world::PollDescription};

/// Pending polls and subscriptions. Times are those of the sandbox's clock since its start.
pub(crate) fn feeds(shared: &Shared) -> Value {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let poll = |it: &PollDescription| {
        json!({
            "app_id": it.app_id,
            "path": it.path,
            "tid": it.tid,
            "subscription": it.subscription,
            "since_ms": millis(it.since),
            "until_ms": millis(it.until),
        })
    };
    let polls: Vec<_> = shared.polls.list().iter().map(poll).collect();
    json!({ "polls": polls, "subscriptions": shared.world(|world, now| world.subscriptions_view(now)) })
}
