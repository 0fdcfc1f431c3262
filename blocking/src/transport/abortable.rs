use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use teamwire_core::{
    effect::{Exchange, TransportError, TransportErrorKind},
    machine::Reply,
};

use super::Transport;
use crate::detached::{CancelHandle, spawn_detached};

/// A transport whose exchanges can be aborted.
pub(crate) trait AbortableTransport: Send + Sync + 'static {
    /// Performs this exchange in the calling thread. Called by several threads at once.
    fn perform(&self, exchange: Exchange) -> Reply;

    /// Returns a transport with the same settings that can be aborted independently. Called for each feed.
    fn fork(&self) -> Arc<dyn AbortableTransport>;

    /// Makes all exchanges fail: those in flight at once, whatever they wait for, and all later ones.
    fn abort(&self);
}

/// A [`Transport`], which cannot be aborted itself. Its forks perform each exchange in another thread, and abandon it
/// when they are aborted.
pub(crate) struct Abandoning {
    transport: Arc<dyn Transport>,
    /// `None` for the transport of operations, which is never aborted.
    in_flight: Option<Mutex<InFlight>>,
}

/// The exchanges in flight of a fork.
#[derive(Default)]
struct InFlight {
    is_aborted: bool,
    next_id: u64,
    cancel_handles: Vec<(u64, CancelHandle)>,
}

impl Abandoning {
    pub(crate) fn new(transport: impl Transport) -> Self {
        Self { transport: Arc::new(transport), in_flight: None }
    }
}

impl AbortableTransport for Abandoning {
    fn perform(&self, exchange: Exchange) -> Reply {
        let Some(in_flight) = &self.in_flight else { return self.transport.perform(exchange) };
        let mut state = lock(in_flight);
        if state.is_aborted {
            return Reply::Error(aborted());
        }
        let transport = Arc::clone(&self.transport);
        let (cancel, wait) = match spawn_detached(move || transport.perform(exchange)) {
            Ok(spawned) => spawned,
            Err(error) => return Reply::Error(TransportError::new(TransportErrorKind::Connect, error)),
        };
        let id = state.next_id;
        state.next_id += 1;
        state.cancel_handles.push((id, cancel));
        drop(state);
        let reply = wait();
        let mut state = lock(in_flight);
        state.cancel_handles.retain(|(other, _)| *other != id);
        reply.unwrap_or_else(|| {
            let error = if state.is_aborted { aborted() } else { panicked() };
            // The thread may have sent the request.
            Reply::Error(error.with_sent(true))
        })
    }

    fn fork(&self) -> Arc<dyn AbortableTransport> {
        Arc::new(Self { transport: Arc::clone(&self.transport), in_flight: Some(Mutex::default()) })
    }

    fn abort(&self) {
        if let Some(in_flight) = &self.in_flight {
            let mut state = lock(in_flight);
            state.is_aborted = true;
            for (_, cancel) in state.cancel_handles.drain(..) {
                cancel.cancel();
            }
        }
    }
}

fn lock(in_flight: &Mutex<InFlight>) -> MutexGuard<'_, InFlight> {
    in_flight.lock().unwrap_or_else(PoisonError::into_inner)
}

fn aborted() -> TransportError {
    TransportError::new(TransportErrorKind::Disconnected, "the exchange was abandoned")
}

fn panicked() -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, "the transport panicked")
}

#[cfg(test)]
mod tests;
