//! What really happened, in order: the simulation's own record, kept apart from the world's.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use teamwire_sandbox::world::org;

use super::{
    scenario::Topic,
    violation::{Broken, broken},
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    Posted(String),
    Deleted(String),
    Reacted { id: String, kind: String },
    Located(Place),
}

/// Where somebody is. No two places of a run have the same latitude, in thousandths of a degree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) uid: String,
    pub(super) lat: i64,
    pub(super) ended: bool,
}

#[derive(Debug)]
struct Entry {
    tid: &'static str,
    bot_was_member: bool,
    news: News,
}

/// A latitude as the contract writes it.
pub(super) fn degrees(lat: i64) -> f64 {
    f64::from(i32::try_from(lat).expect("a run has few places")) / 1000.0
}

/// A live location that is being shared.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub(super) lat: i64,
    pub(super) expires: Duration,
}

/// An item as a feed delivers it.
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
    Location(Place),
    /// What could not be understood, as its JSON.
    Unread(String),
}

#[derive(Debug, Default)]
pub(super) struct Truth {
    log: Vec<Entry>,
    deleted: HashSet<String>,
    /// Attention messages that are there: chat, id, and whether it is an alert.
    pub(super) attention: Vec<(&'static str, String, bool)>,
    /// Ordinary messages that are there: chat, id, sender.
    pub(super) own: Vec<(&'static str, String, &'static str)>,
    pub(super) reactions: HashMap<(String, &'static str), &'static str>,
    pub(super) shares: BTreeMap<(&'static str, &'static str), Share>,
    /// The chats that the bot was removed from.
    pub(super) banned: HashSet<&'static str>,
    pub(super) messages: usize,
    places: i64,
}

impl Truth {
    /// How much has happened.
    pub(super) const fn len(&self) -> usize {
        self.log.len()
    }

    fn push(&mut self, tid: &'static str, news: News) {
        self.log.push(Entry { tid, bot_was_member: !self.banned.contains(tid), news });
    }

    pub(super) fn posted(&mut self, tid: &'static str, uid: &'static str, mid: &str, is_alert: Option<bool>) {
        self.messages += 1;
        match is_alert {
            Some(is_alert) => self.attention.push((tid, mid.to_owned(), is_alert)),
            None => self.own.push((tid, mid.to_owned(), uid)),
        }
        self.push(tid, News::Posted(mid.to_owned()));
    }

    pub(super) fn deleted(&mut self, tid: &'static str, mid: String) {
        self.deleted.insert(mid.clone());
        self.push(tid, News::Deleted(mid));
    }

    pub(super) fn reacted(&mut self, tid: &'static str, id: String, kind: &str) {
        self.push(tid, News::Reacted { id, kind: kind.to_owned() });
    }

    /// A latitude where nobody was yet.
    pub(super) const fn new_place(&mut self) -> i64 {
        self.places += 1;
        self.places
    }

    fn located(&mut self, tid: &'static str, uid: &str, lat: i64, ended: bool) {
        self.push(tid, News::Located(Place { uid: uid.to_owned(), lat, ended }));
    }

    pub(super) fn shared(&mut self, now: Duration, tid: &'static str, uid: &'static str, lat: i64, lasts: Duration) {
        self.unshared(tid, uid);
        self.shares.insert((tid, uid), Share { lat, expires: now + lasts });
        self.located(tid, uid, lat, false);
    }

    pub(super) fn unshared(&mut self, tid: &'static str, uid: &'static str) {
        if let Some(share) = self.shares.remove(&(tid, uid)) {
            self.located(tid, uid, share.lat, true);
        }
    }

    /// Somebody moved, in all chats where they share their location.
    pub(super) fn moved(&mut self, uid: &'static str, lat: i64) {
        for tid in [org::LOBBY, org::NOTICES] {
            if let Some(share) = self.shares.get_mut(&(tid, uid)) {
                share.lat = lat;
                self.located(tid, uid, lat, false);
            }
        }
    }

    /// Ends the shares whose time is over.
    pub(super) fn pass_time(&mut self, now: Duration) {
        if self.shares.values().all(|share| share.expires > now) {
            return;
        }
        let over = self.shares.iter().filter(|(_, share)| share.expires <= now);
        let mut over: Vec<_> = over.map(|((tid, uid), share)| (share.expires, *tid, *uid)).collect();
        over.sort_unstable();
        for (_, tid, uid) in over {
            self.unshared(tid, uid);
        }
    }

    /// The place behind this item, which must be the next one after `from` that the feed tells of.
    pub(super) fn after(
        &self,
        topic: Topic,
        hides: bool,
        from: usize,
        until: usize,
        item: &Item,
    ) -> Result<usize, Broken> {
        for (at, entry) in self.log.iter().enumerate().take(until).skip(from) {
            if !topic.tells(entry) {
                continue;
            }
            if entry.is(item, hides) {
                return Ok(at + 1);
            }
            if !self.is_optional(hides, entry) {
                return broken("nothing is lost, and the order is kept", || {
                    format!("{topic:?} delivered {item:?}, where {:?} was next", entry.news)
                });
            }
        }
        let known = self.log.iter().take(from).any(|entry| topic.tells(entry) && entry.is(item, hides));
        let name = if known { "nothing is repeated within a process" } else { "only what happened is delivered" };
        broken(name, || format!("{topic:?} delivered {item:?}"))
    }

    /// What the feed has to tell of in there, if anything.
    pub(super) fn owed(&self, topic: Topic, hides: bool, from: usize, until: usize) -> Option<&News> {
        let owed = |entry: &&Entry| topic.tells(entry) && !self.is_optional(hides, entry);
        self.log.iter().take(until).skip(from).find(owed).map(|entry| &entry.news)
    }

    /// Whether a feed that hides what was deleted may leave it out.
    fn is_optional(&self, hides: bool, entry: &Entry) -> bool {
        hides
            && match &entry.news {
                News::Posted(mid) => self.deleted.contains(mid),
                News::Deleted(_) => true,
                _ => false,
            }
    }
}

impl Entry {
    fn is(&self, item: &Item, hides: bool) -> bool {
        match (&self.news, item) {
            (News::Posted(of), Item::Message { mid, deleted }) => of == mid && !(hides && *deleted),
            (News::Deleted(of), Item::Message { mid, deleted }) => of == mid && *deleted && !hides,
            (News::Reacted { id: of, kind: as_kind }, Item::Reaction { id, kind }) => of == id && as_kind == kind,
            (News::Located(of), Item::Location(place)) => of == place,
            (News::Posted(id) | News::Deleted(id), Item::Unread(json)) => json.contains(id),
            (News::Reacted { id, kind }, Item::Unread(json)) => json.contains(id) && json.contains(kind),
            (News::Located(place), Item::Unread(json)) => {
                json.contains(&format!("\"lat\":{},", degrees(place.lat)))
                    && json.contains(&place.uid)
                    && json.contains(if place.ended { "\"ended\":true" } else { "\"ended\":false" })
            }
            _ => false,
        }
    }
}

impl Topic {
    fn tells(self, entry: &Entry) -> bool {
        match (self, &entry.news) {
            (Self::AllMessages, News::Posted(_) | News::Deleted(_)) | (Self::Reactions, News::Reacted { .. }) => {
                entry.bot_was_member
            }
            (Self::Messages(tid), News::Posted(_) | News::Deleted(_)) | (Self::Locations(tid), News::Located(_)) => {
                entry.tid == tid
            }
            _ => false,
        }
    }
}
