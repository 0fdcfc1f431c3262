use alloc::{sync::Arc, vec::Vec};

use crate::protocol::updates::Batch;

/// Returns where a feed continues after a batch that was requested at `from`, and how many of the events are before that. If the
/// batch has no cursor that leads on, that is behind the last event that has one; the events behind that one, or all of
/// them, will come again.
pub(super) fn after<T>(batch: &Batch<T>, from: &Arc<str>) -> (Option<Arc<str>>, usize) {
    let events = batch.items.len();
    let leads_on = |cursor: &&Arc<str>| *cursor != from;
    if let Some(cursor) = batch.cursor.as_ref().filter(|cursor| events == 0 || leads_on(cursor)) {
        return (Some(cursor.clone()), events);
    }
    let mut cursors = batch.items.iter().map(|item| item.cursor.as_ref().filter(leads_on)).enumerate().rev();
    cursors.find_map(|(at, cursor)| Some((cursor.cloned(), cursor.map(|_| at + 1)?))).unwrap_or((None, 0))
}

/// The events behind the position of a feed that were delivered all the same, by their marks: they come again with each poll
/// until there is a cursor behind them, and are not to be delivered twice.
#[derive(Debug, Default)]
pub(super) struct Delivered(Vec<u64>);

impl Delivered {
    pub(super) fn new(mut marks: Vec<u64>) -> Self {
        marks.sort_unstable();
        Self(marks)
    }

    pub(super) fn has(&self, mark: u64) -> bool {
        self.0.binary_search(&mark).is_ok()
    }
}
