//! What has happened, for an hour; and the long polls that tell of it.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    World,
    answer::{Answer, Reply, ok},
    call::Call,
    messages,
    now::Now,
    paging::{Shown, expired, shown},
    problem::Problem,
};

/// How long updates are kept.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// At most so many items in one answer.
const ITEMS: usize = 100;

/// Something that has happened in a chat.
#[derive(Debug)]
pub(super) enum News {
    /// A message was posted or deleted. It is shown as it is when it is asked for, so that nothing deleted leaks.
    Message(String),
    /// A reaction was added or changed, as it then was.
    Reaction(Value),
    /// A live location began, moved or ended.
    Location(Value),
}

#[derive(Debug)]
struct Entry {
    number: u64,
    at: Duration,
    tid: String,
    /// The bots that were members of the chat at that time.
    bots: BTreeSet<String>,
    news: News,
}

/// What is told apart by its own cursors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Feed {
    Messages,
    MessagesOf(String),
    Reactions,
    LocationsOf(String),
}

impl Feed {
    /// What binds a cursor to this feed of this bot.
    fn name(&self, app_id: &str) -> String {
        match self {
            Self::Messages => format!("{app_id}\nfeed messages"),
            Self::MessagesOf(tid) => format!("{app_id}\nfeed messages of\n{tid}"),
            Self::Reactions => format!("{app_id}\nfeed reactions"),
            Self::LocationsOf(tid) => format!("{app_id}\nfeed locations of\n{tid}"),
        }
    }

    fn tells(&self, entry: &Entry, actor: &str) -> bool {
        match (self, &entry.news) {
            (Self::Messages, News::Message(_)) | (Self::Reactions, News::Reaction(_)) => entry.bots.contains(actor),
            (Self::MessagesOf(tid), News::Message(_)) | (Self::LocationsOf(tid), News::Location(_)) => {
                entry.tid == *tid
            }
            _ => false,
        }
    }
}

/// Everything that happened in the last hour, oldest first.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// The number of the last thing that happened.
    last: u64,
    /// The number up to which everything is forgotten.
    lost: u64,
}

impl Log {
    /// Forgets what is too old to be kept.
    pub(super) fn forget_old(&mut self, now: Duration) {
        while self.entries.front().is_some_and(|entry| entry.at + KEPT < now) {
            self.lost = self.entries.pop_front().map_or(self.lost, |entry| entry.number);
        }
    }

    /// Makes every cursor that was given so far too old.
    pub(super) fn forget_all(&mut self) {
        self.entries.clear();
        self.last += 1;
        self.lost = self.last;
    }

    fn since(&self, position: u64) -> impl Iterator<Item = &Entry> {
        let from = self.entries.partition_point(|entry| entry.number <= position);
        self.entries.range(from..)
    }
}

impl World {
    /// Notes something that has happened in this chat.
    pub(super) fn publish(&mut self, now: Now, tid: &str, news: News) {
        let Some(chat) = self.chats.get(tid) else { return };
        let uids = self.bots.iter().map(|bot| &bot.key.uid);
        let bots = uids.filter(|uid| chat.is_member(&self.directory, uid)).cloned().collect();
        self.log.last += 1;
        let entry = Entry { number: self.log.last, at: now.elapsed, tid: tid.to_owned(), bots, news };
        self.log.entries.push_back(entry);
        self.changes += 1;
    }

    /// The cursor of now.
    pub(super) fn cursor_of_now(&self, app_id: &str, feed: &Feed) -> String {
        self.cursors.seal(&feed.name(app_id), &self.log.last.to_string())
    }

    /// Answers a long poll, or lets it wait.
    pub(super) fn poll(&self, call: &Call, feed: &Feed) -> Reply {
        let Some(cursor) = call.query.cursor()? else {
            return ok(json!({ "items": [], "cursor": self.cursor_of_now(&call.app_id, feed) }));
        };
        let name = feed.name(&call.app_id);
        let position: u64 = self.cursors.open(&name, cursor)?;
        if position > self.log.last {
            return Err(expired("This cursor is ahead of everything that this server knows."));
        }
        if position < self.log.lost {
            return Err(expired("Updates after this cursor are no longer kept."));
        }
        let told = self.log.since(position).filter(|entry| feed.tells(entry, &call.actor));
        let mut told = told.peekable();
        if told.peek().is_none() && call.now.elapsed < deadline(call)? {
            let wake = self.next_expiry().unwrap_or(Duration::MAX);
            return Ok(Answer::Wait(deadline(call)?.min(wake)));
        }
        let Shown { items, more_after } = shown(ITEMS, told, |entry| self.show_entry(&name, entry));
        let behind = more_after.map_or(self.log.last, |entry| entry.number);
        ok(json!({ "items": items, "cursor": self.cursors.seal(&name, &behind.to_string()) }))
    }

    fn show_entry(&self, name: &str, entry: &Entry) -> Option<Value> {
        let (kind, data) = match &entry.news {
            News::Message(mid) => {
                let chat = self.chats.get(&entry.tid)?;
                ("message", messages::show_by_mid(&self.directory, chat, mid)?)
            }
            News::Reaction(shown) => ("reaction", shown.clone()),
            News::Location(shown) => ("location", shown.clone()),
        };
        Some(json!({ "cursor": self.cursors.seal(name, &entry.number.to_string()), "kind": kind, "data": data }))
    }
}

/// What is wrong with the parameters of a poll, whatever it asks for.
pub(super) fn check_poll(call: &Call) -> Result<(), Problem> {
    wait(call)?;
    call.query.cursor().map(|_| ())
}

fn wait(call: &Call) -> Result<Duration, Problem> {
    Ok(Duration::from_secs(call.query.whole("wait", 0..=25)?.unwrap_or(0)))
}

/// When a poll is answered, whatever happens.
pub(super) fn deadline(call: &Call) -> Result<Duration, Problem> {
    Ok(call.arrived + wait(call)?)
}
