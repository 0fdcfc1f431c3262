use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::transport::Transport;

/// Ends feeds, from another thread. Clones end the same ones.
#[derive(Clone)]
pub struct StopHandle(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    changed: Condvar,
    /// What the feeds wait for answers with; `None` for those that follow a script.
    transport: Option<Arc<dyn Transport>>,
}

#[derive(Default)]
struct State {
    stopped: bool,
    /// Whether there is notified for whoever waits here.
    notified: bool,
}

impl StopHandle {
    pub(super) fn new(transport: Option<Arc<dyn Transport>>) -> Self {
        Self(Arc::new(Inner { state: Mutex::default(), changed: Condvar::new(), transport }))
    }

    /// Ends the feeds within a second, also in the middle of a long poll, of a connection being made or of a wait. What had
    /// arrived is still delivered to whoever asks for it, and the subscription is ended on the server if that answers in
    /// that time; else it ends by itself within minutes. Harmless to repeat.
    pub fn stop(&self) {
        let was_stopped = std::mem::replace(&mut self.state().stopped, true);
        if !was_stopped {
            if let Some(transport) = &self.0.transport {
                transport.abort();
            }
            self.notify();
        }
    }

    /// Whether it was told to.
    pub fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Wakes whoever waits.
    pub(super) fn notify(&self) {
        self.state().notified = true;
        self.0.changed.notify_all();
    }

    /// Waits until there is notified, or for so long.
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
