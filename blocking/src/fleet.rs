//! Replicas of a bot: several processes that share its feeds through a store, and replace each other.
//!
//! See [`Fleet`], and the chapter on replicas of the guide (`docs/guide` in the repository).

#[doc(inline)]
pub use teamwire_core::claim::{
    Claim, Claimed, Member, Release, Save, Saved, StoreError, StoreErrorKind, View, Wanted,
};
#[doc(inline)]
pub use teamwire_std::{
    claims::{ClaimStore, FeedRecord, FileStore, MemberRecord, MemoryStore, conformance},
    fleet::{Fleet, FleetBuilder, FleetEvent, Follow},
};

pub use crate::feeds::Followed;
