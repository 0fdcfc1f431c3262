//! The position of a feed on a server without cursors: a time, and the messages seen since then.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A message may become visible after later ones, by this time in milliseconds: for so long, earlier messages are
/// requested again.
const OVERLAP: i64 = 5_000;
/// Maximum length of a cursor, in bytes.
const MAX_LENGTH: usize = 16 << 10;
/// Maximum length of a cursor without the messages that were seen: names, brackets and three numbers.
const MAX_LENGTH_WITHOUT_SEEN: usize = 128;

/// The time from which messages are requested, and those that have been seen since. It is the cursor of the feed, so
/// that a restart neither repeats nor misses a message.
///
/// If more messages are seen within the overlap than a cursor can hold, the overlap becomes shorter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// All messages from this time on that were seen are in `seen`.
    floor: i64,
    /// The time from which messages are requested next, in milliseconds.
    since: i64,
    /// The page to be requested.
    page: u64,
    /// Times and ids.
    seen: BTreeSet<(i64, String)>,
    /// The time of the newest message of the current page.
    #[serde(skip)]
    newest_of_page: Option<i64>,
}

impl Position {
    /// Creates the position after these messages, the newest ones that there are at the time `now` of the server.
    pub(crate) fn after(newest: impl IntoIterator<Item = (i64, String)>, now: Option<i64>) -> Self {
        let seen: BTreeSet<_> = newest.into_iter().collect();
        // Messages before these might not have been returned.
        let floor = seen.first().map_or(0, |(oldest, _)| *oldest);
        let mut position = Self { floor, since: floor, page: 1, seen, newest_of_page: None };
        position.advance(true, now);
        position
    }

    pub(crate) const fn since(&self) -> i64 {
        self.since
    }

    pub(crate) const fn page(&self) -> u64 {
        self.page
    }

    /// Returns the time of the newest message that was seen.
    pub(crate) fn newest(&self) -> i64 {
        self.seen.last().map_or(self.floor, |(newest, _)| *newest)
    }

    /// Adds a message of the current page. Returns `false` if it has been seen before.
    pub(crate) fn add(&mut self, sent_at: i64, id: &str) -> bool {
        self.newest_of_page = self.newest_of_page.max(Some(sent_at));
        let is_new = self.seen.iter().all(|(_, seen)| seen != id);
        if is_new {
            self.seen.insert((sent_at, id.to_owned()));
        }
        is_new
    }

    /// Returns the cursor, unless it is too long in the middle of a page.
    pub(crate) fn cursor(&self) -> Option<String> {
        Some(self.to_string()).filter(|cursor| cursor.len() <= MAX_LENGTH)
    }

    /// Moves to the next page or, after the last one, to the next poll. `now` is the time of the server, if known: a
    /// message that is dated in the future must not hide those that follow it.
    pub(crate) fn advance(&mut self, is_last_page: bool, now: Option<i64>) {
        let newest = self.newest().min(now.unwrap_or(i64::MAX));
        self.raise_floor(newest.saturating_sub(OVERLAP));
        let newest_of_page = self.newest_of_page.take().unwrap_or(self.since);
        (self.since, self.page) = match is_last_page {
            true => (self.floor, 1),
            false if newest_of_page > self.since => (newest_of_page, 1),
            // All messages of the page are of the same time.
            false => (self.since, self.page + 1),
        };
        if let Some(excess) = self.newest_excess() {
            self.raise_floor(excess.saturating_add(1));
        }
    }

    /// Returns the time of the newest message for which the cursor has no room.
    fn newest_excess(&self) -> Option<i64> {
        let mut length = MAX_LENGTH_WITHOUT_SEEN;
        let mut newest_first = self.seen.iter().rev();
        let excess = newest_first.find(|seen| {
            length += serde_json::to_string(seen).map_or(MAX_LENGTH, |json| json.len() + 1);
            length > MAX_LENGTH
        });
        excess.map(|(sent_at, _)| *sent_at)
    }

    fn raise_floor(&mut self, time: i64) {
        self.floor = self.floor.max(time);
        self.seen = self.seen.split_off(&(self.floor, String::new()));
        if self.since < self.floor {
            (self.since, self.page) = (self.floor, 1);
        }
    }
}

/// The cursor, which is JSON.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Position {
    type Err = String;

    fn from_str(cursor: &str) -> Result<Self, String> {
        serde_json::from_str(cursor).map_err(|error| format!("its cursor is invalid: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(range: std::ops::Range<i64>) -> impl Iterator<Item = (i64, String)> {
        range.map(|number| (number * 10, format!("m{number}")))
    }

    #[test]
    fn cursor_restores_the_position() {
        let position = Position::after(messages(0..100), None);
        assert_eq!(position.to_string().parse(), Ok(position));
    }

    #[test]
    fn message_is_new_once() {
        let mut position = Position::after(messages(0..3), None);
        assert!(!position.add(20, "m2"));
        assert!(position.add(30, "m3"));
        position.advance(true, None);
        let mut restored: Position = position.to_string().parse().expect("it is a cursor");
        assert!(!restored.add(30, "m3"));
        assert!(restored.add(25, "late"), "a late message is new");
    }

    #[test]
    fn late_messages_are_requested_for_the_overlap() {
        let mut position = Position::after([(10_000, "first".to_owned())], None);
        assert_eq!(position.since(), 10_000, "earlier messages are before the start");
        position.add(16_000, "second");
        position.advance(true, None);
        assert_eq!(position.since(), 11_000);
    }

    #[test]
    fn message_in_the_future_hides_none_and_is_new_once() {
        let hour = 3_600_000;
        // Neither one before the start of the feed nor a later one.
        for at_start in [true, false] {
            let before = [(9_000, "first".to_owned())];
            let future = (hour, "future".to_owned());
            let mut position =
                Position::after(before.into_iter().chain(at_start.then(|| future.clone())), Some(10_000));
            assert_eq!(position.add(future.0, &future.1), !at_start);
            for now in [11_000, 20_000, 40_000] {
                assert!(position.add(now, &format!("at {now}")));
                position.advance(true, Some(now + 500));
                assert!(position.since() <= now, "the next one would not be requested: {position:?}");
                position = position.to_string().parse().expect("it is a cursor");
                assert!(!position.add(future.0, &future.1), "{now}");
            }
            assert_eq!(position.since(), 40_500 - OVERLAP);
        }
    }

    #[test]
    fn page_of_one_time_is_followed_by_the_next() {
        let mut position = Position::after([], None);
        for id in ["a", "b"] {
            position.add(7, id);
        }
        position.advance(false, None);
        assert_eq!((position.since(), position.page()), (7, 1));
        for id in ["a", "b"] {
            assert!(!position.add(7, id));
        }
        position.advance(false, None);
        assert_eq!((position.since(), position.page()), (7, 2));
        position.advance(true, None);
        assert_eq!((position.since(), position.page()), (0, 1));
    }

    #[test]
    fn cursor_is_bounded() {
        let mut position = Position::after([], None);
        for number in 0..5_000 {
            position.add(number, &format!("{number} {}", "\"long\"".repeat(10)));
        }
        position.advance(true, None);
        assert!(position.to_string().len() <= MAX_LENGTH);
        assert!(position.since() > 4_800, "the newest are kept: {}", position.since());
    }
}
