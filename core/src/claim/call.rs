use alloc::vec::Vec;

use super::{ClaimRequest, Claimed, Release, Save, Saved, StoreError, View};
use crate::effect::Moment;

/// The next action of a [`Replica`](super::Replica).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a replica makes no progress until its calls are performed"]
pub enum ReplicaStep {
    /// Perform this call, and pass its outcome to [`Replica::handle`](super::Replica::handle).
    Call(Call),
    /// Ask again at this time, or earlier if something has changed. `None` if only a change makes a call necessary.
    Wait(Option<Moment>),
    /// The replica has left its fleet. No further calls follow.
    Left,
}

/// A call to a store of claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Renew the lease of the member, and return the active members.
    Renew,
    /// Claim these feeds. At most this number of claims are new.
    Claim(Vec<ClaimRequest>, usize),
    /// Save these checkpoints.
    Save(Vec<Save>),
    /// Release these claims.
    Release(Vec<Release>),
    /// Remove the member.
    Leave,
}

/// The outcome of a [`Call`].
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The outcome of [`Call::Renew`].
    Renew(Result<View, StoreError>),
    /// The outcome of [`Call::Claim`]. Feeds that are missing were not claimed.
    Claim(Result<Vec<Claimed>, StoreError>),
    /// The outcome of [`Call::Save`], in the order of the saves.
    Save(Result<Vec<Saved>, StoreError>),
    /// The outcome of [`Call::Release`].
    Release(Result<(), StoreError>),
    /// The outcome of [`Call::Leave`].
    Leave(Result<(), StoreError>),
}
