//! The limit on connections to one origin that are opened at once, with its queue.
//!
//! A burst of requests would otherwise overflow the listen queue of its server, and the operating system repeats an
//! attempt that was lost there only after a second.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::{Duration, Instant},
};

use crate::Origin;

/// Maximum number of connections to an origin that are opened at once.
pub(super) const MAX_OPENINGS: usize = 64;

/// Maximum number of connections of these that the operating system of the server has made, but the server may not have
/// accepted: they fill its listen queue, and the last of them waits until it has accepted all others.
const MAX_UNACCEPTED: usize = 32;

/// Time after which a connection that is still being opened no longer counts: a server that does not answer delays
/// others by this time, and not until their timeout.
const COUNTS_FOR: Duration = Duration::from_secs(1);

/// Time after which a connection that the server may not have accepted no longer counts: the server may have accepted
/// it and respond late.
const UNACCEPTED_COUNTS_FOR: Duration = Duration::from_millis(250);

/// Time after which [`Opening::poll`] has to be called again.
pub const OPENING_POLL_INTERVAL: Duration = UNACCEPTED_COUNTS_FOR;

/// Time after which one that waits and is not polled does not hold up those behind it: its task may do something else
/// first, and that may be what waits behind it.
const WAITS_FOR: Duration = Duration::from_secs(2);

/// The connections to an origin that are being opened, and the queue of those that wait for that.
pub(super) struct Queue {
    pub(super) origin: Origin,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The openings that count.
    open: Vec<Open>,
    waiting: BTreeMap<Place, Waiting>,
    /// The number of the next opening.
    next: u64,
    /// The latest time at which one has entered or was polled.
    now: Option<Instant>,
}

/// The place of an opening in the queue. Long polls are last: they would only wait at the server, and nothing could be
/// posted until all those of a burst are connected.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    is_long_poll: bool,
    number: u64,
}

/// An opening that counts.
struct Open {
    place: Place,
    /// Time until which it counts.
    until: Instant,
    /// The server may not have accepted the connection, which is made.
    is_unaccepted: bool,
}

struct Waiting {
    /// `None` once it was woken, until it is polled again.
    waker: Option<Waker>,
    takes_idle: bool,
    /// Time at which it has entered or was last polled.
    polled: Instant,
}

/// The opening of a connection, or the wait for that. Dropping it ends either.
#[must_use = "dropping an opening passes it on"]
pub struct Opening {
    queue: Arc<Queue>,
    place: Place,
    may_start: bool,
}

impl Place {
    /// Returns the place of an exchange that does not wait yet: behind all others, or before the long polls.
    #[inline]
    pub const fn last(is_long_poll: bool) -> Self {
        Self { is_long_poll, number: u64::MAX }
    }
}

impl Queue {
    pub(super) fn new(origin: Origin) -> Self {
        Self { origin, state: Mutex::default() }
    }

    /// Starts an opening, or enters the queue if there are too many. `takes_idle` is `true` for one that also takes a
    /// connection that becomes idle meanwhile; `is_long_poll` is `true` for one that lets all others go first.
    pub(super) fn enter(self: Arc<Self>, takes_idle: bool, is_long_poll: bool, now: Instant) -> Opening {
        let mut state = self.state();
        let place = Place { is_long_poll, number: state.next };
        state.next += 1;
        let room = state.room(now);
        let may_start = state.polled_lately().take_while(|(before, _)| *before < place).take(room).count() < room;
        if may_start {
            state.open.push(Open::new(place, now));
        } else {
            // Without a waker: it is polled before it waits.
            state.waiting.insert(place, Waiting { waker: None, takes_idle, polled: now });
        }
        drop(state);
        Opening { queue: self, place, may_start }
    }

    /// Returns whether one of this number of idle connections is left for this place, after those before it that take
    /// one.
    pub(super) fn leaves_idle(&self, count: usize, place: Place, now: Instant) -> bool {
        let mut state = self.state();
        state.now = state.now.max(Some(now));
        let before = state.polled_lately().take_while(|(before, _)| *before < place).filter(|(_, it)| it.takes_idle);
        before.take(count).count() < count
    }

