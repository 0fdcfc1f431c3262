use alloc::{sync::Arc, vec::Vec};

use crate::protocol::Batch;

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

/// Fingerprints of the events after the position of a feed that have been delivered already. Each poll returns them
/// again until a cursor passes them.
#[derive(Debug, Default)]
pub(super) struct DeliveredEvents(Vec<u64>);

impl DeliveredEvents {
    pub(super) fn new(mut fingerprints: Vec<u64>) -> Self {
        fingerprints.sort_unstable();
        Self(fingerprints)
    }

    pub(super) fn contains(&self, fingerprint: u64) -> bool {
        self.0.binary_search(&fingerprint).is_ok()
    }
}
