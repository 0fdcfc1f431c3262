use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Context,
};

use futures_util::task::AtomicWaker;

/// Ends feeds, from another task or thread. Clones end the same ones.
#[derive(Clone, Default)]
pub struct StopHandle(Arc<Inner>);

#[derive(Default)]
struct Inner {
    stopped: AtomicBool,
    /// Of the task that asked for the next event.
    waiting: AtomicWaker,
}

impl StopHandle {
    /// Ends the feeds within a second, also in the middle of a long poll, of a connection being made or of a wait. What had
    /// arrived is still delivered to whoever asks for it, and the subscription is ended on the server if that answers in
    /// that time; else it ends by itself within minutes. Harmless to repeat.
    pub fn stop(&self) {
        if !self.0.stopped.swap(true, Ordering::SeqCst) {
            self.0.waiting.wake();
        }
    }

    /// Whether it was told to.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// Has this task woken when it is told to, from now on.
    pub(super) fn register(&self, cx: &Context<'_>) {
        self.0.waiting.register(cx.waker());
    }
}

impl fmt::Debug for StopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopHandle").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}
