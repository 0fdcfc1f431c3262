use alloc::{collections::BTreeSet, sync::Arc, vec::Vec};
use core::cmp::Reverse;

use crate::protocol::{Batch, BatchItem, fingerprint};

/// Maximum number of events to remember in addition to those of the last batch.
const MAX_DELIVERED: usize = 1024;

/// Sets the cursor of the last event to that of the batch, unless it has one of its own that advances.
pub(super) fn complete_last_cursor<T>(batch: &mut Batch<T>, from: &Arc<str>) {
    let advances = |cursor: &Arc<str>| cursor != from;
    if let Some(last) = batch.items.last_mut().filter(|last| !last.cursor.as_ref().is_some_and(advances))
        && let Some(cursor) = batch.cursor.clone().filter(advances)
    {
        last.cursor = Some(cursor);
    }
}

/// Removes the cursors that a later event of the batch has, too: a feed that resumes there would miss that event.
pub(super) fn keep_last_cursors<T>(items: &mut [BatchItem<T>]) {
    if items.len() < 2 {
        return;
    }
    let mut seen = BTreeSet::new();
    for item in items.iter_mut().rev() {
        item.cursor.take_if(|cursor| !seen.insert(cursor.clone()));
    }
}

/// Returns the position after a batch that was requested at `from`, and the number of events before it. If the cursor
/// of the batch does not advance, the position is after the last event whose cursor does, and `None` if there is no
/// such event. The events after the position will be returned again.
pub(super) fn after<T>(batch: &Batch<T>, from: &Arc<str>) -> (Option<Arc<str>>, usize) {
    let events = batch.items.len();
    let advances = |cursor: &&Arc<str>| *cursor != from;
    if let Some(cursor) = batch.cursor.as_ref().filter(|cursor| events == 0 || advances(cursor)) {
        return (Some(cursor.clone()), events);
    }
    let mut cursors = batch.items.iter().map(|item| item.cursor.as_ref().filter(advances)).enumerate().rev();
    cursors.find_map(|(at, cursor)| Some((cursor.cloned(), cursor.map(|_| at + 1)?))).unwrap_or((None, 0))
}

/// Fingerprints of the events after the position of a feed that have been delivered already, with their order. The
/// server returns them again until the position passes them.
#[derive(Debug, Default)]
pub(super) struct DeliveredEvents(Vec<(u64, u32)>);

impl DeliveredEvents {
    /// Forgets the events that the position has passed: these, and those before them.
    pub(super) fn pass(&mut self, fingerprints: &[u64]) {
        let Some(last) = fingerprints.last() else { return };
        match self.find(*last) {
            Some(at) => {
                let (_, passed) = self.0[at];
                self.0.retain(|(_, order)| *order > passed);
            }
            // It is new, so that all others were before it.
            None => self.0 = Vec::new(),
        }
    }

    /// Adds the events of a batch that the position has not passed.
    pub(super) fn add(&mut self, fingerprints: &[u64]) {
        if fingerprints.is_empty() {
            return;
        }
        if self.0.len() > MAX_DELIVERED {
            self.0 = Vec::new();
        }
        let first = self.0.iter().map(|(_, order)| order + 1).max().unwrap_or_default();
        self.0.extend(fingerprints.iter().copied().zip(first..));
        // Of an event that is in it twice, the later one stays.
        self.0.sort_unstable_by_key(|(fingerprint, order)| (*fingerprint, Reverse(*order)));
        self.0.dedup_by_key(|(fingerprint, _)| *fingerprint);
    }

    pub(super) fn contains(&self, fingerprint: u64) -> bool {
        self.find(fingerprint).is_some()
    }

    fn find(&self, fingerprint: u64) -> Option<usize> {
        self.0.binary_search_by_key(&fingerprint, |(fingerprint, _)| *fingerprint).ok()
    }
}

/// The last positions of a feed, to notice that a server returns to one of them.
#[derive(Debug, Default)]
pub(super) struct RecentPositions {
    hashes: [u64; 8],
    next: usize,
}

impl RecentPositions {
    /// Adds a position. Returns `true` if it is one of the last.
    pub(super) fn add(&mut self, cursor: &str) -> bool {
        let hash = fingerprint(cursor.as_bytes());
        if self.hashes.contains(&hash) {
            return true;
        }
        self.hashes[self.next] = hash;
        self.next = (self.next + 1) % self.hashes.len();
        false
    }
}
