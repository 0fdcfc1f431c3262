//! Waits of a thread that another thread can end.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Wake, Waker},
    thread,
    time::Duration,
};

use teamwire_core::StopHandle;

/// Wakes the thread that waits for it. A notification without a waiter is kept. Clones are the same signal.
#[derive(Clone, Default)]
pub(crate) struct Signal(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_notified: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    pub(crate) fn notify(&self) {
        self.0.notify();
    }

    /// Waits until [`notify`](Self::notify) is called, or this time has passed.
    pub(crate) fn wait(&self, max_wait: Option<Duration>) {
        let state = self.0.is_notified();
        let mut state = match max_wait {
            None => self.0.changed.wait_while(state, |notified| !*notified).unwrap_or_else(PoisonError::into_inner),
            Some(max_wait) => {
                let waited = self.0.changed.wait_timeout_while(state, max_wait, |notified| !*notified);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        *state = false;
    }

    /// Returns a waker that notifies it.
    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }
}

impl Inner {
    fn notify(&self) {
        *self.is_notified() = true;
        self.changed.notify_all();
    }

    fn is_notified(&self) -> MutexGuard<'_, bool> {
        self.is_notified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.notify();
    }
}

/// Sleeps for this time, or until the handle is stopped.
pub(crate) fn sleep(time: Duration, stop: Option<&StopHandle>) {
    let Some(stop) = stop else { return thread::sleep(time) };
    let signal = Signal::default();
    let notified = signal.clone();
    let _on_stop = stop.on_stop(move || notified.notify());
    signal.wait(Some(time));
}
