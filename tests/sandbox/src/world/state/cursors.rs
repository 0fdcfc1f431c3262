//! The cursors of lists and feeds.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;

use crate::world::{contract::problem::Problem, ids::digest};

/// Creates cursors and recognises its own. A cursor is opaque, and bound to a list or feed and to the epoch.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Cursors {
    key: u64,
    epoch: u64,
}

impl Cursors {
    pub(crate) fn new(key: u64) -> Self {
        Self { key, epoch: 0 }
    }

    /// Starts a new epoch, which invalidates all earlier cursors.
    pub(crate) fn begin_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    /// The present epoch.
    #[cfg(feature = "server")]
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    fn checksum(&self, list: &str, position: &str) -> String {
        let (key, epoch) = (self.key.to_le_bytes(), self.epoch.to_le_bytes());
        format!("{:016x}", digest(&[&key, &epoch, list.as_bytes(), position.as_bytes()]))
    }

    pub(crate) fn seal(&self, list: &str, position: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{position}", self.checksum(list, position)))
    }

    /// Returns the position in a cursor of this list and epoch; 410 for any other cursor.
    pub(crate) fn open<K: FromStr>(&self, list: &str, cursor: &str) -> Result<K, Problem> {
        let position = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
            let (checksum, position) = text.split_at_checked(16)?;
            position.parse().ok().filter(|_| checksum == self.checksum(list, position))
        };
        position().ok_or_else(|| expired("The cursor was not issued by this server for this list or feed."))
    }
}

/// 410: an invalid or outdated cursor.
pub(crate) fn expired(detail: &str) -> Problem {
    Problem::new(StatusCode::GONE, "cursor_expired", detail)
}
