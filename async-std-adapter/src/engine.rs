//! The HTTP/1.1 client under the executor: a pool of connections, timeouts, and one exchange per connection at a time.
//!
//! ```text
//!   Exchange ─► slot ─► pool ──────────────────────────────► exchange ─► pool ─► Response
//!                         │ no usable idle connection           ▲   │
//!                         └─► connect: lookup, TCP, tunnel, TLS ┘   └─ any failure: the connection is dropped ─► error
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
mod pool;
mod progress;
mod receive;
mod response;
mod send;
mod stream;
mod tls;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use http::StatusCode;
use teamwire_core::{
    Config, Error,
    effect::{Exchange, Response, Timeout, TransportError, TransportErrorKind},
    machine::Reply,
};
use teamwire_std::{ConnectionSlot, ConnectionSlots, Origin, body::WAITING_FOR_CONNECTION, reject_unsolicited};

use self::{
    connect::Connector, connection::Connection, deadline::Deadline, file::Upload, pool::Pool,
    progress::ExchangeProgress,
};
pub(crate) use self::{file::ChunkSource, receive::BodySink};
use crate::{runtime::Runtime, transport::Transport};

/// An HTTP client on a runtime.
pub(crate) struct Engine<R: Runtime> {
    runtime: R,
    connector: Connector,
    slots: ConnectionSlots,
    pool: Pool<R::Stream>,
    /// Time of the last loss of a reused connection.
    lost: Mutex<Option<Instant>>,
}

impl<R: Runtime> Transport for Engine<R> {
    async fn perform(&self, mut exchange: Box<Exchange>) -> Reply {
        match self.exchange(&mut exchange).await {
            Ok(response) => Reply::Response(response),
            Err(error) => Reply::Error(error),
        }
    }
}

impl<R: Runtime> Engine<R> {
    pub(crate) fn new(runtime: R, config: &Config) -> Result<Self, Error> {
        let limits = config.limits();
        let slots = ConnectionSlots::new(limits.max_connections);
        let connector = Connector::new(config)?;
        Ok(Self { runtime, connector, slots, pool: Pool::new(limits), lost: Mutex::default() })
    }

    async fn exchange(&self, exchange: &mut Exchange) -> Result<Response, TransportError> {
        let mut deadline = Deadline::start(&self.runtime, exchange.timeout, exchange.max_duration);
        // A list that is not read would keep the slot from the requests for its items.
        let _slot = if exchange.is_early { None } else { self.slot(exchange.timeout, &mut deadline).await? };
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
    async fn upload(
        &self,
        exchange: &mut Exchange,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Response, TransportError> {
        let upload = Upload::of(&self.runtime, exchange).await?;
        let mut retry = exchange.clone();
        let expect_continue = upload.expect_continue;
        let response = self.attempt(exchange, Some(upload), deadline).await?;
        if !expect_continue || response.status() != StatusCode::EXPECTATION_FAILED {
            return Ok(response);
        }
        // An intermediary does not support expectations: the request is repeated without (RFC 9110, section 10.1.1).
        let upload = Upload { expect_continue: false, ..*Upload::of(&self.runtime, &retry).await? };
        self.attempt(&mut retry, Some(Box::new(upload)), deadline).await
    }

    async fn attempt(
        &self,
        exchange: &mut Exchange,
        upload: Option<Box<Upload>>,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Response, TransportError> {
        // The deadline may have begun long before, as the exchange may have waited for a connection.
        let taken = Instant::now();
        let mut connection = match self.pooled(exchange, taken)? {
            Some(connection) => connection,
            None => Box::pin(self.connector.connect(exchange.request.uri(), deadline)).await?,
        };
        deadline.use_timer(connection.timer.take());
        let proxy = self.connector.forwarding_proxy(&connection.origin);
        let mut progress = ExchangeProgress::default();
        let (is_reused, is_unchecked) = (connection.reused, connection.is_unchecked);
        let result = match exchange::perform(&mut connection, exchange, upload, proxy, &mut progress, deadline).await {
            Ok((response, keep)) => {
                if keep {
                    connection.timer = deadline.take_timer();
                    self.pool.check_in(connection);
                }
                Ok(response)
            }
            Err(error) => {
                let is_dead = matches!(error.kind, TransportErrorKind::Disconnected | TransportErrorKind::Timeout);
                if is_dead && connection.reused && !connection.input.has_received() {
                    // Connections that were idle for as long are most likely lost as well.
                    self.pool.drop_idle(&connection.origin, taken);
                }
                Err(progress.add_to(error).with_reused(is_reused))
            }
        };
        let result = if is_unchecked { reject_unsolicited(result) } else { result };
        if let Err(error) = &result
            && error.reused
            && error.kind == TransportErrorKind::Disconnected
            && error.head.is_none()
        {
            let mut lost = self.lost();
            *lost = (*lost).max(Some(taken));
        }
        result
    }

    /// Takes a connection from the pool, unless the exchange needs a new one.
    fn pooled(&self, exchange: &Exchange, now: Instant) -> Result<Option<Box<Connection<R::Stream>>>, TransportError> {
        let uri = exchange.request.uri();
        if exchange.requires_new_connection {
            self.pool.drop_idle(&Origin::of(uri)?, now);
            return Ok(None);
        }
        let lost = *self.lost();
        Ok(self.pool.check_out(uri, |connection| connection.is_usable(exchange, lost, now, &self.runtime)))
    }

    fn lost(&self) -> MutexGuard<'_, Option<Instant>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
