//! Replies, actions and timers that are due, in the order of time.

use std::{collections::BTreeMap, time::Duration};

use crate::outcome::Outcome;

/// An action of the test, in a world of the type `W`.
pub(crate) type Action<W> = Box<dyn FnOnce(&W) + Send>;

/// Number of an exchange or a timer.
pub(crate) type Id = u64;

/// Something that happens at its time.
pub(crate) enum Due<W> {
    Action(Action<W>),
    /// The request of an exchange arrives at the server.
    Arrival(Id),
    /// An exchange ends for the client.
    End(Id, Outcome),
    /// The wait of a task is over.
    Timer(Id),
}

/// Time of an entry, and its number, so that entries of the same time keep the order in which they were added.
pub(crate) type Key = (Duration, u64);

pub(crate) struct Agenda<W> {
    entries: BTreeMap<Key, Due<W>>,
    added: u64,
    /// Number of actions among the entries.
    actions: usize,
}

impl<W> Default for Agenda<W> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), added: 0, actions: 0 }
    }
}

impl<W> Agenda<W> {
    pub(crate) fn add(&mut self, at: Duration, due: Due<W>) -> Key {
        self.added += 1;
        self.actions += usize::from(matches!(due, Due::Action(_)));
        self.entries.insert((at, self.added), due);
        (at, self.added)
    }

    /// Removes an entry that has not happened and is not an action.
    pub(crate) fn remove(&mut self, key: Key) {
        self.entries.remove(&key);
    }

    /// Returns the time of the first entry.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.entries.keys().next().map(|(at, _)| *at)
    }

    /// Removes the first entry.
    pub(crate) fn pop(&mut self) -> Option<Due<W>> {
        let (_, due) = self.entries.pop_first()?;
        self.actions -= usize::from(matches!(due, Due::Action(_)));
        Some(due)
    }

    /// Returns `true` if an action of the test is still to come.
    pub(crate) const fn has_actions(&self) -> bool {
        self.actions > 0
    }
}
