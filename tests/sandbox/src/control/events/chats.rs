//! Compares chats with what was seen before.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use serde_json::{Map, Value, json};

use crate::world::{
    Now, World,
    state::{chat::Chat, feed_log::Update},
    views::Waiting,
};

/// An event: its name and its data.
pub(super) type Event = (&'static str, Value);

/// The state of all chats at the last comparison.
#[derive(Debug, Default)]
pub(super) struct SeenChats {
    prints: BTreeMap<String, Prints>,
    /// The messages that wait in each chat, by `uid` and `tid`.
    waiting: BTreeMap<String, BTreeMap<String, Waiting>>,
    /// The number of the last update in the world's log.
    log: u64,
}

/// Digests of the parts of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Prints {
    settings: u64,
    reads: u64,
    locations: u64,
}

impl Prints {
    fn of(chat: &Chat) -> Self {
        let flags = (chat.is_alert, chat.allow_sending, chat.allow_mute_notifications, chat.is_closed);
        let roster = (&chat.roster.users, &chat.roster.groups, &chat.roster.admins);
        let shares = chat.shares.iter().map(|(uid, it)| (uid, it.lat.to_bits(), it.lon.to_bits(), it.expires));
        Self {
            settings: digest((&chat.title, flags, roster, chat.avatar.is_some())),
            reads: digest(&chat.read),
            locations: digest(shares.collect::<Vec<_>>()),
        }
    }
}

fn digest(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl SeenChats {
    /// Adds events for all differences. `all` compares all chats, after a change of the organisation.
    pub(super) fn update(&mut self, world: &World, now: Now, all: bool, events: &mut Vec<Event>) {
        let mut changed = BTreeSet::new();
        let mut details = Vec::new();
        for (tid, chat) in &world.chats {
            let prints = Prints::of(chat);
            let before = self.prints.insert(tid.clone(), prints);
            let differs = |part: fn(&Prints) -> u64| before.is_none_or(|before| part(&before) != part(&prints));
            if all || differs(|it| it.settings) {
                events.push(("chat", world.chat_view(now, chat)));
                changed.insert(tid.clone());
                continue;
            }
            if differs(|it| it.reads) {
                details.push(("read", json!({ "tid": tid, "reads": world.reads_view(chat) })));
                changed.insert(tid.clone());
            }
            if differs(|it| it.locations) {
                details.push(("location", json!({ "tid": tid, "locations": world.locations_view(now, chat) })));
            }
        }
        self.read_log(world, &mut changed, events);
        // After the messages, because receipts and locations refer to them.
        events.append(&mut details);
        self.count_waiting(world, changed, events);
    }

    /// Adds events for the updates in the world's log.
    fn read_log(&mut self, world: &World, changed: &mut BTreeSet<String>, events: &mut Vec<Event>) {
        if self.log < world.log.removed_up_to {
            events.push(("resync", json!({})));
        }
        let mut done = BTreeSet::new();
        for entry in world.log.since(self.log) {
            let (mid, is_reaction) = match &entry.update {
                Update::Message(mid) | Update::Deletion(mid) => (mid.as_str(), false),
                Update::Reaction(reaction) => (reaction["mid"].as_str().unwrap_or_default(), true),
                // Seen by the state of the chat.
                Update::Read(_) | Update::Location(_) | Update::Chat(..) => continue,
            };
            changed.insert(entry.tid.clone());
            if !done.insert((mid, is_reaction)) {
                continue;
            }
            let Some(message) = world.message_view_by_id(&entry.tid, mid) else { continue };
            events.push(match (is_reaction, message["deleted"] == true) {
                (true, _) => ("reaction", json!({ "tid": entry.tid, "mid": mid, "reactions": message["reactions"] })),
                (false, true) => ("message_deleted", json!({ "tid": entry.tid, "message": message })),
                (false, false) => ("message", json!({ "tid": entry.tid, "message": message })),
            });
        }
        self.log = world.log.last;
    }

    /// Counts again what waits in the changed chats.
    fn count_waiting(&mut self, world: &World, changed: BTreeSet<String>, events: &mut Vec<Event>) {
        let (mut people, mut chats) = (Map::new(), Vec::new());
        for uid in world.directory.users.keys().filter(|uid| world.require_person(uid).is_ok()) {
            let of_person = self.waiting.entry(uid.clone()).or_default();
            let before = chats.len();
            for tid in &changed {
                let chat = world.chats.get(tid).filter(|chat| chat.is_member(&world.directory, uid));
                let waiting = chat.map(|chat| chat.waiting_for(uid)).unwrap_or_default();
                if of_person.get(tid).is_some_and(|before| *before == waiting) {
                    continue;
                }
                let Waiting { unread, alerts } = &waiting;
                chats.push(json!({ "uid": uid, "tid": tid, "unread": unread, "alerts": alerts }));
                of_person.insert(tid.clone(), waiting);
            }
            if chats.len() > before {
                let unread: usize = of_person.values().map(|it| it.unread).sum();
                let alerts: usize = of_person.values().map(|it| it.alerts.len()).sum();
                people.insert(uid.clone(), json!({ "unread": unread, "alerts": alerts }));
            }
        }
        if !chats.is_empty() {
            events.push(("badges", json!({ "people": people, "chats": Value::Array(chats) })));
        }
    }
}
