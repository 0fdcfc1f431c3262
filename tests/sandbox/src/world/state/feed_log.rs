//! The log of recent updates, from which feeds are read.

use std::{
    borrow::Cow,
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use serde_json::Value;

/// The time for which updates are kept.
const RETENTION: Duration = Duration::from_secs(60 * 60);

/// An update of a chat.
#[derive(Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) enum Update {
    /// A message was posted. Its current state is returned, so that deleted content is not.
    Message(String),
    /// A message was deleted. In the feeds of messages, it is returned again.
    Deletion(String),
    /// A user has read all messages.
    Read(Value),
    /// A reaction was added or changed, in its state at that time.
    Reaction(Value),
    /// A live location was started, moved or ended.
    Location(Value),
    /// A bot has joined or left the chat, or the chat was changed: the kind and the data of the event.
    Chat(Cow<'static, str>, Value),
}

#[derive(Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct LogEntry {
    pub(crate) number: u64,
    pub(crate) at: Duration,
    pub(crate) tid: String,
    /// The bots that receive it: those that were members of the chat at that time.
    pub(crate) bots: BTreeSet<String>,
    pub(crate) update: Update,
}

/// A feed, which has its own cursors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Feed {
    Messages,
    MessagesOf(String),
    Reactions,
    LocationsOf(String),
    Events,
}

impl Feed {
    /// The scope of this feed's cursors for a bot.
    pub(crate) fn cursor_scope(&self, app_id: &str) -> String {
        match self {
            Self::Messages => format!("{app_id}\nfeed messages"),
            Self::MessagesOf(tid) => format!("{app_id}\nfeed messages of\n{tid}"),
            Self::Reactions => format!("{app_id}\nfeed reactions"),
            Self::LocationsOf(tid) => format!("{app_id}\nfeed locations of\n{tid}"),
            Self::Events => format!("{app_id}\nfeed events"),
        }
    }

    pub(crate) fn includes(&self, entry: &LogEntry, actor: &str) -> bool {
        match (self, &entry.update) {
            (Self::Messages, Update::Message(_) | Update::Deletion(_))
            | (Self::Reactions, Update::Reaction(_))
            | (Self::Events, _) => entry.bots.contains(actor),
            (Self::MessagesOf(tid), Update::Message(_) | Update::Deletion(_))
            | (Self::LocationsOf(tid), Update::Location(_)) => entry.tid == *tid,
            _ => false,
        }
    }
}

/// The updates of the last hour, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) entries: VecDeque<LogEntry>,
    /// The number of the last update.
    pub(crate) last: u64,
    /// The number of the last update that was removed.
    pub(crate) removed_up_to: u64,
}

impl Log {
    /// Removes updates older than the retention time.
    pub(crate) fn remove_old(&mut self, now: Duration) {
        while self.entries.front().is_some_and(|entry| entry.at.saturating_add(RETENTION) < now) {
            self.removed_up_to = self.entries.pop_front().map_or(self.removed_up_to, |entry| entry.number);
        }
    }

    /// Removes all updates, so that all earlier cursors are expired.
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
