//! The position of a feed, and the events up to it that are to be delivered.

use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use core::time::Duration;

use super::{
    Checkpoint, FeedEvent,
    item::{FeedItem, Hidden},
    position::{self, DeliveredEvents, RecentPositions},
};
use crate::{
    effect::Moment,
    protocol::{Batch, BatchItem, FeedSource},
    session::Session,
};

/// Maximum age of the last checkpoint of an idle feed: servers expire old cursors.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// The position and the undelivered events of a feed.
pub(super) struct Delivery<T> {
    session: Session,
    source: FeedSource,
    hidden: Hidden,
    /// Position of the feed; `None` until it is known, and after it has expired.
    cursor: Option<Arc<str>>,
    /// Set once the feed has had a position: a feed that loses it may miss events.
    started: bool,
    pending: VecDeque<FeedEvent<T>>,
    /// Events after the position that have been delivered already.
    delivered: DeliveredEvents,
    recent: RecentPositions,
    /// Cursor of the last delivered checkpoint or, if the feed started at one, of that.
    last_checkpoint: Option<Arc<str>>,
    /// Time at which the last checkpoint was delivered or, if the feed started at one, of the first poll after it.
    last_checkpoint_at: Option<Moment>,
}

/// Effect of a batch on a feed.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchEffect {
    /// Number of events of the batch, with hidden ones.
    pub(super) events: usize,
    /// Number of events before the new position. The others will be returned again.
    pub(super) passed: usize,
    /// Set if the batch has nothing to deliver.
    pub(super) is_idle: bool,
    /// Set if the server returns events in a circle: the new position is a recent one.
    pub(super) has_returned: bool,
}

impl<T> Delivery<T> {
    pub(super) const fn source(&self) -> &FeedSource {
        &self.source
    }
}

impl<T: FeedItem> Delivery<T> {
    /// Creates the state of a feed that continues at this cursor, or starts at the end.
    pub(super) fn new(session: &Session, source: FeedSource, hidden: Hidden, cursor: Option<Arc<str>>) -> Self {
        Self {
            session: session.clone(),
            source,
            hidden,
            started: cursor.is_some(),
            last_checkpoint: cursor.clone(),
            cursor,
            pending: VecDeque::new(),
            delivered: DeliveredEvents::default(),
            recent: RecentPositions::default(),
            last_checkpoint_at: None,
        }
    }

    pub(super) const fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    pub(super) const fn cursor(&self) -> Option<&Arc<str>> {
        self.cursor.as_ref()
    }

    /// Returns `true` once the feed has had a position.
    pub(super) const fn has_started(&self) -> bool {
        self.started
    }

    /// Forgets the position. Returns `true` if there was one.
    pub(super) fn expire(&mut self) -> bool {
        self.cursor.take().is_some()
    }

    /// Returns the next event.
    pub(super) fn next_event(&mut self) -> Option<FeedEvent<T>> {
        let event = self.pending.pop_front()?;
        if self.pending.is_empty() {
            // Idle feeds keep no buffer, as there may be thousands of feeds.
            self.pending = VecDeque::new();
        }
        Some(event)
    }

    /// Adds an event after those of the batches.
    pub(super) fn add(&mut self, event: FeedEvent<T>) {
        self.pending.push_back(event);
    }

    /// Continues from this cursor, the current end of the feed.
    pub(super) fn start_at(&mut self, cursor: Arc<str>) {
        let checkpoint = self.checkpoint(&cursor);
        self.pending.push_back(if self.started { FeedEvent::Gap(checkpoint) } else { FeedEvent::Started(checkpoint) });
        (self.started, self.last_checkpoint_at, self.last_checkpoint) = (true, None, Some(cursor.clone()));
        (self.delivered, self.recent) = (DeliveredEvents::default(), RecentPositions::default());
        self.cursor = Some(cursor);
    }

    /// Adds the events of a batch that was requested at `from`, and moves the position after them.
    pub(super) fn add_batch(&mut self, now: Moment, from: &Arc<str>, mut batch: Batch<T>) -> BatchEffect {
        let is_last_shared = batch.items.last().is_some_and(|last| last.cursor.is_none());
        position::complete_last_cursor(&mut batch, from);
        position::keep_last_cursors(&mut batch.items);
        let (to, passed) = position::after(&batch, from);
        let events = batch.items.len();
        let (mut cursor, mut fingerprints) = (from.clone(), Vec::with_capacity(events));
        self.pending.reserve_exact(events);
        for (index, item) in batch.items.into_iter().enumerate() {
            let BatchItem { cursor: item_cursor, fingerprint, is_keyed_by_identity, result } = item;
            fingerprints.push(fingerprint);
            let has_own = item_cursor.is_some()
                && !is_keyed_by_identity
                && index < passed
                && !(is_last_shared && index + 1 == events);
            if index < passed {
                cursor = item_cursor.unwrap_or(cursor);
            }
            if self.delivered.contains(fingerprint) || result.as_ref().is_ok_and(|item| self.hidden.includes(item)) {
                continue;
            }
            let checkpoint = self.checkpoint(&cursor);
            let checkpoint = if has_own { checkpoint } else { checkpoint.of_event(fingerprint) };
            let event = match result {
                Ok(item) => FeedEvent::Update { item, checkpoint },
                Err(item) => FeedEvent::Undecoded { item, checkpoint },
            };
            self.pending.push_back(event);
            self.last_checkpoint = Some(cursor.clone());
        }
        let to = to.unwrap_or(cursor);
        let (passed_ones, returning) = fingerprints.split_at(passed);
        self.delivered.pass(passed_ones);
        self.delivered.add(returning);
        let has_returned = to != *from && {
            self.recent.add(from);
            self.recent.add(&to)
        };
        self.cursor = Some(to);
        let is_idle = self.pending.is_empty();
        self.add_heartbeat_if_due(now);
        BatchEffect { events, passed, is_idle, has_returned }
    }

    /// Adds a checkpoint of the position if the last one is older, and there has been no event for a while.
    fn add_heartbeat_if_due(&mut self, now: Moment) {
        if !self.pending.is_empty() {
            self.last_checkpoint_at = Some(now);
            return;
        }
        // Without the memory that was reserved for the events of the batch.
        self.pending = VecDeque::new();
        let age = now.saturating_duration_since(*self.last_checkpoint_at.get_or_insert(now));
        if age >= HEARTBEAT_INTERVAL
            && self.cursor != self.last_checkpoint
            && let Some(cursor) = self.cursor.clone()
        {
            self.pending.push_back(FeedEvent::Heartbeat(self.checkpoint(&cursor)));
            (self.last_checkpoint_at, self.last_checkpoint) = (Some(now), Some(cursor));
        }
    }

    fn checkpoint(&self, cursor: &Arc<str>) -> Checkpoint {
        Checkpoint::new(&self.source, cursor.clone(), self.session.redaction())
    }
}
