//! What has happened, for an hour; and the long polls that tell of it.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    World,
    call::Call,
    messages,
    now::Now,
    paging::{Page, collect_page, expired},
    problem::Problem,
    response::{OperationResult, Outcome, ok},
};

/// How long updates are kept.
const RETENTION: Duration = Duration::from_secs(60 * 60);

/// At most so many items in one answer.
const MAX_ITEMS: usize = 100;

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
struct LogEntry {
    number: u64,
    at: Duration,
    tid: String,
    /// The bots that were members of the chat at that time.
    bots: BTreeSet<String>,
    update: Update,
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
    fn cursor_scope(&self, app_id: &str) -> String {
        match self {
            Self::Messages => format!("{app_id}\nfeed messages"),
            Self::MessagesOf(tid) => format!("{app_id}\nfeed messages of\n{tid}"),
            Self::Reactions => format!("{app_id}\nfeed reactions"),
            Self::LocationsOf(tid) => format!("{app_id}\nfeed locations of\n{tid}"),
        }
    }

    fn includes(&self, entry: &LogEntry, actor: &str) -> bool {
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
    entries: VecDeque<LogEntry>,
    /// The number of the last thing that happened.
    last: u64,
    /// The number up to which everything is forgotten.
    removed_up_to: u64,
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

    fn since(&self, position: u64) -> impl Iterator<Item = &LogEntry> {
        let from = self.entries.partition_point(|entry| entry.number <= position);
        self.entries.range(from..)
    }
}

impl World {
    /// Notes something that has happened in this chat.
    pub(crate) fn publish(&mut self, now: Now, tid: &str, update: Update) {
        let Some(chat) = self.chats.get(tid) else { return };
        let uids = self.bots.iter().map(|bot| &bot.key.uid);
        let bots = uids.filter(|uid| chat.is_member(&self.directory, uid)).cloned().collect();
        self.log.last += 1;
        let entry = LogEntry { number: self.log.last, at: now.elapsed, tid: tid.to_owned(), bots, update };
        self.log.entries.push_back(entry);
        self.revision += 1;
    }

    /// The cursor of now.
    pub(crate) fn current_cursor(&self, app_id: &str, feed: &Feed) -> String {
        self.cursors.seal(&feed.cursor_scope(app_id), &self.log.last.to_string())
    }

    /// Answers a long poll, or lets it wait.
    pub(crate) fn poll(&self, call: &Call, feed: &Feed) -> OperationResult {
        let Some(cursor) = call.query.cursor()? else {
            return ok(json!({ "items": [], "cursor": self.current_cursor(&call.app_id, feed) }));
        };
        let name = feed.cursor_scope(&call.app_id);
        let position: u64 = self.cursors.open(&name, cursor)?;
        if position > self.log.last {
            return Err(expired("This cursor is ahead of everything that this server knows."));
        }
        if position < self.log.removed_up_to {
            return Err(expired("Updates after this cursor are no longer kept."));
        }
        let entries = self.log.since(position).filter(|entry| feed.includes(entry, &call.actor));
        let mut entries = entries.peekable();
        if entries.peek().is_none() && call.now.elapsed < deadline(call)? {
            let wake = self.next_expiry().unwrap_or(Duration::MAX);
            return Ok(Outcome::Wait(deadline(call)?.min(wake)));
        }
        let Page { items, more_after } = collect_page(MAX_ITEMS, entries, |entry| self.entry_json(&name, entry));
        let end = more_after.map_or(self.log.last, |entry| entry.number);
        ok(json!({ "items": items, "cursor": self.cursors.seal(&name, &end.to_string()) }))
    }

    fn entry_json(&self, name: &str, entry: &LogEntry) -> Option<Value> {
        let (kind, data) = match &entry.update {
            Update::Message(mid) => {
                let chat = self.chats.get(&entry.tid)?;
                ("message", messages::message_json(&self.directory, chat, mid)?)
            }
            Update::Reaction(json) => ("reaction", json.clone()),
            Update::Location(json) => ("location", json.clone()),
        };
        Some(json!({ "cursor": self.cursors.seal(name, &entry.number.to_string()), "kind": kind, "data": data }))
    }
}

/// What is wrong with the parameters of a poll, whatever it asks for.
pub(crate) fn check_poll(call: &Call) -> Result<(), Problem> {
    wait_time(call)?;
    call.query.cursor().map(|_| ())
}

fn wait_time(call: &Call) -> Result<Duration, Problem> {
    Ok(Duration::from_secs(call.query.integer("wait", 0..=25)?.unwrap_or(0)))
}

/// When a poll is answered, whatever happens.
pub(crate) fn deadline(call: &Call) -> Result<Duration, Problem> {
    Ok(call.received_at + wait_time(call)?)
}
