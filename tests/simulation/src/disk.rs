//! What survives the process: what the user saved.

use std::collections::BTreeMap;

use teamwire_core::Now;

use super::shares::Shares;

#[derive(Debug, Default)]
pub(super) struct Disk {
    /// For each feed the checkpoint as JSON, and the place that it stands for.
    pub(super) checkpoints: BTreeMap<usize, (String, usize)>,
    pub(super) shares: Option<SavedShares>,
    pub(super) outbox: Vec<PendingPost>,
    /// How many messages without a key were posted.
    pub(super) plain_posts: usize,
    /// How many titles the bot gave the lobby.
    pub(super) title_updates: usize,
}

/// The exported location shares, their expected content, and the time of the process when they were saved.
#[derive(Debug)]
pub(super) struct SavedShares {
    pub(super) json: String,
    pub(super) shares: Shares,
    pub(super) saved_at: Now,
}

/// A message that is to be posted, in whatever process, with a key of its own.
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
