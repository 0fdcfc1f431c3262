//! Stores of the claims of replicas: see [`teamwire_core::claim`].

pub mod conformance;
mod file;
mod memory;
mod record;
mod store;

pub use self::{
    file::FileStore,
    memory::MemoryStore,
    record::{FeedRecord, MemberRecord},
    store::{ClaimStore, perform},
};
