//! The HTTP/1.1 client under the executor: connections kept, time kept, and one exchange after the other.
//!
//! ```text
//!   Exchange ─► pool ───────────────────────────────► exchange ─► pool ─► Response
//!                 │ none idle that is healthy            ▲   │
//!                 └─► connect: look-up, TCP,  ───────────┘   └─ any trouble: the connection is dropped ─► Fault
//!                     tunnel, TLS
//! ```
//!
//! A connection belongs to one exchange at a time, by value. So where a future is dropped in the middle of it, the
//! connection is dropped as well, and only one whose exchange came to its end ever gets back into the pool.

mod connect;
mod connection;
mod deadline;
mod exchange;
mod file;
mod head;
mod origin;
mod pool;
mod receive;
mod response;
mod send;
mod stream;
mod tls;

use std::sync::Arc;

use http::StatusCode;
use rustls::ClientConfig;
use teamwire_core::{Body, Config, Error, Exchange, Fault, FaultKind, Reply, Response};
use teamwire_std::Proxy;

use self::{
    connect::{Hosts, opens_tunnel},
    connection::Connection,
    deadline::Deadline,
    exchange::ExchangeProgress,
    file::Upload,
    head::Target,
    origin::Origin,
    pool::Pool,
};
use crate::runtime::Runtime;

/// An HTTP client on a runtime.
pub(crate) struct Engine<R: Runtime> {
    runtime: R,
    tls: Arc<ClientConfig>,
    proxy: Option<Proxy>,
    hosts: Hosts,
    pool: Pool<R::Stream>,
}

impl<R: Runtime> Engine<R> {
    pub(crate) fn new(runtime: R, config: &Config) -> Result<Self, Error> {
        Ok(Self {
            runtime,
            tls: teamwire_std::tls_config(config)?,
            proxy: Proxy::from_config(config),
            hosts: Hosts::default(),
            pool: Pool::new(config.limits()),
        })
    }

    pub(crate) const fn runtime(&self) -> &R {
        &self.runtime
    }

    /// Carries out this exchange. Follows no redirect.
    pub(crate) async fn perform(&self, mut exchange: Box<Exchange>) -> Reply {
        match self.exchange(&mut exchange).await {
            Ok(response) => Reply::Response(response),
            Err(fault) => Reply::Fault(fault),
        }
    }

    async fn exchange(&self, exchange: &mut Exchange) -> Result<Response, Fault> {
        let mut deadline = Deadline::start(&self.runtime, exchange.timeout);
        match exchange.request.body() {
            // Boxed, here and below, so that the future of the usual case stays small.
            Body::File { .. } => Box::pin(self.upload(exchange, &mut deadline)).await,
            Body::Empty | Body::Bytes(_) => self.attempt(exchange, None, &mut deadline).await,
        }
    }

    /// Carries out an exchange that sends a file.
    async fn upload(&self, exchange: &mut Exchange, deadline: &mut Deadline<'_, R>) -> Result<Response, Fault> {
        let Some(upload) = Upload::of(&self.runtime, exchange).await? else {
            return self.attempt(exchange, None, deadline).await;
        };
        let mut again = exchange.clone();
        let expect_continue = upload.expect_continue;
        let response = self.attempt(exchange, Some(upload), deadline).await?;
        if !expect_continue || response.status() != StatusCode::EXPECTATION_FAILED {
            return Ok(response);
        }
        // A hop on the way knows no expectations: the request is repeated without (RFC 9110, section 10.1.1).
        let upload = Upload::of(&self.runtime, &again).await?;
        let upload = upload.map(|upload| Box::new(Upload { expect_continue: false, ..*upload }));
        self.attempt(&mut again, upload, deadline).await
    }

    async fn attempt(
        &self,
        exchange: &mut Exchange,
        upload: Option<Box<Upload>>,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Response, Fault> {
        let mut connection = match self.pooled(exchange, deadline)? {
            Some(connection) => connection,
            None => Box::pin(connect::connect(self, exchange.request.uri(), deadline)).await?,
        };
        deadline.use_timer(connection.timer.take());
        let target = match &self.proxy {
            Some(proxy) if !opens_tunnel(proxy, &connection.origin) => Target::Uri(proxy.authorization.as_ref()),
            _ => Target::Path,
        };
        let mut outcome = ExchangeProgress::default();
        match exchange::perform(&mut connection, exchange, upload, target, &mut outcome, deadline).await {
            Ok((response, keep)) => {
                if keep {
                    connection.timer = deadline.take_timer();
                    self.pool.check_in(connection);
                }
                Ok(response)
            }
            Err(fault) => {
                let is_dead = matches!(fault.kind, FaultKind::Lost | FaultKind::Timeout);
                if is_dead && connection.reused && !connection.input.has_received() {
                    // What has ended this one has most likely ended those that were idle as long.
                    self.pool.drop_idle(&connection.origin, deadline.begun());
                }
                Err(outcome.fault(fault).reused(connection.reused))
            }
        }
    }

    /// Takes a connection from the pool, unless the exchange needs a new one.
    fn pooled(
        &self,
        exchange: &Exchange,
        deadline: &Deadline<'_, R>,
    ) -> Result<Option<Box<Connection<R::Stream>>>, Fault> {
        let uri = exchange.request.uri();
        if exchange.fresh {
            self.pool.drop_idle(&Origin::of(uri)?, deadline.begun());
            return Ok(None);
        }
        Ok(self.pool.check_out(uri, &self.runtime))
    }
}
