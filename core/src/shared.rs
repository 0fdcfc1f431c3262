//! State that clones share.

// The only use of `std` in this crate: `core` and `alloc` have no lock that sleeps.
extern crate std;

use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, PoisonError};

/// A value behind a lock, the same for all clones.
pub(crate) struct Shared<T>(Arc<Mutex<T>>);

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    /// Looks at the value, or changes it. A panic in another clone leaves it as it was at that point: usable, for
    /// all that is kept in here.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}
