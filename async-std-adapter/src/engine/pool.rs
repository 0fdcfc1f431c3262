//! Idle connections.

use std::{
    collections::VecDeque,
    mem,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_io::{AsyncRead, AsyncWrite};
use http::Uri;
use teamwire_core::config::Limits;
use teamwire_std::{MAX_CONNECTION_AGE, Origin};

use super::connection::Connection;

/// Pool of idle connections, the longest idle one first. The lock is held only while one is moved.
///
/// The latest is reused first, and each is closed by age. So the pool has as many connections as were in use at once
/// within the maximum idle age, and the surplus of a peak is not used until it is too old.
pub(super) struct Pool<S> {
    idle: Mutex<VecDeque<Idle<S>>>,
    max_idle: usize,
    max_idle_age: Duration,
}

struct Idle<S> {
    connection: Box<Connection<S>>,
    since: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Pool<S> {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            idle: Mutex::new(VecDeque::new()),
            max_idle: limits.max_idle_connections,
            max_idle_age: limits.max_idle_age,
        }
    }

    /// Takes a usable connection for this URI. Those that are not are closed.
    pub(super) fn check_out(
        &self,
        uri: &Uri,
        is_usable: impl Fn(&mut Connection<S>) -> bool,
    ) -> Option<Box<Connection<S>>> {
        loop {
            let mut connection = self.take(uri)?;
            if is_usable(&mut connection) {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next exchange, unless it is too old.
    pub(super) fn check_in(&self, mut connection: Box<Connection<S>>) {
        let now = Instant::now();
        if self.max_idle == 0 || now.duration_since(connection.opened) >= MAX_CONNECTION_AGE {
            return;
        }
        connection.reused = true;
        connection.input.reset();
        let dropped = self.with(|idle| {
            let surplus = (idle.len() + 1).saturating_sub(self.max_idle);
            let stale = idle.iter().take_while(|idle| self.is_stale(idle, now)).count();
            let dropped = split_front(idle, surplus.max(stale));
            idle.push_back(Idle { connection, since: now });
            dropped
        });
        drop(dropped);
    }

    /// Drops the connections of this origin that are idle since then or longer.
    pub(super) fn drop_idle(&self, origin: &Origin, since: Instant) {
        let dropped = self.with(|idle| {
            let is_suspect = |idle: &Idle<S>| idle.since <= since && idle.connection.origin == *origin;
            let (suspect, rest): (VecDeque<_>, _) = mem::take(idle).into_iter().partition(is_suspect);
            *idle = rest;
            suspect
        });
        drop(dropped);
    }

    /// Takes the most recently used connection, which is the least likely to have been closed, so that the others may
    /// expire.
    fn take(&self, uri: &Uri) -> Option<Box<Connection<S>>> {
        let now = Instant::now();
        let (dropped, taken) = self.with(|idle| {
            let stale = idle.iter().take_while(|idle| self.is_stale(idle, now)).count();
            let dropped = split_front(idle, stale);
            let fits = |idle: &Idle<S>| !self.is_stale(idle, now) && idle.connection.origin.serves(uri);
            let found = idle.iter().rposition(fits);
            (dropped, found.and_then(|at| idle.remove(at)))
        });
        drop(dropped);
        taken.map(|idle| idle.connection)
    }

    fn is_stale(&self, idle: &Idle<S>, now: Instant) -> bool {
        now.duration_since(idle.since) >= self.max_idle_age
            || now.duration_since(idle.connection.opened) >= MAX_CONNECTION_AGE
    }

    fn with<T>(&self, change: impl FnOnce(&mut VecDeque<Idle<S>>) -> T) -> T {
        change(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Removes the first connections, which the caller drops, and so closes, outside of the lock.
fn split_front<T>(queue: &mut VecDeque<T>, count: usize) -> VecDeque<T> {
    if count == 0 {
        return VecDeque::new();
    }
    let rest = queue.split_off(count);
    mem::replace(queue, rest)
}
