//! One feed of a replica.

use alloc::{boxed::Box, string::String};

use super::{Claim, Save, StoreError};
use crate::{effect::Moment, feed::Checkpoint};

/// A claim that a replica holds, and the position at which it was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The claim.
    pub claim: Claim,
    /// The checkpoint at which the feed resumes; `None` to begin it.
    pub checkpoint: Option<Checkpoint>,
    /// Number of claims since the checkpoint moved: see [`Claimed::Held`](super::Claimed::Held).
    pub tries: u32,
}

/// The feed of a replica: its claim, and the saves under it.
#[derive(Debug)]
pub(super) struct Tenure {
    pub(super) state: State,
    /// Set if the feed may begin without a saved checkpoint.
    begins: bool,
    /// Set once the store has had a checkpoint: it cannot be missing after that.
    has_begun: bool,
    /// The holder that was last seen, if it is another member.
    pub(super) holder: Option<String>,
    /// Time of the last attempt to claim it.
    pub(super) tried_at: Option<Moment>,
    /// Start of the oldest handler that runs.
    pub(super) busy_since: Option<Moment>,
    /// Set if an event was handed out and is not handled.
    pub(super) is_unfinished: bool,
    /// Set if the feed is followed no more.
    pub(super) is_ending: bool,
    pub(super) failure: Option<StoreError>,
}

#[derive(Debug)]
pub(super) enum State {
    Waiting,
    /// A claim with this id was requested, and may have been granted.
    Claiming(String),
    Held(Box<Held>),
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) grant: Grant,
    /// The checkpoint in the store. Nothing is handed out before there is one, or a crash would lose it.
    saved: Option<Checkpoint>,
    /// The number that was last used.
    seq: u64,
    /// A checkpoint to be saved, with its number. Numbers are in the order of the checkpoints, not of the calls: the
    /// bot may save a later one itself before this is sent.
    pending: Option<(u64, Checkpoint)>,
    /// A save that was sent, and might not have arrived.
    sent: Option<(u64, Checkpoint)>,
    /// Set unless the lease has expired since the claim was last known to be the current one.
    pub(super) is_verified: bool,
    /// Set if the claim is to be released as soon as no handler runs and everything is saved.
    pub(super) is_yielding: bool,
    /// Set once its follower is gone. A later one must not resume at the checkpoint of this grant, which is outdated.
    pub(super) is_claim_lost: bool,
}

impl Tenure {
    /// Creates the state of a feed that is not claimed.
    pub(super) const fn new(begins: bool) -> Self {
        Self {
            state: State::Waiting,
            begins,
            has_begun: false,
            holder: None,
            tried_at: None,
            busy_since: None,
            is_unfinished: false,
            is_ending: false,
            failure: None,
        }
    }

    pub(super) const fn held(&self) -> Option<&Held> {
        match &self.state {
            State::Held(held) => Some(held),
            State::Waiting | State::Claiming(_) => None,
        }
    }

    pub(super) const fn held_mut(&mut self) -> Option<&mut Held> {
        match &mut self.state {
            State::Held(held) => Some(held),
            State::Waiting | State::Claiming(_) => None,
        }
    }

    /// Follows the feed again, which was to end.
    pub(super) fn restart(&mut self, begins: bool) {
        (self.begins, self.is_ending, self.failure) = (begins, false, None);
        self.on_claim_lost();
    }

    /// Keeps its claim from later followers.
    pub(super) fn on_claim_lost(&mut self) {
        if let Some(held) = self.held_mut() {
            held.is_claim_lost = true;
        }
    }

    /// Returns the claim with this id, if it is held.
    pub(super) fn held_as(&mut self, id: &str) -> Option<&mut Held> {
        self.held_mut().filter(|held| held.grant.claim.id == id)
    }

    /// Returns `true` if the claim with this id was requested, and may have been granted.
    pub(super) fn is_claiming(&self, id: &str) -> bool {
        matches!(&self.state, State::Claiming(claiming) if claiming == id)
    }

    /// Returns `true` if the feed can be claimed. While a handler of an earlier claim runs, it cannot: its event would
    /// be handled twice at the same time.
    pub(super) const fn is_claimable(&self) -> bool {
        matches!(self.state, State::Waiting) && self.busy_since.is_none() && self.failure.is_none() && !self.is_ending
    }

    /// Records that the claim was granted. Returns `false` if there is no checkpoint although there has to be one: the
    /// claim is of no use then.
    pub(super) fn granted(&mut self, grant: Grant, seq: u64) -> bool {
        let saved = grant.checkpoint.clone();
        if saved.is_none() && (self.has_begun || !self.begins) {
            self.failure = Some(StoreError::no_checkpoint(&grant.claim.feed, self.has_begun));
            self.state = State::Waiting;
            return false;
        }
        self.has_begun |= saved.is_some();
        self.holder = None;
        self.is_unfinished = false;
        let is_yielding = self.is_ending;
        self.state = State::Held(Box::new(Held {
            grant,
            saved,
            seq,
            pending: None,
            sent: None,
            is_verified: true,
            is_yielding,
            is_claim_lost: false,
        }));
        true
    }

    /// Records that another member holds the feed, and whether the store has a checkpoint of it.
    pub(super) fn taken(&mut self, by: String, has_checkpoint: bool) {
        self.holder = Some(by);
        self.has_begun |= has_checkpoint;
    }

    /// Records that this save has been done.
    pub(super) fn saved(&mut self, save: Save) {
        let Some(held) = self.held_as(&save.claim.id) else { return };
        held.is_verified = true;
        held.sent.take_if(|(seq, _)| *seq == save.seq);
        if save.seq > 0 {
            held.saved = Some(save.checkpoint);
            self.has_begun = true;
        }
    }
}

impl Held {
    /// Returns `true` if the events of the feed may be handed out while the lease is valid.
    pub(super) const fn is_open(&self) -> bool {
        self.saved.is_some() && self.is_verified && !self.is_yielding
    }

    /// Returns `true` if everything that was handled is saved.
    pub(super) const fn is_saved(&self) -> bool {
        self.pending.is_none() && self.sent.is_none()
    }

    /// Returns `true` if the lease has expired, and nothing shows whether the claim is still the current one: the feed
    /// has not begun.
    pub(super) const fn is_save_uncertain(&self) -> bool {
        !self.is_verified && self.saved.is_none() && self.is_saved()
    }

    /// Replaces the checkpoint to be saved.
    pub(super) fn save(&mut self, checkpoint: Checkpoint) {
        if !(self.is_saved() && self.saved.as_ref() == Some(&checkpoint)) {
            self.pending = Some((self.reserve(), checkpoint));
        }
    }

    /// Records a checkpoint that the bot has saved itself.
    pub(super) fn saved_elsewhere(&mut self, checkpoint: Checkpoint) {
        (self.saved, self.pending) = (Some(checkpoint), None);
    }

    /// Returns the number of a save by the bot itself.
    pub(super) const fn reserve(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// Returns the next save: the one that might not have arrived, the newest checkpoint, or a question whether the
    /// claim is the current one.
    pub(super) fn next_save(&mut self) -> Option<Save> {
        if self.sent.is_none() {
            self.sent = self.pending.take();
        }
        let claim = self.grant.claim.clone();
        if let Some((seq, checkpoint)) = self.sent.clone() {
            return Some(Save { claim, seq, checkpoint });
        }
        let checkpoint = self.saved.clone().filter(|_| !self.is_verified)?;
        Some(Save { claim, seq: 0, checkpoint })
    }
}
