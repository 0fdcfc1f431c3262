//! The state of an exchange: its time limit, and what has left and arrived, for its error.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use teamwire_async_std::{
    Runtime,
    effect::{Timeout, TransportError, TransportErrorKind},
};

/// The state of an exchange, shared with its connection.
#[derive(Clone, Debug)]
pub(super) struct Attempt(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    timeout: Timeout,
    /// Start of the time limit: the start of the exchange, or the time at which the last byte moved.
    since: Instant,
    sent: bool,
    received: u64,
    head: Option<http::Response<()>>,
}

impl Attempt {
    pub(super) fn start(timeout: Timeout) -> Self {
        let state = State { timeout, since: Instant::now(), sent: false, received: 0, head: None };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Ends when the time is over.
    pub(super) async fn timeout(&self, runtime: &impl Runtime) -> TransportError {
        loop {
            let (since, limit) = {
                let state = self.lock();
                (state.since, state.timeout.max_idle())
            };
            let elapsed = since.elapsed();
            if elapsed >= limit {
                return TransportError::new(TransportErrorKind::Timeout, format!("no response within {limit:?}"));
            }
            runtime.sleep(limit.saturating_sub(elapsed)).await;
        }
    }

    pub(super) fn byte_moved(&self) {
        let mut state = self.lock();
        if let Timeout::Idle(_) = state.timeout {
            state.since = Instant::now();
        }
    }

    /// Records that a byte of the request may have left.
    pub(super) fn may_be_sent(&self) {
        self.lock().sent = true;
    }

    pub(super) fn head_has_arrived(&self, head: http::Response<()>) {
        let mut state = self.lock();
        state.timeout = state.timeout.after_head();
        state.head = Some(head);
    }

    pub(super) fn set_received(&self, bytes: u64) {
        self.lock().received = bytes;
    }

    pub(super) fn add_to(&self, error: TransportError) -> TransportError {
        let mut state = self.lock();
        let error = error.with_sent(state.sent).with_received(state.received);
        state.head.take().into_iter().fold(error, TransportError::with_head)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
