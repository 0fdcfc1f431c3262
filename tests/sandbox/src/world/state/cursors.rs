//! Cursors of lists and feeds.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;

use crate::world::{contract::problem::Problem, ids::digest};

/// Makes cursors and knows its own again. A cursor is bound to the epoch and to the list it was made for, and is opaque.
#[derive(Debug)]
pub(crate) struct Cursors {
    key: u64,
    epoch: u64,
}

impl Cursors {
    pub(crate) fn new(key: u64) -> Self {
        Self { key, epoch: 0 }
    }

    /// Forgets every cursor that was made so far.
    pub(crate) fn begin_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    fn checksum(&self, list: &str, position: &str) -> String {
        let (key, epoch) = (self.key.to_le_bytes(), self.epoch.to_le_bytes());
        format!("{:016x}", digest(&[&key, &epoch, list.as_bytes(), position.as_bytes()]))
    }

    pub(crate) fn seal(&self, list: &str, position: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{position}", self.checksum(list, position)))
    }

    /// The position in a cursor that was made for this list in this epoch; 410 for every other one.
    pub(crate) fn open<K: FromStr>(&self, list: &str, cursor: &str) -> Result<K, Problem> {
        let position = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
            let (checksum, position) = text.split_at_checked(16)?;
            position.parse().ok().filter(|_| checksum == self.checksum(list, position))
        };
        position().ok_or_else(|| expired("This server did not give this cursor for this list or feed."))
    }
}

/// 410: a cursor that leads nowhere.
pub(crate) fn expired(detail: &str) -> Problem {
    Problem::new(StatusCode::GONE, "cursor_expired", detail)
}
