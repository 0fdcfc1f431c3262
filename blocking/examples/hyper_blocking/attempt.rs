//! The state of an exchange: its time limit, and what has left and arrived, for its error.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hyper::http;
use smol::{Timer, block_on, future::or};
use teamwire_blocking::{
    effect::{Exchange, Timeout, TransportError},
    transport::timed_out,
};

/// The state of an exchange, shared with its connection, which keeps it for the next one.
#[derive(Clone, Debug)]
pub(super) struct Attempt(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    timeout: Timeout,
    max_duration: Option<Duration>,
    started: Instant,
    /// Start of the time limit: the start of the exchange, or the time at which the last byte moved.
    since: Instant,
    is_reused: bool,
    sent: bool,
    received: u64,
    head: Option<http::Response<()>>,
}

impl Attempt {
    pub(super) fn start(exchange: &Exchange) -> Self {
        Self(Arc::new(Mutex::new(State::start(exchange))))
    }

    /// Starts another exchange on the same connection.
    pub(super) fn restart(&self, exchange: &Exchange) {
        *self.lock() = State { is_reused: true, ..State::start(exchange) };
    }

    /// Blocks until this step is done, or the time is over.
    pub(super) fn wait<T>(&self, step: impl Future<Output = Result<T, TransportError>>) -> Result<T, TransportError> {
        block_on(or(step, async { Err(self.timeout().await) }))
    }

    async fn timeout(&self) -> TransportError {
        loop {
            let (left, timeout) = self.lock().left();
            if left.is_zero() {
                return timed_out(timeout, None);
            }
            Timer::after(left).await;
        }
    }

    pub(super) fn byte_moved(&self) {
        self.lock().byte_moved();
    }

    /// Records that a byte of the request may have left.
    pub(super) fn may_be_sent(&self) {
        self.lock().sent = true;
    }

    pub(super) fn head_has_arrived(&self, head: http::Response<()>) {
        let mut state = self.lock();
        state.timeout = state.timeout.after_head();
        state.byte_moved();
        state.head = Some(head);
    }

    pub(super) fn set_received(&self, bytes: u64) {
        self.lock().received = bytes;
    }

    pub(super) fn add_to(&self, error: TransportError) -> TransportError {
        let mut state = self.lock();
        let error = error.with_sent(state.sent).with_reused(state.is_reused).with_received(state.received);
        state.head.take().into_iter().fold(error, TransportError::with_head)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn start(exchange: &Exchange) -> Self {
        let now = Instant::now();
        Self {
            timeout: exchange.timeout,
            max_duration: exchange.max_duration,
            started: now,
            since: now,
            is_reused: false,
            sent: false,
            received: 0,
            head: None,
        }
    }

    /// Returns the time that is left, and the timeout that then passes.
    fn left(&self) -> (Duration, Timeout) {
        let left = self.timeout.max_idle().saturating_sub(self.since.elapsed());
        match self.max_duration.map(|time| (time.saturating_sub(self.started.elapsed()), Timeout::Total(time))) {
            Some(total) if total.0 < left => total,
            _ => (left, self.timeout),
        }
    }

    fn byte_moved(&mut self) {
        if let Timeout::Idle(_) = self.timeout {
            self.since = Instant::now();
        }
    }
}
