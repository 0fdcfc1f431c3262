//! Removal of the messages that are not used any more.

use std::{sync::Arc, time::Duration};

use teamwire_core::effect::Moment;

use super::{Outbox, messages::OutboxMessages};

/// Bounds of the time between two looks at the messages.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
const MAX_INTERVAL: Duration = Duration::from_secs(3_600);

impl<T> Outbox<T> {
    /// Removes posted and rejected messages that have not been used for this time, while [`follow`](Self::follow) runs.
    /// Without it, they are kept until they are [removed](OutboxMessages::retain).
    ///
    /// A message is used when it is added, and when that is repeated; when it is posted, replied to, due, or changed;
    /// and when a user reacts to it. So an alert that a monitor repeats as long as it fires is not posted again,
    /// however long that takes, if the time is longer than the pause between two repetitions. A message that waits, or
    /// that is due later, is kept.
    ///
    /// ```
    /// use std::time::Duration;
    /// use teamwire_std::Outbox;
    ///
    /// # let outbox: Outbox = Outbox::in_memory();
    /// let outbox = outbox.with_retention(Duration::from_secs(2 * 24 * 3_600));
    /// ```
    ///
    /// Only the time counts during which `follow` runs, so that a program that was down forgets nothing before a
    /// repetition can come. It is counted once an hour, and for less than eight hours at each eighth of them: a message
    /// may be kept longer by up to two such steps, and by up to one more for each restart.
    ///
    /// Clones are the same outbox, and the last call counts.
    pub fn with_retention(self, time: Duration) -> Self {
        self.0.state().retention = Some(time);
        self
    }
}

/// Counts the time that messages are not used, in one of the loops of an outbox.
pub(super) struct Retention {
    counted_at: Moment,
}

/// The outcome of [`Retention::next`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The next look is after this time.
    After(Duration),
    /// Messages are looked at now: [`OutboxMessages::expire`] with this interval.
    Now(Duration),
}

impl Retention {
    pub(super) const fn start(now: Moment) -> Self {
        Self { counted_at: now }
    }

    pub(super) fn next(&mut self, retention: Duration, now: Moment) -> Look {
        let interval = (retention / 8).clamp(MIN_INTERVAL, MAX_INTERVAL);
        let passed = now.saturating_duration_since(self.counted_at);
        if passed < interval {
            return Look::After(interval.saturating_sub(passed));
        }
        self.counted_at = now;
        Look::Now(interval)
    }
}

impl<T: Clone> OutboxMessages<T> {
    /// Adds this interval to the time that messages are not used, and removes those that exceed the retention.
    pub(super) fn expire(&mut self, retention: Duration, interval: Duration) {
        for message in self.list.iter_mut().filter(|message| !message.is_waiting() && message.due_at.is_none()) {
            let message = Arc::make_mut(message);
            message.unused = message.unused.saturating_add(millis(interval));
            self.is_changed = true;
        }
        // The interval counts for a message that was used within it, too.
        let limit = millis(retention.saturating_add(interval));
        self.keep(|message| message.is_waiting() || message.due_at.is_some() || message.unused < limit);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
