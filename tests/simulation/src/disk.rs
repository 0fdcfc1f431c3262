//! What survives the process: what the user saved.

use std::collections::BTreeMap;

use teamwire_core::Now;

use super::shares::Shares;

#[derive(Debug, Default)]
pub(super) struct Disk {
    /// For each feed the checkpoint as JSON, and the place that it stands for.
    pub(super) checkpoints: BTreeMap<usize, (String, usize)>,
    pub(super) shares: Option<SavedShares>,
    pub(super) outbox: Vec<Letter>,
    /// How many messages without a key were posted.
    pub(super) loose: usize,
    /// How many titles the bot gave the lobby.
    pub(super) titles: usize,
}

/// The saved ledger, what is in it, and what the clocks showed at that time.
#[derive(Debug)]
pub(super) struct SavedShares {
    pub(super) json: String,
    pub(super) shares: Shares,
    pub(super) at: Now,
}

/// A message that is to be posted, in whatever process, with a key of its own.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) tid: &'static str,
    pub(super) state: Post,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Post {
    ToDo,
    UnderWay,
    Done,
}
