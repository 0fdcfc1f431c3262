//! Deliberate defects of replicas and of their store, each of which breaks a promise.

use teamwire_core::claim::Save;

/// The deliberate defect of a run with replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplicaDefect {
    /// No defect.
    #[default]
    None,
    /// The store saves for any claim, also for one that is not the current one.
    NotFenced,
    /// The store compares the fences of claims instead of their ids.
    NumbersCompared,
    /// The store applies each save, also one that arrives after a later one.
    NumberOfSaveIgnored,
    /// A process that is started again has the member id of the one before, as if it were made from the host name.
    MemberIdReused,
    /// The start of a feed is not saved before its events are handed out.
    StartNotSaved,
    /// A feed whose checkpoint the store has lost begins with the next event.
    BeginsAfterWipe,
    /// The lease counts from the response of the store, not from the time at which the renewal was sent.
    RenewedByResponse,
    /// After a save whose outcome is unknown, the feed resumes at that checkpoint instead of the one of the store.
    ResumedFromMemory,
    /// The events that had arrived are handed out after the claim was lost.
    DeliveredAfterLoss,
    /// The checkpoint of an event is saved although an earlier one is still being handled.
    SlowHandlerPassed,
}

impl ReplicaDefect {
    /// All defects.
    pub const ALL: &[Self] = &[
        Self::NotFenced,
        Self::NumbersCompared,
        Self::NumberOfSaveIgnored,
        Self::MemberIdReused,
        Self::StartNotSaved,
        Self::BeginsAfterWipe,
        Self::RenewedByResponse,
        Self::ResumedFromMemory,
        Self::DeliveredAfterLoss,
        Self::SlowHandlerPassed,
    ];

    /// Returns `true` if the store accepts a save that its claim does not permit.
    pub(super) const fn accepts(self, save: &Save, fence: u64) -> bool {
        match self {
            Self::NotFenced => true,
            Self::NumbersCompared => save.claim.fence >= fence,
            _ => false,
        }
    }

    /// Returns `true` if a save is acknowledged without being done.
    pub(super) fn fakes_save(self, save: &Save, has_checkpoint: bool) -> bool {
        self == Self::StartNotSaved && !has_checkpoint && save.seq == 1
    }
}
