//! Word to whoever waits for something to be so, whenever something has happened.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

#[derive(Debug, Default)]
pub(crate) struct News {
    /// How often something has happened.
    count: Mutex<u64>,
    told: Condvar,
}

impl News {
    /// Something has happened.
    pub(super) fn tell(&self) {
        *self.count() += 1;
        self.told.notify_all();
    }

    /// Waits until this is so, and looks whenever something has happened. False if it is not within this time.
    pub(crate) fn wait_until(&self, patience: Duration, is_so: impl Fn() -> bool) -> bool {
        let begun = Instant::now();
        loop {
            // Before it looks, so that nothing that happens meanwhile is missed.
            let seen = *self.count();
            if is_so() {
                return true;
            }
            let left = patience.saturating_sub(begun.elapsed());
            let waited = self.told.wait_timeout_while(self.count(), left, |count| *count == seen);
            let (count, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            drop(count);
            if timeout.timed_out() {
                return is_so();
            }
        }
    }

    fn count(&self) -> MutexGuard<'_, u64> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
