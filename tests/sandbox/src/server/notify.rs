//! Notification of threads that wait for a condition.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

#[derive(Debug, Default)]
pub(crate) struct Notifier {
    /// The number of changes so far.
    count: Mutex<u64>,
    changed: Condvar,
    /// Notifies tasks, as `changed` does threads.
    tasks: watch::Sender<()>,
}

impl Notifier {
    /// Records a change and wakes all waiting threads.
    pub(crate) fn notify(&self) {
        *self.count() += 1;
        self.changed.notify_all();
        self.tasks.send_replace(());
    }

    /// Subscribes a task to the changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.tasks.subscribe()
    }

    /// Waits until `condition` holds, evaluating it after every change. Returns false after `timeout`.
    pub(crate) fn wait_until(&self, timeout: Duration, condition: impl Fn() -> bool) -> bool {
        let started = Instant::now();
        loop {
            // Read before the condition, so that a change in between is not missed.
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
