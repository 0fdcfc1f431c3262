//! Compares the sandbox with what was seen before.

use serde_json::{Value, json};

use super::chats::{Event, SeenChats};
use crate::{control::json, server::Shared};

/// The state of the sandbox at the last comparison.
#[derive(Debug, Default)]
pub(super) struct Seen {
    chats: SeenChats,
    organisation: Value,
    clock: u64,
    faults: Value,
    outage: Value,
    feeds: Value,
    /// The last change of the log of requests.
    requests: u64,
}

impl Seen {
    /// The present state, without events.
    pub(super) fn now(shared: &Shared) -> Self {
        let mut seen = Self::default();
        seen.update(shared);
        seen
    }

    /// Updates the state and returns the differences.
    pub(super) fn update(&mut self, shared: &Shared) -> Vec<Event> {
        let mut events = Vec::new();
        let feeds = json::feeds(shared);
        shared.world(|world, now| {
            let organisation = world.organisation_view();
            let is_changed = organisation != self.organisation;
            if is_changed {
                events.push(("organisation", organisation.clone()));
                self.organisation = organisation;
            }
            self.chats.update(world, now, is_changed, &mut events);
        });
        if let Some(requests) = &shared.requests {
            let (entries, last) = requests.changed_since(self.requests);
            let name = |is_complete| if is_complete { "request_ended" } else { "request_begun" };
            events.extend(entries.iter().map(|it| (name(it.completion.is_some()), json::request(it))));
            self.requests = last;
        }
        let clock = shared.clock.version();
        if clock != self.clock {
            self.clock = clock;
            events.push(("clock", json::clock(shared)));
        }
        replace("faults", &mut self.faults, json::faults(shared), &mut events);
        let outage = json!({ "outage": shared.is_down() });
        replace("outage", &mut self.outage, outage, &mut events);
        replace("feeds", &mut self.feeds, feeds, &mut events);
        events
    }
}

/// Replaces a value that was seen, and adds an event if it is another.
fn replace(name: &'static str, seen: &mut Value, value: Value, events: &mut Vec<Event>) {
    if *seen != value {
        events.push((name, value.clone()));
        *seen = value;
    }
}
