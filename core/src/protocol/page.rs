//! A page of a list.

use alloc::string::String;

use chrono::{DateTime, Utc};

use crate::model::Listing;

/// A part of a list, and the cursor of the next one.
#[derive(Clone, Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Listing<T>,
    /// `None` at the end of the list.
    pub(crate) next_cursor: Option<String>,
    /// Time of the chat's last message, in a list of messages.
    pub(crate) last_modified: Option<DateTime<Utc>>,
    /// Size of the response in bytes.
    pub(crate) bytes: u64,
}

/// Maximum length of a cursor, in bytes.
const MAX_CURSOR_BYTES: usize = 1024;

/// Returns `true` for a valid cursor.
pub(crate) fn is_cursor(text: &str) -> bool {
    (1..=MAX_CURSOR_BYTES).contains(&text.len())
}
