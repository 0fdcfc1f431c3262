//! The data that the bot saves, which outlives its process.

use std::collections::BTreeMap;

use teamwire_core::effect::Now;

use super::shares::Shares;

/// The saved data.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// The saved checkpoint of each feed, as JSON, and the position that it stands for.
    pub(super) checkpoints: BTreeMap<usize, (String, usize)>,
    pub(super) shares: Option<SavedShares>,
    pub(super) outbox: Vec<PendingPost>,
    /// Number of messages posted without a key of the bot's.
    pub(super) plain_posts: usize,
    /// Number of titles that the bot has given to the lobby.
    pub(super) title_updates: usize,
}

/// The exported location shares, their expected content, and the time of the process when they were saved.
#[derive(Debug)]
pub(super) struct SavedShares {
    pub(super) json: String,
    pub(super) shares: Shares,
    pub(super) saved_at: Now,
}

/// A message to be posted with a key of the bot's own, across restarts.
#[derive(Debug)]
pub(super) struct PendingPost {
    pub(super) tid: &'static str,
    pub(super) state: PostState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PostState {
    Queued,
    InProgress,
    Done,
}
