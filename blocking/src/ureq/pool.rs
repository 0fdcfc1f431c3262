//! Idle connections.
//!
//! ureq has a pool as well, which is not used: it goes through all idle connections several times per request, and
//! reuses the longest idle one first, so that after a peak of requests none gets old.

use std::{
    collections::VecDeque,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use teamwire_core::config::Limits;
use ureq::{
    Error,
    http::{
        Uri,
        uri::{Authority, Scheme},
    },
    unversioned::transport::{Buffers, NextTimeout, Transport},
};

use super::{connection::Connection, request_context::RequestContext};

/// Pool of idle connections, the longest idle one first. Clones are the same pool.
///
/// The latest is reused first, and each is closed by age. So the pool has as many connections as were in use at once
/// within the maximum idle age, and the surplus of a peak is not used until it is too old.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    idle: Mutex<VecDeque<Idle>>,
    max_idle: usize,
    max_idle_age: Duration,
}

struct Idle {
    connection: Box<Connection>,
    origin: Origin,
    since: Instant,
}

/// Scheme, host and port.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Origin(Option<Scheme>, Option<Authority>);

impl Origin {
    pub(super) fn of(uri: &Uri) -> Self {
        Self(uri.scheme().cloned(), uri.authority().cloned())
    }
}

impl Pool {
    pub(super) fn new(limits: &Limits) -> Self {
        let Limits { max_idle_connections: max_idle, max_idle_age, .. } = *limits;
        Self(Arc::new(Shared { idle: Mutex::default(), max_idle, max_idle_age }))
    }

    /// Takes the latest connection to this origin that is open, as far as is known, unless the exchange of this thread
    /// needs a new one.
    pub(super) fn check_out(&self, origin: &Origin) -> Option<PooledConnection> {
        if RequestContext::with(|context| context.requires_new_connection) {
            self.drop_idle(origin);
            return None;
        }
        loop {
            let mut connection = self.take(origin)?;
            if connection.is_open() {
                return Some(self.pooled(connection, origin.clone()));
            }
        }
    }

    /// Returns this connection as one that returns to the pool.
    pub(super) fn pooled(&self, connection: Box<Connection>, origin: Origin) -> PooledConnection {
        PooledConnection { connection: Some(connection), origin, pool: self.clone() }
    }

    fn check_in(&self, connection: Box<Connection>, origin: Origin, since: Instant) {
        if self.0.max_idle == 0 {
            return;
        }
        let mut idle = self.idle();
        let surplus = (idle.len() + 1).saturating_sub(self.0.max_idle);
        let dropped = self.split_front(&mut idle, surplus, since);
        idle.push_back(Idle { connection, origin, since });
        drop(idle);
        drop(dropped);
    }

    fn take(&self, origin: &Origin) -> Option<Box<Connection>> {
        let now = Instant::now();
        let mut idle = self.idle();
        let dropped = self.split_front(&mut idle, 0, now);
        let taken = idle.iter().rposition(|idle| idle.origin == *origin).and_then(|at| idle.remove(at));
        drop(idle);
        drop(dropped);
        taken.map(|idle| idle.connection)
    }

    fn drop_idle(&self, origin: &Origin) {
        let mut idle = self.idle();
        let (dropped, rest): (VecDeque<_>, _) = mem::take(&mut *idle).into_iter().partition(|it| it.origin == *origin);
        *idle = rest;
        drop(idle);
        drop(dropped);
    }

    /// Removes those that are too old, and at least this number. The caller drops, and so closes, them outside of the
    /// lock.
    fn split_front(&self, idle: &mut VecDeque<Idle>, least: usize, now: Instant) -> VecDeque<Idle> {
        let is_old = |idle: &&Idle| now.saturating_duration_since(idle.since) >= self.0.max_idle_age;
        let count = idle.iter().take_while(is_old).count().max(least);
        if count == 0 {
            return VecDeque::new();
        }
        let rest = idle.split_off(count);
        mem::replace(idle, rest)
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("idle", &self.idle().len()).finish_non_exhaustive()
    }
}

/// A connection for ureq, which keeps none. It returns to the pool when ureq drops it after a complete exchange.
pub(super) struct PooledConnection {
    /// `None` only while it is dropped.
    connection: Option<Box<Connection>>,
    origin: Origin,
    pool: Pool,
}

impl PooledConnection {
    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("it is taken only by `drop`")
    }
}

impl Transport for PooledConnection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.connection().buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.connection().transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.connection().await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.connection().is_open()
    }

    fn is_tls(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.is_tls())
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        // Idle since ureq asked at the end of the exchange whether it is open.
        if let Some(mut connection) = self.connection.take()
            && let Some(since) = connection.idle_since()
        {
            connection.shrink();
            self.pool.check_in(connection, self.origin.clone(), since);
        }
    }
}

impl fmt::Debug for PooledConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PooledConnection").field(&self.connection).finish()
    }
}
