use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use teamwire_core::{
    StopHandle,
    effect::{Exchange, TransportError, TransportErrorKind},
    machine::Reply,
};

use super::Transport;
use crate::detached::spawn_detached;

/// A transport whose exchanges can be stopped.
pub(crate) trait StoppableTransport: Send + Sync + 'static {
    /// Performs this exchange in the calling thread. Called by several threads at once. When the handle is stopped, the
    /// exchange fails at once, whatever it waits for; it is not started after that.
    fn perform(&self, exchange: Box<Exchange>, stop: Option<&StopHandle>) -> Reply;
}

/// A [`Transport`], which cannot be stopped itself. An exchange that can be stopped is performed in another thread, and
/// abandoned when it is.
pub(crate) struct Abandoning(Arc<dyn Transport>);

impl Abandoning {
    pub(crate) fn new(transport: impl Transport) -> Self {
        Self(Arc::new(transport))
    }
}

impl StoppableTransport for Abandoning {
    fn perform(&self, exchange: Box<Exchange>, stop: Option<&StopHandle>) -> Reply {
        let Some(stop) = stop else { return self.0.perform(*exchange) };
        if stop.is_stopped() {
            return Reply::Error(stopped());
        }
        let transport = Arc::clone(&self.0);
        let (cancel, wait) = match spawn_detached(move || transport.perform(*exchange)) {
            Ok(spawned) => spawned,
            Err(error) => return Reply::Error(TransportError::new(TransportErrorKind::Connect, error)),
        };
        let _on_stop = stop.on_stop(move || cancel.cancel());
        wait().unwrap_or_else(|| {
            let error = if stop.is_stopped() { stopped() } else { panicked() };
            // The thread may have sent the request.
            Reply::Error(error.with_sent(true))
        })
    }
}

/// Returns the error of an exchange that was stopped.
pub(crate) fn stopped() -> TransportError {
    TransportError::new(TransportErrorKind::Disconnected, "the exchange was stopped")
}

/// Returns the reply of this function, or an error if it panics. Without a reply, the thread that waits for one would
/// wait forever.
pub(crate) fn unless_panicked(perform: impl FnOnce() -> Reply) -> Reply {
    // The thread may have sent the request.
    catch_unwind(AssertUnwindSafe(perform)).unwrap_or_else(|_| Reply::Error(panicked().with_sent(true)))
}

fn panicked() -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, "the transport panicked")
}

#[cfg(test)]
mod tests;
