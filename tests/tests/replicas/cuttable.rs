//! A store whose connection can be cut.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use teamwire_core::claim::{ClaimRequest, Claimed, Member, Release, Save, Saved, StoreError, View};
use teamwire_std::claims::ClaimStore;

/// A store whose connection can be cut.
pub(crate) struct Cuttable {
    store: Box<dyn ClaimStore>,
    is_cut: Arc<AtomicBool>,
}

impl Cuttable {
    pub(crate) fn new(store: Box<dyn ClaimStore>, is_cut: Arc<AtomicBool>) -> Self {
        Self { store, is_cut }
    }

    fn store(&mut self) -> Result<&mut Box<dyn ClaimStore>, StoreError> {
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("the connection is cut"));
        }
        Ok(&mut self.store)
    }
}

impl ClaimStore for Cuttable {
    fn renew(&mut self, member: &Member) -> Result<View, StoreError> {
        self.store()?.renew(member)
    }

    fn claim(&mut self, member: &Member, wanted: &[ClaimRequest], at_most: usize) -> Result<Vec<Claimed>, StoreError> {
        self.store()?.claim(member, wanted, at_most)
    }

    fn save(&mut self, member: &Member, saves: &[Save]) -> Result<Vec<Saved>, StoreError> {
        self.store()?.save(member, saves)
    }

    fn release(&mut self, member: &Member, releases: &[Release]) -> Result<(), StoreError> {
        self.store()?.release(member, releases)
    }

    fn leave(&mut self, member: &Member) -> Result<(), StoreError> {
        self.store()?.leave(member)
    }
}
