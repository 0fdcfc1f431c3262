//! The state of an exchange: its connection, its time limit, and what has left and arrived, for its error.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::{Pin, pin},
    time::Instant,
};

use hyper::http;
use smol::{Timer, block_on, future::or};
use teamwire_blocking::{
    effect::{Timeout, TransportError},
    transport::timed_out,
};

type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>>>>;

/// The state of an exchange, shared with its stream.
pub(super) struct Attempt {
    /// hyper's connection, which is polled whenever the exchange waits; `None` once it has ended.
    connection: RefCell<Option<Driver>>,
    timeout: Cell<Timeout>,
    /// Start of the time limit: the start of the exchange, or the time at which the last byte moved.
    since: Cell<Instant>,
    sent: Cell<bool>,
    received: Cell<u64>,
    head: Cell<Option<http::Response<()>>>,
}

impl Attempt {
    pub(super) fn start(timeout: Timeout) -> Self {
        Self {
            connection: RefCell::default(),
            timeout: Cell::new(timeout),
            since: Cell::new(Instant::now()),
            sent: Cell::default(),
            received: Cell::default(),
            head: Cell::default(),
        }
    }

    /// Sets the connection of this exchange.
    pub(super) fn drive(&self, connection: impl Future<Output = hyper::Result<()>> + 'static) {
        *self.connection.borrow_mut() = Some(Box::pin(connection));
    }

    /// Closes the connection, which has the attempt, too.
    pub(super) fn close(&self) {
        *self.connection.borrow_mut() = None;
    }

    /// Blocks until this step is done, or the time is over.
    pub(super) fn wait<T>(&self, step: impl Future<Output = Result<T, TransportError>>) -> Result<T, TransportError> {
        let mut step = pin!(step);
        let step = poll_fn(|cx| {
            let mut connection = self.connection.borrow_mut();
            // The step reports its error.
            if connection.as_mut().is_some_and(|connection| connection.as_mut().poll(cx).is_ready()) {
                *connection = None;
            }
            step.as_mut().poll(cx)
        });
        block_on(or(step, async { Err(self.timeout().await) }))
    }

    async fn timeout(&self) -> TransportError {
        loop {
            let left = self.timeout.get().max_idle().saturating_sub(self.since.get().elapsed());
            if left.is_zero() {
                return timed_out(self.timeout.get(), None);
            }
            Timer::after(left).await;
        }
    }

    pub(super) fn byte_moved(&self) {
        if let Timeout::Idle(_) = self.timeout.get() {
            self.since.set(Instant::now());
        }
    }

    /// Records that a byte of the request may have left.
    pub(super) fn may_be_sent(&self) {
        self.sent.set(true);
    }

    pub(super) fn head_has_arrived(&self, head: http::Response<()>) {
        self.timeout.set(self.timeout.get().after_head());
        self.byte_moved();
        self.head.set(Some(head));
    }

    pub(super) fn set_received(&self, bytes: u64) {
        self.received.set(bytes);
    }

    pub(super) fn add_to(&self, error: TransportError) -> TransportError {
        let error = error.with_sent(self.sent.get()).with_received(self.received.get());
        self.head.take().into_iter().fold(error, TransportError::with_head)
    }
}
