//! The checkpoints of a feed: they stand for the right position, and are renewed before servers expire them.

use std::{mem, time::Duration};

use teamwire_core::{Checkpoint, effect::Now};

use crate::{
    scenario::Topic,
    violation::{Violation, violation},
};

const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Checkpoints {
    /// The last cursor, and the position that it stands for.
    last_cursor: (String, usize),
    /// Cursor of the last checkpoint; empty before the first.
    delivered: String,
    /// Time of the last checkpoint, on the clock of the process.
    delivered_at: Duration,
    /// The position that the last checkpoint stands for.
    position: usize,
    /// True if the last checkpoint was too old when the last request was sent.
    is_old: bool,
    /// True if a poll has succeeded since the start.
    was_polled: bool,
    /// True if a poll has succeeded since the last request.
    was_polled_again: bool,
}

impl Checkpoints {
    pub(super) fn new(position: usize) -> Self {
        Self {
            last_cursor: (String::new(), position),
            delivered: String::new(),
            delivered_at: Duration::ZERO,
            position,
            is_old: false,
            was_polled: false,
            was_polled_again: false,
        }
    }

    /// Takes note of a poll at this cursor.
    pub(super) fn on_cursor(&mut self, cursor: &str, position: usize) {
        if self.delivered.is_empty() {
            // The feed has resumed at a checkpoint of an earlier process.
            cursor.clone_into(&mut self.delivered);
        }
        if self.delivered == cursor {
            // The last event had no cursor of its own, and got that of the batch, which may be beyond the event.
            self.position = position;
        }
        self.last_cursor = (cursor.to_owned(), position);
    }

    /// Takes note of a successful poll.
    pub(super) const fn on_batch(&mut self) {
        self.was_polled_again = true;
    }

    /// Takes note of a start, or of a gap.
    pub(super) const fn on_start(&mut self) {
        self.was_polled = false;
    }

    /// Takes note of a checkpoint that was delivered.
    pub(super) fn on_delivered(&mut self, now: Now, checkpoint: &Checkpoint, position: usize) {
        self.delivered = cursor_of(checkpoint);
        (self.delivered_at, self.position, self.is_old) = (now.moment.since_epoch(), position, false);
    }

    /// Returns `true` if the last checkpoint is old enough. Handling the previous event may have taken time, so half of
    /// the interval is enough.
    pub(super) fn allows_heartbeat(&self, now: Now) -> bool {
        now.moment.since_epoch().saturating_sub(self.delivered_at) >= HEARTBEAT_INTERVAL / 2
    }

    /// Checks before a request that an old checkpoint has been replaced if there is a newer one, even if there were no
    /// items to deliver.
    pub(super) fn check_age(&mut self, now: Now, received: usize, topic: Topic) -> Result<(), Violation> {
        let clock = now.moment.since_epoch();
        if !self.was_polled {
            (self.delivered_at, self.was_polled) = (clock, self.was_polled_again);
        }
        let age = clock.saturating_sub(self.delivered_at);
        let was_old = mem::replace(&mut self.is_old, received > self.position && age >= HEARTBEAT_INTERVAL);
        if was_old && self.was_polled_again {
            return violation("checkpoints are renewed", || {
                format!("the last checkpoint of {topic:?} is from {:?}", self.delivered_at)
            });
        }
        self.was_polled_again = false;
        Ok(())
    }

    /// Returns the position that a checkpoint stands for. If an event has no cursor of its own, or shares it with
    /// the next one, a feed that starts at its checkpoint delivers it again.
    pub(super) fn position_of(&mut self, checkpoint: &Checkpoint, position: usize) -> usize {
        let cursor = cursor_of(checkpoint);
        if self.last_cursor.0 != cursor {
            self.last_cursor = (cursor, position);
        }
        self.last_cursor.1
    }
}

fn cursor_of(checkpoint: &Checkpoint) -> String {
    let json = serde_json::to_value(checkpoint).expect("a checkpoint is serializable");
    json["cursor"].as_str().unwrap_or_default().to_owned()
}
