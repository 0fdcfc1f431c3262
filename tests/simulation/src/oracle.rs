//! The oracle: a log of all changes, in order, which the simulation keeps independently of the world.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use teamwire_sandbox::world::org;

use super::{
    scenario::Topic,
    violation::{Violation, violation},
};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Posted(String),
    Deleted(String),
    Reacted { id: String, kind: String },
    Located(Location),
}

/// The location of a user. Each location of a run has its own latitude, in thousandths of a degree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) uid: String,
    pub(super) lat: i64,
    pub(super) ended: bool,
}

/// A change, with its chat.
#[derive(Debug)]
struct Entry {
    tid: &'static str,
    bot_was_member: bool,
    change: Change,
}

/// Converts a latitude to degrees.
pub(super) fn degrees(lat: i64) -> f64 {
    f64::from(i32::try_from(lat).expect("a run has few locations")) / 1000.0
}

/// An active share of a live location.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub(super) lat: i64,
    pub(super) expires: Duration,
}

/// An item delivered by a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Message {
        mid: String,
        deleted: bool,
    },
    Reaction {
        id: String,
        kind: String,
    },
    Location(Location),
    /// The deletion of a message, in the feed of all events.
    Deletion(String),
    /// An event of a chat itself, which the log does not have.
    ChatEvent,
    /// The JSON of an item that could not be decoded.
    Undecoded(String),
}

