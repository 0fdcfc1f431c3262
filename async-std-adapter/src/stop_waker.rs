//! The end of waits in tasks, when a handle is stopped.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
use teamwire_core::{OnStop, StopHandle};

use crate::backend::BoxFuture;

/// Wakes the task that polled last when a handle is stopped.
pub(crate) struct StopWaker {
    handle: StopHandle,
    waker: Arc<AtomicWaker>,
    _on_stop: OnStop,
}

impl StopWaker {
    pub(crate) fn new(handle: StopHandle) -> Self {
        let waker = Arc::<AtomicWaker>::default();
        let stopped = Arc::clone(&waker);
        let on_stop = handle.on_stop(move || stopped.wake());
        Self { handle, waker, _on_stop: on_stop }
    }

    pub(crate) const fn handle(&self) -> &StopHandle {
        &self.handle
    }

    /// Returns whether the handle has been stopped. If not, the task is woken when it is.
    pub(crate) fn poll_stopped(&self, cx: &Context<'_>) -> bool {
        self.waker.register(cx.waker());
        self.handle.is_stopped()
    }
}

/// A step that was stopped.
pub(crate) struct Stopped {
    /// Set if it may have had an effect.
    pub(crate) has_started: bool,
}

/// Waits for the future until the handle is stopped, which is then removed: what a machine does after the stop, such as
/// the removal of a file, is not interrupted.
///
/// # Errors
///
/// Fails if the handle was stopped first.
pub(crate) async fn unless_stopped<T>(stop: &mut Option<StopWaker>, mut future: BoxFuture<T>) -> Result<T, Stopped> {
    if stop.take_if(|stop| stop.handle.is_stopped()).is_some() {
        return Err(Stopped { has_started: false });
    }
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        match stop.take_if(|stop| stop.poll_stopped(cx)) {
            Some(_) => Poll::Ready(Err(Stopped { has_started: true })),
            None => Poll::Pending,
        }
    })
    .await
}
