use std::{
    fmt, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::backend::Backend;

/// Stops feeds from another thread. Clones stop the same feeds.
#[derive(Clone)]
pub struct StopHandle(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    changed: Condvar,
    /// Waits for the responses to the feeds.
    backend: Arc<dyn Backend>,
}

#[derive(Default)]
struct State {
    stopped: bool,
    /// Wakes the waiting thread.
    notified: bool,
}

impl StopHandle {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Self {
        Self(Arc::new(Inner { state: Mutex::default(), changed: Condvar::new(), backend }))
    }

    /// Stops the feeds within a second, even during a long poll, a connection attempt, or a wait. Events already
    /// received are still delivered. The subscriptions are ended on the server if it responds in time; else they expire
    /// within minutes. Idempotent.
    pub fn stop(&self) {
        let was_stopped = mem::replace(&mut self.state().stopped, true);
        if !was_stopped {
            self.0.backend.abort();
            self.notify();
        }
    }

    /// Returns whether [`stop`](Self::stop) has been called.
    pub fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Wakes the thread that waits.
    pub(super) fn notify(&self) {
        self.state().notified = true;
        self.0.changed.notify_all();
    }

    /// Waits until [`notify`](Self::notify) is called, or this time has passed.
    pub(super) fn wait(&self, max_wait: Option<Duration>) {
        let state = self.state();
        let mut state = match max_wait {
            None => self.0.changed.wait_while(state, |state| !state.notified).unwrap_or_else(PoisonError::into_inner),
            Some(max_wait) => {
                let waited = self.0.changed.wait_timeout_while(state, max_wait, |state| !state.notified);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        state.notified = false;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for StopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopHandle").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}
