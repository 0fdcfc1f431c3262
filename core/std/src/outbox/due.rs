//! The times at which messages are due.

use std::{sync::Arc, time::Duration};

use teamwire_core::chrono::{DateTime, TimeDelta, Utc};

use super::{
    entry::{Post, Saved, Serial, later},
    messages::OutboxMessages,
};

impl<T: Clone> OutboxMessages<T> {
    /// Sets the time at which the message is due, such as that of an escalation: [`Outbox::follow`] then passes
    /// [`Due`], once, and afterwards it is not due any more. `None` means never. A message that still waits at that
    /// time is due when it is posted, and one that is rejected never. Without such a message, it does nothing.
    ///
    /// The time is that of the [client](teamwire_core::Client::now). A `Due` whose handler sets a time that has passed
    /// comes again after a second.
    ///
    /// [`Outbox::follow`]: super::Outbox::follow
    /// [`Due`]: super::OutboxEvent::Due
    pub fn set_due(&mut self, key: &str, at: impl Into<Option<DateTime<Utc>>>) {
        let at = at.into();
        self.change_due(key, at, None);
    }

    /// Sets the time at which the message is due to this time after it is posted, by the clock of the server: see
    /// [`set_due`](Self::set_due), which replaces it. So a message that waits during an outage is not due at once
    /// afterwards. If it has been posted, the time counts from then. A time that is too far away for a calendar means
    /// never.
    ///
    /// ```
    /// # let outbox: teamwire_std::Outbox = teamwire_std::Outbox::in_memory();
    /// use std::time::Duration;
    ///
    /// outbox.change(|messages| {
    ///     // A repetition of the alarm does not set it again.
    ///     if messages.add("alarm-7", "c1", "The database is down") {
    ///         messages.set_due_after("alarm-7", Duration::from_secs(15 * 60));
    ///     }
    /// })?;
    /// # Ok::<(), teamwire_core::Error>(())
    /// ```
    pub fn set_due_after(&mut self, key: &str, after: Duration) {
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        match self.entry(key).map(|message| message.sent_at) {
            Some(Some(sent_at)) => self.change_due(key, later(sent_at, millis), None),
            Some(None) => self.change_due(key, None, Some(millis)),
            None => {}
        }
    }

    fn change_due(&mut self, key: &str, at: Option<DateTime<Utc>>, after: Option<u64>) {
        let Some(message) = self.find(key) else { return };
        if !matches!(message.post, Post::Rejected) && (message.due_at, message.due_after) != (at, after) {
            (message.due_at, message.due_after) = (at, after);
            self.is_changed = true;
            self.used(key);
        }
    }
}

/// Records of [`Outbox::follow`](super::Outbox::follow).
impl<T: Clone> OutboxMessages<T> {
    /// Returns the key of a posted message that is due, which it is not any more.
    pub(super) fn take_due(&mut self, serial: Serial, now: DateTime<Utc>) -> Option<String> {
        let message = self.find_posted(serial)?;
        message.due_at.take_if(|at| *at <= now)?;
        message.unused = 0;
        let key = message.key.clone();
        self.is_changed = true;
        Some(key)
    }

    /// A message that is due again is so after a second, so that the loop of a bot that made a mistake has pauses.
    pub(super) fn delay_due(&mut self, serial: Serial, now: DateTime<Utc>) {
        let later = now.checked_add_signed(TimeDelta::seconds(1));
        if let Some(message) = self.find_posted(serial).filter(|message| message.due_at.is_some_and(|at| at <= now)) {
            message.due_at = later;
            self.is_changed = true;
        }
    }

    /// Returns the key of a posted message, which is not due any more.
    pub(super) fn never_due(&mut self, serial: Serial) -> Option<String> {
        let message = self.find_posted(serial)?;
        let was_due = message.due_at.take().is_some();
        let key = message.key.clone();
        self.is_changed |= was_due;
        Some(key)
    }

    fn find_posted(&mut self, serial: Serial) -> Option<&mut Saved<T>> {
        let message = self.list.iter_mut().find(|message| message.serial == serial)?;
        matches!(message.post, Post::Posted { .. }).then(|| Arc::make_mut(message))
    }
}
