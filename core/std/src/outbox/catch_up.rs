//! The reactions that the feed does not deliver, and the messages that are due.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use teamwire_core::{
    Error,
    effect::{Moment, Now},
};

use super::{
    delivery::backoff,
    entry::{Post, Serial},
    messages::OutboxMessages,
};

/// Knows of which messages the reactions must be fetched. It is pure: it reads no clock and sends nothing.
#[derive(Default)]
pub(super) struct CatchUp {
    /// Posted messages whose reactions are to be fetched.
    fetches: BTreeMap<Serial, Fetch>,
    /// Messages that may be in their chats already, although they still wait here: a reaction to one of them does not
    /// find its message.
    suspects: BTreeSet<Serial>,
}

/// The failed attempts to fetch the reactions of a message.
#[derive(Default)]
struct Fetch {
    failures: u32,
    retry_at: Option<Moment>,
}

/// The next task.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// The reactions to this message are to be fetched. Then it may be due.
    Fetch(Serial),
    /// This message is due. It accepts no reactions.
    Due(Serial),
    /// Nothing for this time, or until something changes.
    Wait(Option<Duration>),
}

impl CatchUp {
    /// Any reaction up to now may have been missed.
    pub(super) fn restart<T>(&mut self, messages: &OutboxMessages<T>) {
        for message in &messages.list {
            if matches!(message.post, Post::Posted { is_attention: true, .. }) {
                self.fetches.entry(message.serial).or_default();
            }
        }
        self.suspect(messages.all_waiting());
    }

    /// These messages waited when there was a reaction to an unknown message, which may be one of them.
    pub(super) fn suspect(&mut self, waiting: impl IntoIterator<Item = Serial>) {
        self.suspects.extend(waiting);
    }

    /// Returns the next task. That of a message is returned again until it is done.
    pub(super) fn next<T>(&mut self, messages: &OutboxMessages<T>, now: Now) -> Task {
        let (mut posted, mut waiting) = (BTreeSet::new(), BTreeSet::new());
        // Usually there are none, and the list is only looked through for what is due.
        let (has_fetches, has_suspects) = (!self.fetches.is_empty(), !self.suspects.is_empty());
        let (mut due, mut wait) = (None, None);
        for message in &messages.list {
            let serial = message.serial;
            let is_attention = match message.post {
                Post::Waiting(_) => {
                    if has_suspects {
                        waiting.insert(serial);
                    }
                    continue;
                }
                Post::Rejected => continue,
                Post::Posted { is_attention, .. } => is_attention,
            };
            if has_fetches {
                posted.insert(serial);
            }
            let is_due = message.due_at.is_some_and(|at| at <= now.utc);
            let is_suspect = has_suspects && self.suspects.contains(&serial);
            if is_attention && (is_due || is_suspect) {
                self.fetches.entry(serial).or_default();
            } else if is_due {
                due = due.or(Some(serial));
            }
            if let Some(time) = message.due_at.filter(|_| !is_due) {
                sooner(&mut wait, (time - now.utc).to_std().unwrap_or_default());
            }
        }
        if has_suspects {
            self.suspects.retain(|serial| waiting.contains(serial));
        }
        if has_fetches {
            self.fetches.retain(|serial, _| posted.contains(serial));
        }
        if let Some(serial) = due {
            return Task::Due(serial);
        }
        // One that has failed is behind those that have not.
        match self.fetches.iter().min_by_key(|(_, fetch)| fetch.retry_at) {
            Some((serial, fetch)) if fetch.retry_at.is_none_or(|at| at <= now.moment) => Task::Fetch(*serial),
            next => {
                if let Some(retry_at) = next.and_then(|(_, fetch)| fetch.retry_at) {
                    sooner(&mut wait, retry_at.saturating_duration_since(now.moment));
                }
                Task::Wait(wait)
            }
        }
    }

    /// The reactions to a message were fetched, or can never be.
    pub(super) fn fetched(&mut self, serial: Serial) {
        self.fetches.remove(&serial);
    }

    /// The reactions to a message could not be fetched this time.
    pub(super) fn failed(&mut self, serial: Serial, now: Moment, error: &Error) {
        let fetch = self.fetches.entry(serial).or_default();
        fetch.retry_at = Some(now.saturating_add(backoff(fetch.failures, error)));
        fetch.failures += 1;
    }
}

fn sooner(wait: &mut Option<Duration>, time: Duration) {
    *wait = Some(wait.map_or(time, |wait| wait.min(time)));
}

#[cfg(test)]
mod tests;
