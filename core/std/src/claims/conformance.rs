//! A suite for implementations of [`ClaimStore`](super::ClaimStore), to be called by a test.
//!
//! ```no_run
//! use teamwire_std::claims::{MemoryStore, conformance::{self, Subject}};
//!
//! struct Shared(MemoryStore);
//!
//! impl Subject for Shared {
//!     type Store = MemoryStore;
//!
//!     fn connect(&self) -> MemoryStore {
//!         self.0.clone()
//!     }
//!
//!     fn wipe(&self) {
//!         self.0.wipe();
//!     }
//! }
//!
//! conformance::check(|| Shared(MemoryStore::new()));
//! ```

mod claims;
mod contention;
mod members;
mod replica;
mod saves;
mod subject;

pub use self::subject::Subject;

/// Checks a store. `make` returns a new, empty store.
///
/// # Panics
///
/// Panics if the store breaks a requirement.
pub fn check<S: Subject>(make: impl Fn() -> S) {
    for test in members::tests().into_iter().chain(claims::tests()).chain(saves::tests()).chain(contention::tests()) {
        test(&make());
    }
}
