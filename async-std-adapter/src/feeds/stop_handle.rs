use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Context,
};

use futures_util::task::AtomicWaker;

/// Stops feeds from another task or thread. Clones stop the same feeds.
#[derive(Clone, Default)]
pub struct StopHandle(Arc<Inner>);

#[derive(Default)]
struct Inner {
    stopped: AtomicBool,
    /// The task that polled for the next event.
    waiting: AtomicWaker,
}

impl StopHandle {
    /// Stops the feeds within a second, even during a long poll, a connection attempt, or a wait. Events already
    /// received are still delivered. The subscriptions are ended on the server if it responds in time; else they expire
    /// within minutes. Idempotent.
    pub fn stop(&self) {
        if !self.0.stopped.swap(true, Ordering::SeqCst) {
            self.0.waiting.wake();
        }
    }

    /// Returns whether [`stop`](Self::stop) has been called.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// Registers the task that [`stop`](Self::stop) wakes.
    pub(super) fn register(&self, cx: &Context<'_>) {
        self.0.waiting.register(cx.waker());
    }
}

impl fmt::Debug for StopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopHandle").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}
