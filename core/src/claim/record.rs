//! The values that a store keeps and exchanges with replicas.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use crate::feed::Checkpoint;

/// A replica of a bot, as its store knows it. It has one lease for all of its claims.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// Name of the fleet. Members and feeds of different fleets in one store are unrelated.
    pub fleet: String,
    /// Identifies the member: no other has it, not even an earlier process of the same machine.
    pub id: String,
    /// Time after its last renewal after which its claims can be granted to others.
    pub lease: Duration,
}

/// The active members of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The ids of all members whose lease has not expired, oldest first. It includes the member that asked.
    pub members: Vec<String>,
    /// A number that changes when the member that asked joins: with its first renewal, and with the first one after its
    /// lease had expired or the store had lost it. Its claims may have been granted to others before that.
    pub joined: u64,
}

/// A claim of a feed, as granted by a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Name of the feed: see [`Resume::name`](crate::feed::Resume::name).
    pub feed: String,
    /// Identifies the claim: no other has it. Stores compare it.
    pub id: String,
    /// A number that grows with each claim of the feed, for the order in logs. Stores do not compare it, because an
    /// asynchronous failover may grant the same number twice.
    pub fence: u64,
}

/// A feed that a replica claims.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClaimRequest {
    /// Name of the feed.
    pub feed: String,
    /// Id of the new claim. A request whose outcome is unknown is repeated with the same id.
    pub id: String,
}

/// The response of a store to a [`ClaimRequest`] feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The claim was granted.
    Held {
        /// The claim, with the id that was requested.
        claim: Claim,
        /// The saved checkpoint; `None` if there has never been one, or if the store was emptied.
        checkpoint: Option<Checkpoint>,
        /// Number of the save of that checkpoint; zero if there is none.
        seq: u64,
        /// Number of claims since the checkpoint moved, with this one and without those that were
        /// [released](Release) after everything was handled.
        tries: u32,
    },
    /// Another member holds the feed.
    Taken {
        /// The claim of that member.
        claim: Claim,
        /// Id of that member.
        by: String,
        /// The saved checkpoint.
        checkpoint: Option<Checkpoint>,
    },
}

impl Claimed {
    /// Returns the current claim of the feed.
    pub const fn claim(&self) -> &Claim {
        match self {
            Self::Held { claim, .. } | Self::Taken { claim, .. } => claim,
        }
    }
}

/// A checkpoint to be saved under a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Save {
    /// The claim.
    pub claim: Claim,
    /// Number of the save, which grows from save to save. With zero, nothing is saved: the store only tells whether
    /// the claim is the current one.
    pub seq: u64,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}

/// The response of a store to a [`Save`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Saved {
    /// The claim is the current one, and this checkpoint or one with a greater number is saved.
    Yes,
    /// The claim is not the current one. Nothing was saved.
    Lost,
}

/// A claim that is given up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    /// The claim.
    pub claim: Claim,
    /// Set if an event was handed out and has not been handled. Otherwise the claim does not count as one of the
    /// tries: a routine hand-over says nothing about the next event.
    pub is_unfinished: bool,
}
