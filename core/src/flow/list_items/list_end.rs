use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use crate::model::Undecoded;

/// Maximum number of items that could not be decoded to keep.
const MAX_UNDECODED: usize = 100;

/// The end of a list whose items have been handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListEnd {
    /// Time of the chat's last message, for a list of messages; `None` if the server does not say.
    pub last_modified: Option<DateTime<Utc>>,
    /// The items that could not be decoded, and were left out: the first 100 of them. Almost always empty.
    pub undecoded: Vec<Undecoded>,
    /// Number of all items that could not be decoded.
    pub undecoded_count: usize,
}

impl ListEnd {
    /// Adds the facts of a page.
    pub(super) fn add(&mut self, last_modified: Option<DateTime<Utc>>, undecoded: Vec<Undecoded>) {
        self.last_modified = self.last_modified.max(last_modified);
        self.undecoded_count = self.undecoded_count.saturating_add(undecoded.len());
        let left = MAX_UNDECODED.saturating_sub(self.undecoded.len());
        self.undecoded.extend(undecoded.into_iter().take(left));
    }
}
