//! Connections, and those of them that are idle.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use hyper::{
    client::conn::http1::{Connection, SendRequest},
    http::{Uri, uri::Authority},
};
use smol::block_on;
use teamwire_blocking::effect::{Exchange, TransportError};

use super::{attempt::Attempt, body::SentBody, io::HyperIo};

/// Maximum number of idle connections.
const MAX_IDLE: usize = 8;

type HyperConnection = Connection<HyperIo, SentBody>;

/// A connection.
pub(super) struct Link {
    authority: Option<Authority>,
    pub(super) sender: SendRequest<SentBody>,
    connection: Driver,
    /// The exchange that it serves.
    pub(super) attempt: Attempt,
}

impl Link {
    pub(super) fn new(uri: &Uri, sender: SendRequest<SentBody>, connection: HyperConnection, attempt: Attempt) -> Self {
        Self { authority: uri.authority().cloned(), sender, connection: Driver(Some(Box::pin(connection))), attempt }
    }

    /// Blocks until this step of the exchange is done, or the time is over.
    pub(super) fn wait<T>(
        &mut self,
        step: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let mut step = pin!(step);
        let step = poll_fn(|cx| {
            self.connection.poll(cx);
            step.as_mut().poll(cx)
        });
        self.attempt.wait(step)
    }

    /// Returns whether it can serve an exchange: the last response has ended, and the server has not closed it.
    fn is_usable(&mut self) -> bool {
        block_on(poll_fn(|cx| {
            self.connection.poll(cx);
            Poll::Ready(self.sender.is_ready())
        }))
    }
}

/// hyper's side of a connection, which must be polled for its exchange to proceed; `None` once it has ended.
struct Driver(Option<Pin<Box<HyperConnection>>>);

impl Driver {
    fn poll(&mut self, cx: &mut Context<'_>) {
        // The exchange reports the error.
        if self.0.as_mut().is_some_and(|connection| connection.as_mut().poll(cx).is_ready()) {
            self.0 = None;
        }
    }
}

/// Idle connections.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Link>>);

impl Pool {
    /// Takes a connection for this exchange, and starts it there.
    pub(super) fn take(&self, exchange: &Exchange) -> Option<Link> {
        if exchange.requires_new_connection {
            return None;
        }
        loop {
            let mut link = self.newest(exchange.request.uri())?;
            if link.is_usable() {
                link.attempt.restart(exchange);
                return Some(link);
            }
        }
    }

    fn newest(&self, uri: &Uri) -> Option<Link> {
        let mut idle = self.lock();
        let index = idle.iter().rposition(|link| link.authority.as_ref() == uri.authority())?;
        Some(idle.remove(index))
    }

    /// Keeps a connection whose exchange has ended, unless it has to be closed.
    pub(super) fn put(&self, mut link: Link) {
        if link.is_usable() {
            let mut idle = self.lock();
            if idle.len() == MAX_IDLE {
                idle.remove(0);
            }
            idle.push(link);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Link>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} idle)", self.lock().len())
    }
}
