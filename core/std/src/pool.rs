//! Idle connections, for the next exchanges with their servers.

mod history;
mod opening;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::Uri;
use teamwire_core::{
    config::Limits,
    effect::{Response, TransportError},
};

use self::opening::Queue;
pub use self::{
    history::ConnectionHistory,
    opening::{OPENING_POLL_INTERVAL, Opening, Place},
};
use crate::{Origin, reject_unsolicited};

/// A connection that a [`Pool`] can keep.
pub trait Pooled {
    /// Returns its history.
    fn history(&self) -> &ConnectionHistory;

    /// Returns its history, which the pool continues.
    fn history_mut(&mut self) -> &mut ConnectionHistory;
}

/// Pool of idle connections. It does no I/O, except that dropping a connection closes it, which it never does under its
/// lock.
///
/// The latest is reused first, and each is closed by age. So the pool has as many connections as were in use at once
/// within the maximum idle age, and the surplus of a peak is not used until it is too old. The pool has no timer:
/// connections that are too old are closed when the next one is taken or returned.
pub struct Pool<C> {
    state: Mutex<State<C>>,
    max_idle: usize,
    max_idle_age: Duration,
}

struct State<C> {
    /// The longest idle one first.
    idle: VecDeque<Idle<C>>,
    /// Time at which a connection was last reused that turned out to be dead.
    lost: Option<Instant>,
    /// Number of connections that were ever returned.
    returned: u32,
    /// The origins to which connections are being opened. Those to which that has ended are removed later.
    openings: Vec<Arc<Queue>>,
}

struct Idle<C> {
    connection: Box<C>,
    since: Instant,
}

impl<C: Pooled> Pool<C> {
    /// Creates a pool with these limits.
    pub const fn new(limits: &Limits) -> Self {
        Self {
            state: Mutex::new(State { idle: VecDeque::new(), lost: None, returned: 0, openings: Vec::new() }),
            max_idle: limits.max_idle_connections,
            max_idle_age: limits.max_idle_age,
        }
    }

    /// Takes the latest connection to the origin of this URI that is open, as far as is known. Those that are not are
    /// closed.
    ///
    /// An exchange with a place takes none that is for one before it in the queue of [openings](Self::open), so that
    /// none of these waits until the threads that have a connection need it no more. One whose task may not be polled
    /// has no place: nothing behind it has to wait for it.
    ///
    /// `is_open` also gets whether the connection is trusted, so that no system call has to check it: the exchange
    /// [`replaces_stale_connection`], the connection was found open within the last second, and none was lost within
    /// the last minute.
    ///
    /// [`replaces_stale_connection`]: teamwire_core::effect::Exchange::replaces_stale_connection
    pub fn check_out(
        &self,
        uri: &Uri,
        place: Option<Place>,
        replaces_stale_connection: bool,
        now: Instant,
        mut is_open: impl FnMut(&mut C, bool) -> bool,
    ) -> Option<Box<C>> {
        loop {
            let (mut connection, lost) = self.take(uri, place, now)?;
            let history = connection.history();
            if history.is_old(now) {
                continue;
            }
            let is_trusted = replaces_stale_connection && history.is_trusted(lost, now);
            if is_open(&mut connection, is_trusted) {
                connection.history_mut().record_reuse(now, is_trusted);
                return Some(connection);
            }
        }
    }

    /// Starts to open a connection to this origin, or enters the queue if too many are being opened. `takes_idle` is
    /// `true` for an exchange that also takes a connection that becomes idle while it waits. `is_long_poll` is `true`
    /// for a long poll, which waits until all other exchanges have started.
    pub fn open(&self, origin: &Origin, takes_idle: bool, is_long_poll: bool, now: Instant) -> Opening {
        let mut state = self.state();
        let queue = state.openings_to(origin).unwrap_or_else(|| {
            let queue = Arc::new(Queue::new(origin.clone()));
            state.openings.push(Arc::clone(&queue));
            queue
        });
        drop(state);
        queue.enter(takes_idle, is_long_poll, now)
    }

    /// Keeps a connection that is idle since this moment, unless it is too old.
    pub fn check_in(&self, mut connection: Box<C>, since: Instant) {
        if self.max_idle == 0 {
            return;
        }
        let mut state = self.state();
        connection.history_mut().limit_age(|| {
            state.returned = state.returned.wrapping_add(1);
            state.returned
        });
        if connection.history().is_old(since) {
            // The lock is released before the connection is dropped.
            return;
        }
        let surplus = (state.idle.len() + 1).saturating_sub(self.max_idle);
        let closed = self.remove_old(&mut state.idle, surplus, since);
        let openings = state.openings_to(connection.history().origin());
        state.idle.push_back(Idle { connection, since });
        drop(state);
        drop(closed);
        if let Some(queue) = openings {
            queue.wake_for_idle();
        }
    }

