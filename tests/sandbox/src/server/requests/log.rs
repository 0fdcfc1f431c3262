//! The last requests, oldest first.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::entry::{Completion, Entry};
use crate::server::observe::ObservedExchange;

/// The maximum number of entries.
const MAX_ENTRIES: usize = 1000;

/// The maximum number of bytes of all entries. The bodies of the oldest requests are dropped, and then the oldest
/// entries.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The log of requests.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    entries: VecDeque<Entry>,
    /// The number of the last request.
    last: u64,
    /// The number of the last change.
    changes: u64,
    /// The bytes of all entries.
    bytes: usize,
    /// The time of the last valid request of each App ID, in milliseconds since 1970.
    last_seen: BTreeMap<String, i64>,
}

impl Requests {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request and returns its number.
    pub(crate) fn begin(&self, at: i64, exchange: &ObservedExchange) -> u64 {
        let mut entry = Entry::begin(at, exchange);
        let mut log = self.log();
        log.last += 1;
        log.changes += 1;
        (entry.number, entry.changed) = (log.last, log.changes);
        if entry.key.is_some() {
            let same = |it: &&Entry| it.key == entry.key && it.app_id == entry.app_id && it.method == entry.method;
            entry.attempt = log.entries.iter().rev().find(same).map_or(1, |it| it.attempt + 1);
        }
        if log.entries.len() == MAX_ENTRIES {
            log.drop_oldest();
        }
        let number = entry.number;
        log.bytes += entry.kept_bytes();
        log.entries.push_back(entry);
        log.drop_old();
        number
    }

    /// Completes a request, unless it has left the log meanwhile. `is_authorized` tells whether it had valid
    /// credentials.
    pub(crate) fn end(&self, number: u64, completion: Completion, is_authorized: bool) {
        let mut log = self.log();
        log.changes += 1;
        let changes = log.changes;
        let Some(at) = log.position(number) else { return };
        let entry = &mut log.entries[at];
        let before = entry.kept_bytes();
        entry.completion = Some(completion);
        entry.changed = changes;
        let (begun_at, after, app_id) = (entry.at, entry.kept_bytes(), entry.app_id.clone());
        log.bytes += after - before;
        if let Some(app_id) = app_id.filter(|_| is_authorized) {
            log.last_seen.insert(app_id, begun_at);
        }
        log.drop_old();
    }

    /// At most `limit` entries before a number, newest first, and whether there are older ones.
    pub(crate) fn before(&self, number: u64, limit: usize) -> (Vec<Entry>, bool) {
        let log = self.log();
        let mut older = log.entries.iter().rev().filter(|entry| entry.number < number);
        let page = older.by_ref().take(limit).cloned().collect();
        (page, older.next().is_some())
    }

    pub(crate) fn get(&self, number: u64) -> Option<Entry> {
        let log = self.log();
        log.position(number).map(|at| log.entries[at].clone())
    }

    /// The entries that have changed since a change, in order of their numbers, and the last change.
    pub(crate) fn changed_since(&self, change: u64) -> (Vec<Entry>, u64) {
        let log = self.log();
        if log.changes == change {
            return (Vec::new(), change);
        }
        (log.entries.iter().filter(|entry| entry.changed > change).cloned().collect(), log.changes)
    }

    /// The number of the request that posted each message.
    pub(crate) fn posts(&self) -> BTreeMap<String, u64> {
        let mid = |entry: &Entry| Some((entry.completion.as_ref()?.mid.clone()?, entry.number));
        // The first request with a key has posted it; later ones got its response again.
        self.log().entries.iter().rev().filter_map(mid).collect()
    }

    /// The time of the last valid request of each App ID, in milliseconds since 1970.
    pub(crate) fn last_seen(&self) -> BTreeMap<String, i64> {
        self.log().last_seen.clone()
    }

    /// Removes all entries. Numbers continue.
    pub(crate) fn clear(&self) {
        let mut log = self.log();
        log.entries.clear();
        log.last_seen.clear();
        log.bytes = 0;
        log.changes += 1;
    }
}

impl Log {
    fn position(&self, number: u64) -> Option<usize> {
        self.entries.binary_search_by_key(&number, |entry| entry.number).ok()
    }

    fn drop_old(&mut self) {
        let mut at = 0;
        while self.bytes > MAX_BYTES && at < self.entries.len() {
            let entry = &mut self.entries[at];
            self.bytes -= entry.kept_bytes();
            entry.drop_bodies();
            self.bytes += entry.kept_bytes();
            at += 1;
        }
        while self.bytes > MAX_BYTES {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.entries.pop_front() {
            self.bytes -= oldest.kept_bytes();
        }
    }
}
