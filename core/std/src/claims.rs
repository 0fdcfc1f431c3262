//! Stores of the claims of replicas: see [`teamwire_core::claim`].

pub mod conformance;
mod file;
mod memory;
mod store;

#[doc(inline)]
pub use teamwire_core::claim::{FeedRecord, MemberRecord};

pub use self::{
    file::FileStore,
    memory::MemoryStore,
    store::{ClaimStore, perform},
};
