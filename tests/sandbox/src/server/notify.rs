//! Word to whoever waits for something to be so, whenever something has happened.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

#[derive(Debug, Default)]
pub(crate) struct Notifier {
    /// How often something has happened.
    count: Mutex<u64>,
    changed: Condvar,
}

impl Notifier {
    /// Something has happened.
    pub(super) fn notify(&self) {
        *self.count() += 1;
        self.changed.notify_all();
    }

    /// Waits until this is so, and looks whenever something has happened. False if it is not within this time.
    pub(crate) fn wait_until(&self, timeout: Duration, condition: impl Fn() -> bool) -> bool {
        let started = Instant::now();
        loop {
            // Before it looks, so that nothing that happens meanwhile is missed.
            let seen = *self.count();
            if condition() {
                return true;
            }
            let left = timeout.saturating_sub(started.elapsed());
            let waited = self.changed.wait_timeout_while(self.count(), left, |count| *count == seen);
            let (count, result) = waited.unwrap_or_else(PoisonError::into_inner);
            drop(count);
            if result.timed_out() {
                return condition();
            }
        }
    }

    fn count(&self) -> MutexGuard<'_, u64> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
