//! The HTTP/1.1 client under the executor: a pool of connections, timeouts, and one exchange per connection at a time.
//!
//! ```text
//!   Exchange ─► slot ─► pool ──────────────────────────────────────► exchange ─► pool ─► Response
//!                         │ no usable idle connection                   ▲   │
//!                         └─► turn ─► connect: lookup, TCP, tunnel, TLS ┘   └─ failure: the connection is dropped
//! ```
//!
//! An exchange owns its connection. So dropping the future of an exchange drops the connection as well, and only a
//! connection whose exchange has completed returns to the pool.

mod connect;
mod connection;
mod deadline;
mod errors;
mod exchange;
mod file;
mod head;
mod in_flight;
mod input;
mod progress;
mod receive;
mod response;
mod send;
mod stream;
mod tls;

use std::{
    pin::pin,
    task::{Poll, ready},
    time::Instant,
};

use http::StatusCode;
use teamwire_core::{
    Config, Error,
    effect::{Exchange, Response, Timeout, TransportError},
};
use teamwire_std::{
    ConnectionSlot, ConnectionSlots, OPENING_POLL_INTERVAL, Origin, Pool, body::WAITING_FOR_CONNECTION,
};

use self::{connect::Connector, connection::Connection, deadline::Deadline, file::Upload, progress::ExchangeProgress};
pub(crate) use self::{file::ChunkSource, receive::BodySink};
use crate::runtime::Runtime;

/// An HTTP client on a runtime.
pub(crate) struct Engine<R: Runtime> {
    runtime: R,
    connector: Connector,
    slots: ConnectionSlots,
    pool: Pool<Connection<R::Stream>>,
}

impl<R: Runtime> Engine<R> {
    pub(crate) fn new(runtime: R, config: &Config) -> Result<Self, Error> {
        let limits = config.limits();
        let slots = ConnectionSlots::new(limits.max_connections);
        let connector = Connector::new(config)?;
        Ok(Self { runtime, connector, slots, pool: Pool::new(limits) })
    }

    pub(crate) async fn exchange(&self, exchange: &Exchange) -> Result<Response, TransportError> {
        let mut deadline = Deadline::start(&self.runtime, exchange.timeout, exchange.max_duration);
        // A list that is not read would keep the slot from the requests for its items.
        let slot = if exchange.is_early { None } else { self.slot(exchange.timeout, &mut deadline).await? };
        if slot.as_ref().is_some_and(|slot| slot.others() > 0) {
            deadline.note_others();
        }
        match exchange.request.body().as_bytes() {
            // Boxed, here and below, so that the future of the usual case stays small.
            None => Box::pin(self.upload(exchange, &mut deadline)).await,
            Some(_) => self.attempt(exchange, None, &mut deadline).await,
        }
    }

    /// Waits for the right to have a connection. A long poll needs none: it would have it nearly all the time.
    async fn slot(
        &self,
        timeout: Timeout,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Option<ConnectionSlot<'_>>, TransportError> {
        if let Timeout::LongPoll { .. } = timeout {
            return Ok(None);
        }
        let free = self.slots.try_acquire();
        if free.is_some() {
            return Ok(free);
        }
        deadline.enter_phase(WAITING_FOR_CONNECTION);
        Box::pin(deadline.race(self.slots.acquire())).await.map(Some)
    }

    /// Performs an exchange that sends a file, or several parts.
    async fn upload(&self, exchange: &Exchange, deadline: &mut Deadline<'_, R>) -> Result<Response, TransportError> {
        let upload = self.open(exchange, deadline).await?;
        let expect_continue = upload.expect_continue;
        let response = self.attempt(exchange, Some(upload), deadline).await?;
        if !expect_continue || response.status() != StatusCode::EXPECTATION_FAILED {
            return Ok(response);
        }
        // An intermediary does not support expectations: the request is repeated without (RFC 9110, section 10.1.1).
        let upload = Upload { expect_continue: false, ..*self.open(exchange, deadline).await? };
        self.attempt(exchange, Some(Box::new(upload)), deadline).await
    }

    /// Opens the files of an exchange. The threads that may block can all be busy.
    async fn open(&self, exchange: &Exchange, deadline: &mut Deadline<'_, R>) -> Result<Box<Upload>, TransportError> {
        deadline.enter_phase("opening the files");
        deadline.race(Upload::of(&self.runtime, exchange)).await?
    }

    async fn attempt(
        &self,
        exchange: &Exchange,
        upload: Option<Box<Upload>>,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Response, TransportError> {
        // The deadline may have begun long before, as the exchange may have waited for a connection.
        let mut connection = match self.pooled(exchange, Instant::now()) {
            Some(connection) => connection,
            None => Box::pin(self.connect(exchange, deadline)).await?,
        };
        deadline.use_timer(connection.timer.take());
        let proxy = self.connector.forwarding_proxy(connection.history.origin());
        let mut progress = ExchangeProgress::default();
        // Boxed, as glibc hands out two pieces of at most a kilobyte faster than a larger one.
        let performed = Box::pin(exchange::perform(&mut connection, exchange, upload, proxy, &mut progress, deadline));
        let (result, is_reusable) = match performed.await {
            Ok((response, is_reusable)) => (Ok(response), is_reusable),
            Err(error) => (Err(progress.add_to(error).with_reused(connection.history.is_reused())), false),
        };
        let has_received = connection.input.has_received();
        let idle_since = (is_reusable && !connection.input.has_ended()).then(|| {
            connection.timer = deadline.take_timer();
            connection.input.reset();
            Instant::now()
        });
        self.pool.finish(connection, idle_since, has_received, result)
    }

    /// Makes a connection, once it is its turn. Takes one that becomes idle before that.
    async fn connect(
        &self,
        exchange: &Exchange,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Box<Connection<R::Stream>>, TransportError> {
        let origin = Origin::of(exchange.request.uri())?;
        let takes_idle = !exchange.requires_new_connection;
        let is_long_poll = matches!(exchange.timeout, Timeout::LongPoll { .. });
        let mut opening = self.pool.open(&origin, takes_idle, is_long_poll, Instant::now());
        if !opening.may_start() {
            deadline.enter_phase(WAITING_FOR_CONNECTION);
            let mut sleep = pin!(self.runtime.sleep(OPENING_POLL_INTERVAL));
            let taken = deadline.run(|cx| {
                loop {
                    let now = Instant::now();
                    let may_start = opening.poll(now, cx.waker());
                    let idle = if takes_idle { self.pooled(exchange, now) } else { None };
                    if idle.is_some() || may_start {
                        return Poll::Ready(idle);
                    }
                    ready!(sleep.as_mut().poll(cx));
                    sleep.set(self.runtime.sleep(OPENING_POLL_INTERVAL));
                }
            });
            if let Some(connection) = taken.await? {
                return Ok(connection);
            }
        }
        // Until the connection can be used, or has failed, `opening` counts.
        self.connector.connect(origin, deadline).await
    }

    /// Takes a connection from the pool, unless the exchange needs a new one.
    fn pooled(&self, exchange: &Exchange, now: Instant) -> Option<Box<Connection<R::Stream>>> {
        let uri = exchange.request.uri();
        if exchange.requires_new_connection {
            self.pool.close_idle(uri);
            return None;
        }
        // Without a place: a task that has one may not be polled.
        self.pool.check_out(uri, None, exchange.replaces_stale_connection, now, |connection, is_trusted| {
            connection.is_idle(is_trusted, &self.runtime)
        })
    }
}
