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

use self::{
    connection::Connection,
    deadline::Deadline,
    exchange::{Course, Task},
    head::Target,
    pool::Pool,
    proxy::Proxy,
};
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
    pub(crate) async fn perform(&self, exchange: Exchange) -> Reply {
        match self.exchange(exchange).await {
            Ok(response) => Reply::Response(response),
            Err(fault) => Reply::Fault(fault),
        }
    }

    async fn exchange(&self, exchange: Exchange) -> Result<Response, Fault> {
        let Exchange { request, timeout, limit, to_file, progress, .. } = exchange;
        let (parts, body) = request.into_parts();
        let file = match &body {
            Body::File { path, length } => Some(Box::pin(self.open(path.clone(), *length)).await?),
            Body::Empty | Body::Bytes(_) => None,
        };
        let mut deadline = Deadline::start(&self.runtime, timeout);
        let connection = match self.pool.check_out(&parts.uri).await {
            Some(connection) => connection,
            // Boxed, so that the future of the usual case stays small.
            None => Box::pin(connect::connect(self, &parts.uri, &mut deadline)).await?,
        };
        let task = Task { parts, body, file, to_file, limit, progress };
        self.exchange_over(connection, task, &mut deadline).await
    }

    async fn open(&self, path: String, length: u64) -> Result<file::Source, Fault> {
        file::Source::open(&self.runtime, path, length).await
    }

    async fn exchange_over(
        &self,
        mut connection: Box<Connection<R::Stream>>,
        task: Task,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Response, Fault> {
        deadline.use_alarm(connection.alarm.take());
        let target = match &self.proxy {
            Some(proxy) if !connection.origin.tls => Target::Uri(proxy.authorization.as_ref()),
            _ => Target::Path,
        };
        let mut course = Course::default();
        match exchange::perform(&mut connection, task, target, &mut course, deadline).await {
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