    /// Ends the exchange that had this connection, with this result. Keeps the connection for the next one if it is
    /// idle since some moment. `has_received` is `true` if bytes have arrived in the exchange.
    ///
    /// If the connection was already dead when it was reused, those to its origin that had been idle for as long most
    /// likely are as well, and are closed: a restart of a server, or of a firewall, rarely affects only one of them.
    /// For a while, none is trusted.
    ///
    /// # Errors
    ///
    /// The given error; if the connection was reused unchecked, that of [`reject_unsolicited`].
    pub fn finish(
        &self,
        connection: Box<C>,
        idle_since: Option<Instant>,
        has_received: bool,
        result: Result<Response, TransportError>,
    ) -> Result<Response, TransportError> {
        let history = connection.history();
        let result = if history.is_unchecked() { reject_unsolicited(result) } else { result };
        let dead_since = result.as_ref().err().and_then(|error| history.dead_since(error, has_received));
        if let Some(then) = dead_since {
            let mut state = self.state();
            state.lost = state.lost.max(Some(then));
            let closed = remove(&mut state.idle, |idle| idle.since <= then && idle.origin() == history.origin());
            drop(state);
            drop(closed);
        } else if let Some(since) = idle_since {
            self.check_in(connection, since);
        }
        result
    }

    /// Closes all connections to the origin of this URI.
    pub fn close_idle(&self, uri: &Uri) {
        let closed = remove(&mut self.state().idle, |idle| idle.origin().serves(uri));
        drop(closed);
    }

    /// Takes the latest connection to this origin that is left for this place, and returns the time of the last loss
    /// with it.
    fn take(&self, uri: &Uri, place: Option<Place>, now: Instant) -> Option<(Box<C>, Option<Instant>)> {
        let mut state = self.state();
        let closed = self.remove_old(&mut state.idle, 0, now);
        let latest = state.idle.iter().rposition(|idle| idle.origin().serves(uri));
        let latest = latest.filter(|_| place.is_none_or(|place| state.leaves_idle(uri, place, now)));
        let taken = latest.and_then(|at| state.idle.remove(at)).map(|idle| (idle.connection, state.lost));
        drop(state);
        drop(closed);
        taken
    }

    /// Removes the connections that were idle for too long, and at least this number.
    fn remove_old(&self, idle: &mut VecDeque<Idle<C>>, least: usize, now: Instant) -> Vec<Idle<C>> {
        let is_old = |idle: &&Idle<C>| now.saturating_duration_since(idle.since) >= self.max_idle_age;
        let count = idle.iter().take_while(is_old).count().max(least);
        idle.drain(..count).collect()
    }
}

impl<C> State<C> {
    /// Returns the connections to this origin that are being opened, if there are any.
    fn openings_to(&mut self, origin: &Origin) -> Option<Arc<Queue>> {
        self.openings.retain(|queue| Arc::strong_count(queue) > 1);
        self.openings.iter().find(|queue| queue.origin == *origin).map(Arc::clone)
    }
}

impl<C: Pooled> State<C> {
    /// Returns whether a connection to this origin is left for this place.
    fn leaves_idle(&self, uri: &Uri, place: Place, now: Instant) -> bool {
        self.openings.iter().find(|queue| queue.origin.serves(uri)).is_none_or(|queue| {
            let count = self.idle.iter().filter(|idle| idle.origin().serves(uri)).count();
            queue.leaves_idle(count, place, now)
        })
    }
}

impl<C: Pooled> Idle<C> {
    fn origin(&self) -> &Origin {
        self.connection.history().origin()
    }
}

impl<C> Pool<C> {
    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes these connections. The caller drops, and so closes, them outside of the lock.
fn remove<C>(idle: &mut VecDeque<Idle<C>>, which: impl FnMut(&Idle<C>) -> bool) -> VecDeque<Idle<C>> {
    let (removed, rest) = mem::take(idle).into_iter().partition(which);
    *idle = rest;
    removed
}

impl<C> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("idle", &self.state().idle.len()).finish_non_exhaustive()
    }
}