/// The log of changes, and the state that follows from them.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    log: Vec<Entry>,
    deleted: HashSet<String>,
    /// Existing attention messages: chat, id, and true for alerts.
    pub(super) attention_messages: Vec<(&'static str, String, bool)>,
    /// Existing ordinary messages: chat, id, sender.
    pub(super) plain_messages: Vec<(&'static str, String, &'static str)>,
    pub(super) reactions: HashMap<(String, &'static str), &'static str>,
    pub(super) shares: BTreeMap<(&'static str, &'static str), Share>,
    /// Chats from which the bot has been removed.
    pub(super) bot_removed_from: HashSet<&'static str>,
    pub(super) message_count: usize,
    last_latitude: i64,
}

impl Oracle {
    /// Returns the number of changes so far.
    pub(super) const fn len(&self) -> usize {
        self.log.len()
    }

    fn push(&mut self, tid: &'static str, change: Change) {
        self.log.push(Entry { tid, bot_was_member: !self.bot_removed_from.contains(tid), change });
    }

    pub(super) fn posted(&mut self, tid: &'static str, uid: &'static str, mid: &str, is_alert: Option<bool>) {
        self.message_count += 1;
        match is_alert {
            Some(is_alert) => self.attention_messages.push((tid, mid.to_owned(), is_alert)),
            None => self.plain_messages.push((tid, mid.to_owned(), uid)),
        }
        self.push(tid, Change::Posted(mid.to_owned()));
    }

    pub(super) fn deleted(&mut self, tid: &'static str, mid: String) {
        self.deleted.insert(mid.clone());
        self.push(tid, Change::Deleted(mid));
    }

    pub(super) fn reacted(&mut self, tid: &'static str, id: String, kind: &str) {
        self.push(tid, Change::Reacted { id, kind: kind.to_owned() });
    }

    /// Returns a latitude that has not been used yet.
    pub(super) const fn new_latitude(&mut self) -> i64 {
        self.last_latitude += 1;
        self.last_latitude
    }

    fn location_changed(&mut self, tid: &'static str, uid: &str, lat: i64, ended: bool) {
        self.push(tid, Change::Located(Location { uid: uid.to_owned(), lat, ended }));
    }

    pub(super) fn shared(&mut self, now: Duration, tid: &'static str, uid: &'static str, lat: i64, duration: Duration) {
        self.unshared(tid, uid);
        self.shares.insert((tid, uid), Share { lat, expires: now + duration });
        self.location_changed(tid, uid, lat, false);
    }

    pub(super) fn unshared(&mut self, tid: &'static str, uid: &'static str) {
        if let Some(share) = self.shares.remove(&(tid, uid)) {
            self.location_changed(tid, uid, share.lat, true);
        }
    }

    /// Records that a user has moved, in all chats in which they share their location.
    pub(super) fn moved(&mut self, uid: &'static str, lat: i64) {
        for tid in [org::LOBBY, org::NOTICES] {
            if let Some(share) = self.shares.get_mut(&(tid, uid)) {
                share.lat = lat;
                self.location_changed(tid, uid, lat, false);
            }
        }
    }

    /// Ends expired shares.
    pub(super) fn expire_shares(&mut self, now: Duration) {
        if self.shares.values().all(|share| share.expires > now) {
            return;
        }
        let expired = self.shares.iter().filter(|(_, share)| share.expires <= now);
        let mut expired: Vec<_> = expired.map(|((tid, uid), share)| (share.expires, *tid, *uid)).collect();
        expired.sort_unstable();
        for (_, tid, uid) in expired {
            self.unshared(tid, uid);
        }
    }

    /// Returns the position after this item, which must be the next one from `from` on that the feed covers.
    pub(super) fn position_after(
        &self,
        topic: Topic,
        hides_deleted: bool,
        from: usize,
        until: usize,
        item: &Item,
    ) -> Result<usize, Violation> {
        if topic == Topic::Events && item.is_chat_event() {
            return Ok(from);
        }
        for (index, entry) in self.log.iter().enumerate().take(until).skip(from) {
            if !topic.covers(entry) {
                continue;
            }
            if entry.matches(item, hides_deleted) {
                return Ok(index + 1);
            }
            if !self.is_optional(topic, hides_deleted, entry) {
                return violation("no change is lost or reordered", || {
                    format!("{topic:?} delivered {item:?} instead of {:?}", entry.change)
                });
            }
        }
        let was_delivered =
            self.log.iter().take(from).any(|entry| topic.covers(entry) && entry.matches(item, hides_deleted));
        let invariant =
            if was_delivered { "no item is repeated within a process" } else { "only real changes are delivered" };
        violation(invariant, || format!("{topic:?} delivered {item:?}"))
    }

    /// Returns the first change in this range that the feed has to deliver, if there is one.
    pub(super) fn first_undelivered(
        &self,
        topic: Topic,
        hides_deleted: bool,
        from: usize,
        until: usize,
    ) -> Option<&Change> {
        let is_due = |entry: &&Entry| topic.covers(entry) && !self.is_optional(topic, hides_deleted, entry);
        self.log.iter().take(until).skip(from).find(is_due).map(|entry| &entry.change)
    }

    /// Returns `true` if a feed that hides deleted messages may omit this change.
    fn is_optional(&self, topic: Topic, hides_deleted: bool, entry: &Entry) -> bool {
        hides_deleted
            && match &entry.change {
                Change::Posted(mid) => self.deleted.contains(mid),
                // In the feed of all events, it is not the message.
                Change::Deleted(_) => topic != Topic::Events,
                _ => false,
            }
    }
}

impl Item {
    /// Returns `true` for an event of a chat, which has neither a message nor a position.
    fn is_chat_event(&self) -> bool {
        match self {
            Self::ChatEvent => true,
            Self::Undecoded(json) => !json.contains("\"mid\":") && !json.contains("\"lat\":"),
            _ => false,
        }
    }
}

impl Entry {
    fn matches(&self, item: &Item, hides_deleted: bool) -> bool {
        match (&self.change, item) {
            (Change::Posted(of), Item::Message { mid, deleted }) => of == mid && !(hides_deleted && *deleted),
            (Change::Deleted(of), Item::Message { mid, deleted }) => of == mid && *deleted && !hides_deleted,
            (Change::Deleted(of), Item::Deletion(mid)) => of == mid,
            (Change::Reacted { id: of, kind: as_kind }, Item::Reaction { id, kind }) => of == id && as_kind == kind,
            (Change::Located(of), Item::Location(location)) => of == location,
            // The deletion in the feed of all events has the id, too, but no sender.
            (Change::Posted(id), Item::Undecoded(json)) => json.contains(id) && json.contains("\"from_user\":"),
            (Change::Deleted(id), Item::Undecoded(json)) => json.contains(id),
            (Change::Reacted { id, kind }, Item::Undecoded(json)) => json.contains(id) && json.contains(kind),
            (Change::Located(location), Item::Undecoded(json)) => {
                json.contains(&format!("\"lat\":{},", degrees(location.lat)))
                    && json.contains(&location.uid)
                    && json.contains(if location.ended { "\"ended\":true" } else { "\"ended\":false" })
            }
            _ => false,
        }
    }
}

impl Topic {
    fn covers(self, entry: &Entry) -> bool {
        match (self, &entry.change) {
            (Self::AllMessages, Change::Posted(_) | Change::Deleted(_))
            | (Self::Reactions, Change::Reacted { .. })
            | (Self::Events, _) => entry.bot_was_member,
            (Self::Messages(tid), Change::Posted(_) | Change::Deleted(_))
            | (Self::Locations(tid), Change::Located(_)) => entry.tid == tid,
            _ => false,
        }
    }
}
