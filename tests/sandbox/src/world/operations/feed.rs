//! Long polls of feeds.

use std::time::Duration;

use serde_json::{Value, json};

use super::paging::{Page, collect_page};
use crate::world::{
    call::Call,
    contract::problem::Problem,
    outcome::{OperationResult, Outcome, Wait, ok},
    state::{
        World,
        cursors::expired,
        feed_log::{Feed, LogEntry, Update},
    },
};

/// The maximum number of items in a response.
const MAX_ITEMS: usize = 100;

impl World {
    /// Returns the updates after a cursor, or makes the poll wait.
    pub(crate) fn poll(&self, call: &Call, feed: &Feed) -> OperationResult {
        let Some(cursor) = call.query.cursor()? else {
            return ok(json!({ "items": [], "cursor": self.current_cursor(&call.app_id, feed) }));
        };
        let name = feed.cursor_scope(&call.app_id);
        let position = self.cursors.open(&name, cursor)?;
        if position > self.log.last {
            return Err(expired("The cursor is ahead of all updates of this server."));
        }
        if position < self.log.removed_up_to {
            return Err(expired("Updates after this cursor are no longer kept."));
        }
        let entries = self.log.since(position).filter(|entry| feed.includes(entry, &call.actor));
        let mut entries = entries.peekable();
        if entries.peek().is_none() && call.now.elapsed < deadline(call)? {
            let wake = self.next_expiry();
            let until = deadline(call)?.min(wake.unwrap_or(Duration::MAX));
            let is_idle = position == self.log.last && wake.is_none() && self.rate_limit.is_none();
            return Ok(Outcome::Wait(Wait { until, is_idle }));
        }
        let Page { items, more_after } = collect_page(MAX_ITEMS, entries, |entry| self.entry_json(feed, &name, entry));
        let end = more_after.map_or(self.log.last, |entry| entry.number);
        ok(json!({ "items": items, "cursor": self.cursors.seal(&name, end) }))
    }

    fn entry_json(&self, feed: &Feed, name: &str, entry: &LogEntry) -> Option<Value> {
        let (kind, data) = match &entry.update {
            Update::Deletion(mid) if *feed == Feed::Events => {
                ("message_deleted", json!({ "tid": entry.tid, "mid": mid }))
            }
            Update::Message(mid) | Update::Deletion(mid) => {
                let chat = self.chats.get(&entry.tid)?;
                ("message", chat.message_json(&self.directory, mid)?)
            }
            Update::Read(json) => ("read", json.clone()),
            Update::Chat(kind, json) => (kind.as_ref(), json.clone()),
            Update::Reaction(json) => ("reaction", json.clone()),
            Update::Location(json) => ("location", json.clone()),
        };
        Some(json!({ "cursor": self.cursors.seal(name, entry.number), "kind": kind, "data": data }))
    }
}

/// Checks the parameters of a poll.
pub(crate) fn check_poll(call: &Call) -> Result<(), Problem> {
    wait_time(call)?;
    call.query.cursor().map(|_| ())
}

fn wait_time(call: &Call) -> Result<Duration, Problem> {
    Ok(Duration::from_secs(call.query.integer("wait", 0..=25)?.unwrap_or(0)))
}

/// The latest time at which a poll returns.
pub(crate) fn deadline(call: &Call) -> Result<Duration, Problem> {
    Ok(call.received_at.saturating_add(wait_time(call)?))
}
