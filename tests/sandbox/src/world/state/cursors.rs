//! The cursors of lists and feeds.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;

use crate::world::{contract::problem::Problem, ids::digest};

/// Creates cursors and recognises its own. A cursor is opaque, and bound to a list or feed and to a history: the
/// updates up to its position, each with the epoch in which it was published.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Cursors {
    key: u64,
    /// The epoch of the updates before the first run.
    epoch: u64,
    /// The runs after restarts that have published updates, and the current one, in their order.
    #[cfg_attr(feature = "server", serde(default))]
    runs: Vec<Run>,
}

/// The time from one start of a server to the next. Its updates have their own epoch: if the world is later restored
/// from a copy that does not have them, its updates with the same numbers are not theirs.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
struct Run {
    /// The number of the last update before it.
    after: u64,
    epoch: u64,
}

impl Cursors {
    pub(crate) fn new(key: u64) -> Self {
        Self { key, epoch: 0, runs: Vec::new() }
    }

    /// Starts a new epoch, which invalidates all earlier cursors.
    pub(crate) fn begin_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.runs.clear();
    }

    /// Starts a new epoch for the updates after the last one. Earlier cursors stay valid if their position is in this
    /// history, and is not before the last update that was removed.
    #[cfg(feature = "server")]
    pub(crate) fn begin_run(&mut self, last: u64, removed_up_to: u64, epoch: u64) {
        self.runs.retain(|run| run.after < last);
        let is_over = |run: &&Run| run.after < removed_up_to;
        let over = self.runs.iter().take_while(is_over).count();
        if let Some(run) = self.runs.drain(..over).next_back() {
            self.epoch = run.epoch;
        }
        self.runs.push(Run { after: last, epoch });
    }

    /// The epoch in which the world was created, as far as it is known.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns a cursor of a feed after the update with this number.
    pub(crate) fn seal(&self, feed: &str, number: u64) -> String {
        self.encode(feed, number, &number.to_string())
    }

    /// Returns the number in a cursor of this feed and history; 410 for any other cursor.
    pub(crate) fn open(&self, feed: &str, cursor: &str) -> Result<u64, Problem> {
        let number = || self.decode(feed, cursor, |text| text.parse().ok().map(|number| (number, number)));
        number().ok_or_else(foreign)
    }

    /// The cursors of lists, after the update with this number.
    pub(crate) fn lists_after(&self, last: u64) -> ListCursors<'_> {
        ListCursors { cursors: self, last }
    }

    fn encode(&self, name: &str, number: u64, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{text}", self.checksum(name, number, text)))
    }

    /// Returns what `parse` reads from a cursor besides the number of its update.
    fn decode<K>(&self, name: &str, cursor: &str, parse: impl Fn(&str) -> Option<(u64, K)>) -> Option<K> {
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (checksum, text) = decoded.split_at_checked(16)?;
        let (number, position) = parse(text)?;
        (checksum == self.checksum(name, number, text)).then_some(position)
    }

    fn checksum(&self, name: &str, number: u64, text: &str) -> String {
        let (key, epoch) = (self.key.to_le_bytes(), self.epoch_of(number).to_le_bytes());
        format!("{:016x}", digest(&[&key, &epoch, name.as_bytes(), text.as_bytes()]))
    }

    /// The epoch of the update with this number.
    fn epoch_of(&self, number: u64) -> u64 {
        let run = self.runs.iter().rfind(|run| run.after < number);
        run.map_or(self.epoch, |run| run.epoch)
    }
}

/// The cursors of lists. A cursor contains the number of the last update when it was created: if this history does not
/// have that update, the rest of the list may be another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListCursors<'w> {
    cursors: &'w Cursors,
    last: u64,
}

impl ListCursors<'_> {
    pub(crate) fn seal(self, list: &str, position: &str) -> String {
        self.cursors.encode(list, self.last, &format!("{} {position}", self.last))
    }

    /// Returns the position in a cursor of this list and history; 410 for any other cursor.
    pub(crate) fn open<K: FromStr>(self, list: &str, cursor: &str) -> Result<K, Problem> {
        let parse = |text: &str| {
            let (number, position) = text.split_once(' ')?;
            Some((number.parse().ok().filter(|number| *number <= self.last)?, position.parse().ok()?))
        };
        self.cursors.decode(list, cursor, parse).ok_or_else(foreign)
    }
}

fn foreign() -> Problem {
    expired("The cursor was not issued by this server for this list or feed.")
}

/// 410: an invalid or outdated cursor.
pub(crate) fn expired(detail: &str) -> Problem {
    Problem::new(StatusCode::GONE, "cursor_expired", detail)
}
