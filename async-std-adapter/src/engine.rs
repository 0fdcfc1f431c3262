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

mod answer;
mod connect;
mod connection;
mod deadline;
mod exchange;
mod file;
mod head;
mod origin;
mod pool;
mod proxy;
mod receive;
mod send;
mod stream;
mod tls;

use std::sync::Arc;

use rustls::ClientConfig;
use teamwire_core::{Body, Config, Error, Exchange, Fault, Reply, Response};

use self::{deadline::Deadline, exchange::Course, head::Target, pool::Pool, proxy::Proxy};
use crate::runtime::Runtime;

/// An HTTP client on a runtime.
pub(crate) struct Engine<R: Runtime> {
    runtime: R,
    tls: Arc<ClientConfig>,
    proxy: Option<Proxy>,
    pool: Pool<R::Stream>,
}

impl<R: Runtime> Engine<R> {
    pub(crate) fn new(runtime: R, config: &Config) -> Result<Self, Error> {
        Ok(Self {
            runtime,
            tls: teamwire_platform::tls_config(config)?,
            proxy: Proxy::of(config)?,
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
        // Boxed, here and below, so that the future of the usual case stays small.
        let file = match exchange.request.body() {
            Body::File { path, length, may_grow } => {
                Some(Box::pin(file::Source::open(&self.runtime, path.clone(), *length, *may_grow)).await?)
            }
            Body::Empty | Body::Bytes(_) => None,
        };
        let mut deadline = Deadline::start(&self.runtime, exchange.timeout);
        let mut connection = match self.pool.check_out(exchange.request.uri(), &self.runtime) {
            Some(connection) => connection,
            None => Box::pin(connect::connect(self, exchange.request.uri(), &mut deadline)).await?,
        };
        deadline.use_alarm(connection.alarm.take());
        let target = match &self.proxy {
            Some(proxy) if !connection.origin.tls => Target::Uri(proxy.authorization.as_ref()),
            _ => Target::Path,
        };
        let mut course = Course::default();
        match exchange::perform(&mut connection, exchange, file, target, &mut course, &mut deadline).await {
            Ok((response, keep)) => {
                if keep {
                    connection.alarm = deadline.take_alarm();
                    self.pool.check_in(connection);
                }
                Ok(response)
            }
            Err(fault) => Err(course.fault(fault).reused(connection.reused)),
        }
    }
}
