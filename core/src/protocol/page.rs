//! A page of a list.

use alloc::{string::String, vec::Vec};

use chrono::{DateTime, Utc};

use crate::model::{Listing, Undecoded};

/// The page of a list that is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageRequest<'a> {
    /// The [cursor](Page::next) that the previous page returned; `None` for the first page.
    pub cursor: Option<&'a str>,
    /// Maximum number of items. It is lowered if a page is too large.
    pub limit: u32,
}

impl<'a> PageRequest<'a> {
    /// The request for the first page of a list, as operations make it.
    pub const FIRST: Self = Self::new(None, 100);

    /// Creates a request.
    pub const fn new(cursor: Option<&'a str>, limit: u32) -> Self {
        Self { cursor, limit }
    }
}

/// A part of a list, and the cursor of the next one.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub(crate) items: Listing<T>,
    pub(crate) next_cursor: Option<String>,
    pub(crate) last_modified: Option<DateTime<Utc>>,
}

impl<T> Page<T> {
    /// Creates the last page of a list.
    pub const fn new(items: Vec<T>) -> Self {
        Self::of(Listing::new(items, Vec::new()))
    }

    pub(crate) const fn of(items: Listing<T>) -> Self {
        Self { items, next_cursor: None, last_modified: None }
    }

    /// Sets the cursor of the next page, of up to 16 KiB: any text that the protocol understands, such as a page
    /// number. `None` ends the list. A cursor that the list has had before is an error, as the list would never end.
    #[must_use]
    pub fn next(mut self, cursor: Option<String>) -> Self {
        self.next_cursor = cursor;
        self
    }

    /// Sets the time of the chat's last message, in a list of messages.
    #[must_use]
    pub fn last_modified(mut self, time: Option<DateTime<Utc>>) -> Self {
        self.last_modified = time;
        self
    }

    /// Adds an item that cannot be decoded. It does not fail the list.
    #[must_use]
    pub fn undecoded(mut self, item: Undecoded) -> Self {
        self.items.push_undecoded(item);
        self
    }
}

/// Maximum length of a cursor, in bytes: that of a feed without cursors on the server lists the events it has seen.
pub(crate) const MAX_CURSOR_BYTES: usize = 16 << 10;

/// Returns `true` for a valid cursor.
pub(crate) fn is_cursor(text: &str) -> bool {
    (1..=MAX_CURSOR_BYTES).contains(&text.len())
}
