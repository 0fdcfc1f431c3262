//! The pending long polls.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::notify::Notifier;
use crate::world::PollDescription;

/// The pending long polls, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Polls(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: u64,
    pending: BTreeMap<u64, PollDescription>,
}

impl Polls {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of pending polls.
    pub(crate) fn count(&self) -> usize {
        self.state().pending.len()
    }

    /// The pending polls, oldest first.
    pub(crate) fn list(&self) -> Vec<PollDescription> {
        self.state().pending.values().cloned().collect()
    }

    fn insert(&self, poll: PollDescription) -> u64 {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        state.pending.insert(number, poll);
        number
    }

    fn remove(&self, number: u64) {
        self.state().pending.remove(&number);
    }
}

/// Keeps a poll among the pending ones until it is dropped.
pub(super) struct PollGuard<'s> {
    polls: &'s Polls,
    changes: &'s Notifier,
    number: u64,
}

impl<'s> PollGuard<'s> {
    pub(super) fn new(polls: &'s Polls, changes: &'s Notifier, poll: PollDescription) -> Self {
        let number = polls.insert(poll);
        changes.notify();
        Self { polls, changes, number }
    }
}

impl Drop for PollGuard<'_> {
    fn drop(&mut self) {
        self.polls.remove(self.number);
        self.changes.notify();
    }
}
