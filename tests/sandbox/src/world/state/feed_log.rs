//! The log of recent updates, which feeds are read from.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use serde_json::Value;

/// How long updates are kept.
const RETENTION: Duration = Duration::from_secs(60 * 60);

/// Something that has happened in a chat.
#[derive(Debug)]
pub(crate) enum Update {
    /// A message was posted or deleted. It is shown as it is when it is asked for, so that nothing deleted leaks.
    Message(String),
    /// A reaction was added or changed, as it then was.
    Reaction(Value),
    /// A live location began, moved or ended.
    Location(Value),
}

#[derive(Debug)]
pub(crate) struct LogEntry {
    pub(crate) number: u64,
    pub(crate) at: Duration,
    pub(crate) tid: String,
    /// The bots that were members of the chat at that time.
    pub(crate) bots: BTreeSet<String>,
    pub(crate) update: Update,
}

/// What is entries apart by its own cursors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Feed {
    Messages,
    MessagesOf(String),
    Reactions,
    LocationsOf(String),
}

impl Feed {
    /// What binds a cursor to this feed of this bot.
    pub(crate) fn cursor_scope(&self, app_id: &str) -> String {
        match self {
            Self::Messages => format!("{app_id}\nfeed messages"),
            Self::MessagesOf(tid) => format!("{app_id}\nfeed messages of\n{tid}"),
            Self::Reactions => format!("{app_id}\nfeed reactions"),
            Self::LocationsOf(tid) => format!("{app_id}\nfeed locations of\n{tid}"),
        }
    }

    pub(crate) fn includes(&self, entry: &LogEntry, actor: &str) -> bool {
        match (self, &entry.update) {
            (Self::Messages, Update::Message(_)) | (Self::Reactions, Update::Reaction(_)) => entry.bots.contains(actor),
            (Self::MessagesOf(tid), Update::Message(_)) | (Self::LocationsOf(tid), Update::Location(_)) => {
                entry.tid == *tid
            }
            _ => false,
        }
    }
}

/// Everything that happened in the last hour, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) entries: VecDeque<LogEntry>,
    /// The number of the last thing that happened.
    pub(crate) last: u64,
    /// The number up to which everything is forgotten.
    pub(crate) removed_up_to: u64,
}

impl Log {
    /// Forgets what is too old to be kept.
    pub(crate) fn remove_old(&mut self, now: Duration) {
        while self.entries.front().is_some_and(|entry| entry.at + RETENTION < now) {
            self.removed_up_to = self.entries.pop_front().map_or(self.removed_up_to, |entry| entry.number);
        }
    }

    /// Makes every cursor that was given so far too old.
    pub(crate) fn remove_all(&mut self) {
        self.entries.clear();
        self.last += 1;
        self.removed_up_to = self.last;
    }

    pub(crate) fn since(&self, position: u64) -> impl Iterator<Item = &LogEntry> {
        let from = self.entries.partition_point(|entry| entry.number <= position);
        self.entries.range(from..)
    }
}
