//! Connections, and those of them that are idle.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use http::{Uri, uri::Authority};
use hyper::client::conn::http1::{Connection, SendRequest};
use teamwire_async_std::{Runtime, effect::Exchange};

use super::{attempt::Attempt, body::SentBody, io::HyperIo};

/// Maximum number of idle connections.
const MAX_IDLE: usize = 8;

type HyperConnection<R> = Connection<HyperIo<<R as Runtime>::Stream>, SentBody<R>>;

/// A connection.
pub(super) struct Link<R: Runtime> {
    authority: Option<Authority>,
    pub(super) sender: SendRequest<SentBody<R>>,
    pub(super) connection: Driver<R>,
    /// The exchange that it serves.
    pub(super) attempt: Attempt,
}

impl<R: Runtime> Link<R> {
    pub(super) fn new(
        uri: &Uri,
        sender: SendRequest<SentBody<R>>,
        connection: HyperConnection<R>,
        attempt: Attempt,
    ) -> Self {
        Self { authority: uri.authority().cloned(), sender, connection: Driver(Some(Box::pin(connection))), attempt }
    }

    /// Returns whether it can serve an exchange: the last response has ended, and the server has not closed it.
    async fn is_usable(&mut self) -> bool {
        poll_fn(|cx| {
            self.connection.poll(cx);
            Poll::Ready(self.sender.is_ready())
        })
        .await
    }
}

/// hyper's side of a connection, which must be polled for its exchange to proceed; `None` once it has ended.
pub(super) struct Driver<R: Runtime>(Option<Pin<Box<HyperConnection<R>>>>);

impl<R: Runtime> Driver<R> {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        // The exchange reports the error.
        if self.0.as_mut().is_some_and(|connection| connection.as_mut().poll(cx).is_ready()) {
            self.0 = None;
        }
    }
}

/// Idle connections.
pub(super) struct Pool<R: Runtime>(Mutex<Vec<Link<R>>>);

impl<R: Runtime> Pool<R> {
    /// Takes a connection for this exchange, and starts it there.
    pub(super) async fn take(&self, exchange: &Exchange) -> Option<Link<R>> {
        if exchange.requires_new_connection {
            return None;
        }
        loop {
            let mut link = self.newest(exchange.request.uri())?;
            if link.is_usable().await {
                link.attempt.restart(exchange);
                return Some(link);
            }
        }
    }

    fn newest(&self, uri: &Uri) -> Option<Link<R>> {
        let mut idle = self.lock();
        let index = idle.iter().rposition(|link| link.authority.as_ref() == uri.authority())?;
        Some(idle.remove(index))
    }

    /// Keeps a connection whose exchange has ended, unless it has to be closed.
    pub(super) async fn put(&self, mut link: Link<R>) {
        if link.is_usable().await {
            let mut idle = self.lock();
            if idle.len() == MAX_IDLE {
                idle.remove(0);
            }
            idle.push(link);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Link<R>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Runtime> Default for Pool<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