    /// Wakes one of those that wait, as a connection has become idle.
    pub(super) fn wake_for_idle(&self) {
        let mut state = self.state();
        let waker = state.polled_lately().filter(|(_, it)| it.takes_idle).find_map(|(_, it)| it.waker.take());
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns how many more may be opened at this time.
    fn room(&mut self, now: Instant) -> usize {
        self.now = self.now.max(Some(now));
        if self.places_left() == 0 {
            self.open.retain(|open| now < open.until);
        }
        self.places_left()
    }

    fn places_left(&self) -> usize {
        let unaccepted = self.open.iter().filter(|open| open.is_unaccepted).count();
        MAX_OPENINGS.saturating_sub(self.open.len()).min(MAX_UNACCEPTED.saturating_sub(unaccepted))
    }

    /// Returns those that wait and were polled lately, in their order, with their places. The others regain their
    /// places once they are polled. Until then they need no waker: they were to be polled in any case.
    fn polled_lately(&mut self) -> impl Iterator<Item = (Place, &mut Waiting)> {
        let now = self.now;
        let is_live = move |it: &Waiting| now.is_none_or(|now| now.saturating_duration_since(it.polled) < WAITS_FOR);
        self.waiting.iter_mut().filter(move |(_, it)| is_live(it)).map(|(place, it)| (*place, it))
    }
}

/// Wakes those that may start now, outside of the lock, which they may take at once.
fn wake_next(mut state: MutexGuard<'_, State>) {
    let room = state.places_left();
    let wakers: Vec<_> = state.polled_lately().take(room).filter_map(|(_, it)| it.waker.take()).collect();
    drop(state);
    wakers.into_iter().for_each(Waker::wake);
}

impl Open {
    fn new(place: Place, now: Instant) -> Self {
        Self { place, until: now + COUNTS_FOR, is_unaccepted: false }
    }
}

impl Opening {
    /// Returns its place in the queue.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Returns whether it may start. If not, it waits in the queue.
    pub const fn may_start(&self) -> bool {
        self.may_start
    }

    /// Returns whether it may start. If not, the waker is called once it may, or once a connection to its origin has
    /// become idle; after [`OPENING_POLL_INTERVAL`], it has to be polled again in any case. If that does not happen
    /// for two seconds, those behind it do not wait for it until it is polled again.
    ///
    /// One that takes idle connections has to look for one after each call.
    pub fn poll(&mut self, now: Instant, waker: &Waker) -> bool {
        if self.may_start {
            return true;
        }
        let mut state = self.queue.state();
        let room = state.room(now);
        if let Some(this) = state.waiting.get_mut(&self.place) {
            this.polled = now;
        }
        let is_next = state.polled_lately().take(room).any(|(place, _)| place == self.place);
        let old = if is_next {
            state.open.push(Open::new(self.place, now));
            self.may_start = true;
            state.waiting.remove(&self.place).and_then(|it| it.waker)
        } else {
            state.waiting.get_mut(&self.place).and_then(|it| it.waker.replace(waker.clone()))
        };
        // There may be room for others as well, if those before do not count any more.
        wake_next(state);
        // Not under the lock: a waker may own a task that opens a connection as well.
        drop(old);
        self.may_start
    }

    /// Records that the connection is made, but that the server may not have accepted it. It counts for a quarter of a
    /// second from now, or until this is dropped, once the server has sent something.
    pub fn await_acceptance(&self, now: Instant) {
        let mut state = self.queue.state();
        if let Some(open) = state.open.iter_mut().find(|open| open.place == self.place) {
            (open.until, open.is_unaccepted) = (now + UNACCEPTED_COUNTS_FOR, true);
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        if self.may_start {
            state.open.retain(|open| open.place != self.place);
        }
        let waiting = state.waiting.remove(&self.place);
        wake_next(state);
        if waiting.is_some_and(|it| it.waker.is_none()) {
            // It may have been woken for a connection that has become idle, which the next one may take as well.
            self.queue.wake_for_idle();
        }
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening")
            .field("place", &self.place)
            .field("may_start", &self.may_start)
            .finish_non_exhaustive()
    }
}
