//! A page of a list.

use alloc::string::String;

use chrono::{DateTime, Utc};

use crate::model::Listing;

/// Some items of a list, and where it goes on.
#[derive(Clone, Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Listing<T>,
    /// `None` at the end of the list.
    pub(crate) next_cursor: Option<String>,
    /// When the chat last got a message, in a list of messages.
    pub(crate) last_modified: Option<DateTime<Utc>>,
    /// Size of the response.
    pub(crate) bytes: u64,
}

/// The longest cursor, in bytes.
const MAX_CURSOR_BYTES: usize = 1024;

/// Whether a server can have given this to go on at.
pub(crate) fn is_cursor(text: &str) -> bool {
    (1..=MAX_CURSOR_BYTES).contains(&text.len())
}
