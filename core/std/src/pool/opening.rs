//! The limit on connections to one origin that are opened at once, with its queue.
//!
//! A burst of requests would otherwise overflow the listen queue of its server, and the operating system repeats an
//! attempt that was lost there only after a second.

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

/// Time after which a connection that is still being opened no longer counts: a server that does not answer delays
/// others by this time, and not until their timeout.
const COUNTS_FOR: Duration = Duration::from_secs(1);

/// Time after which [`Opening::poll`] has to be called again.
pub const OPENING_POLL_INTERVAL: Duration = COUNTS_FOR;

/// The connections to an origin that are being opened, and the queue of those that wait for that.
pub(super) struct Queue {
    pub(super) origin: Origin,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Number and start of each opening that counts.
    open: Vec<(u64, Instant)>,
    waiting: BTreeMap<u64, Waiting>,
    /// The number of the next opening.
    next: u64,
}

struct Waiting {
    /// `None` once it was woken, until it is polled again.
    waker: Option<Waker>,
    takes_idle: bool,
}

/// The opening of a connection, or the wait for that. Dropping it ends either.
#[must_use = "dropping an opening passes it on"]
pub struct Opening {
    queue: Arc<Queue>,
    number: u64,
    may_start: bool,
}

impl Queue {
    pub(super) fn new(origin: Origin) -> Self {
        Self { origin, state: Mutex::default() }
    }

    /// Starts an opening, or enters the queue if there are too many. `takes_idle` is `true` for one that also takes a
    /// connection that becomes idle meanwhile.
    pub(super) fn enter(self: Arc<Self>, takes_idle: bool, now: Instant) -> Opening {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        let may_start = state.room(now) > state.waiting.len();
        if may_start {
            state.open.push((number, now));
        } else {
            // Without a waker: it is polled before it waits.
            state.waiting.insert(number, Waiting { waker: None, takes_idle });
        }
        drop(state);
        Opening { queue: self, number, may_start }
    }

    /// Wakes one of those that wait, as a connection has become idle.
    pub(super) fn wake_for_idle(&self) {
        let mut state = self.state();
        let waker = state.waiting.values_mut().filter(|it| it.takes_idle).find_map(|it| it.waker.take());
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
    /// Returns how many more may be opened.
    fn room(&mut self, now: Instant) -> usize {
        if self.open.len() >= MAX_OPENINGS {
            self.open.retain(|(_, start)| now.saturating_duration_since(*start) < COUNTS_FOR);
        }
        MAX_OPENINGS.saturating_sub(self.open.len())
    }
}

/// Wakes those that may start now, outside of the lock, which they may take at once.
fn wake_next(mut state: MutexGuard<'_, State>) {
    let room = MAX_OPENINGS.saturating_sub(state.open.len());
    let wakers: Vec<_> = state.waiting.values_mut().take(room).filter_map(|it| it.waker.take()).collect();
    drop(state);
    wakers.into_iter().for_each(Waker::wake);
}

impl Opening {
    /// Returns whether it may start. If not, it waits in the queue.
    pub const fn may_start(&self) -> bool {
        self.may_start
    }

    /// Returns whether it may start. If not, the waker is called once it may, or once a connection to its origin has
    /// become idle; after [`OPENING_POLL_INTERVAL`], it has to be polled again in any case.
    ///
    /// One that takes idle connections has to look for one after each call.
    pub fn poll(&mut self, now: Instant, waker: &Waker) -> bool {
        if self.may_start {
            return true;
        }
        let mut state = self.queue.state();
        let room = state.room(now);
        let is_next = state.waiting.keys().take(room).any(|number| *number == self.number);
        let old = if is_next {
            state.open.push((self.number, now));
            self.may_start = true;
            state.waiting.remove(&self.number).and_then(|it| it.waker)
        } else {
            state.waiting.get_mut(&self.number).and_then(|it| it.waker.replace(waker.clone()))
        };
        // There may be room for others as well, if those before do not count any more.
        wake_next(state);
        // Not under the lock: a waker may own a task that opens a connection as well.
        drop(old);
        self.may_start
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        if self.may_start {
            state.open.retain(|(number, _)| *number != self.number);
        }
        let waiting = state.waiting.remove(&self.number);
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
            .field("number", &self.number)
            .field("may_start", &self.may_start)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
        thread,
    };

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// An opening with its waker.
    struct Waiter(Opening, Arc<Count>);

    impl Waiter {
        fn enter(queue: &Arc<Queue>, takes_idle: bool, now: Instant) -> Self {
            let mut waiter = Self(Arc::clone(queue).enter(takes_idle, now), Arc::default());
            waiter.poll(now);
            waiter
        }

        fn poll(&mut self, now: Instant) -> bool {
            self.0.poll(now, &Waker::from(Arc::clone(&self.1)))
        }

        /// Returns how often it was woken since the last call.
        fn wakes(&self) -> usize {
            self.1.0.swap(0, Ordering::SeqCst)
        }
    }

    fn queue() -> Arc<Queue> {
        Arc::new(Queue::new(Origin { tls: true, host: "example.org".into(), port: 443 }))
    }

    /// Opens as many connections as may be opened at once.
    fn full(queue: &Arc<Queue>, now: Instant) -> Vec<Waiter> {
        let open: Vec<_> = (0..MAX_OPENINGS).map(|_| Waiter::enter(queue, true, now)).collect();
        assert!(open.iter().all(|waiter| waiter.0.may_start()));
        open
    }

    fn wakes<const N: usize>(waiters: [&Waiter; N]) -> [usize; N] {
        waiters.map(Waiter::wakes)
    }

    #[test]
    fn each_end_lets_the_next_of_the_queue_start() {
        let (queue, now) = (queue(), Instant::now());
        let mut open = full(&queue, now);
        let [mut first, mut second, mut third] = [true, false, true].map(|it| Waiter::enter(&queue, it, now));
        assert!(!first.poll(now) && !second.poll(now) && !third.poll(now));
        open.pop();
        assert_eq!(wakes([&first, &second, &third]), [1, 0, 0]);
        assert!(!Waiter::enter(&queue, true, now).0.may_start(), "it is behind the others");
        assert!(!second.poll(now), "the first one has not started yet");
        assert!(first.poll(now));
        open.pop();
        assert_eq!(wakes([&second, &third]), [1, 0]);
        drop(second);
        assert_eq!(third.wakes(), 1, "one that does not start passes its place on");
        drop(first);
        assert_eq!(third.wakes(), 0, "it was not polled since");
        assert!(third.poll(now) && third.poll(now));
        drop((open, third));
        let state = queue.state();
        assert!(state.open.is_empty() && state.waiting.is_empty());
    }

    #[test]
    fn idle_connection_wakes_one_that_takes_it() {
        let (queue, now) = (queue(), Instant::now());
        let _open = full(&queue, now);
        let [new, mut first, second, third] = [false, true, true, true].map(|it| Waiter::enter(&queue, it, now));
        queue.wake_for_idle();
        assert_eq!(wakes([&new, &first, &second, &third]), [0, 1, 0, 0]);
        queue.wake_for_idle();
        assert_eq!(wakes([&new, &first, &second, &third]), [0, 0, 1, 0], "one for each connection");
        assert!(!first.poll(now), "it has found none");
        queue.wake_for_idle();
        assert_eq!(wakes([&new, &first, &second, &third]), [0, 1, 0, 0]);
        drop(second);
        assert_eq!(wakes([&new, &first, &third]), [0, 0, 1], "it may not have looked for its connection");
        drop(third);
        assert!(!first.poll(now));
        drop(first);
        assert_eq!(new.wakes(), 0);
    }

    #[test]
    fn opening_that_lasts_long_does_not_count() {
        let (queue, now) = (queue(), Instant::now());
        let later = |millis| now + Duration::from_millis(millis);
        let mut open = full(&queue, now);
        open.pop();
        let young = Waiter::enter(&queue, true, later(500));
        let [mut first, mut second] = [(); 2].map(|()| Waiter::enter(&queue, true, later(600)));
        assert!(!first.poll(later(999)));
        assert!(first.poll(later(1_000)));
        assert_eq!(second.wakes(), 1, "there is room for all but the young one and the first");
        assert!(second.poll(later(1_000)));
        // Those that do not count any more, and start or end nevertheless.
        drop(open);
        assert_eq!(queue.state().open.len(), 3);
        let more: Vec<_> = (0..MAX_OPENINGS).map(|_| Waiter::enter(&queue, true, later(1_001))).collect();
        assert_eq!(more.iter().filter(|waiter| waiter.0.may_start()).count(), MAX_OPENINGS - 3);
        drop((more, first, second, young));
        assert_eq!(queue.state().open.len(), 0);
    }

    #[test]
    fn no_more_than_the_limit_are_opened_at_once() {
        struct Unpark(thread::Thread);

        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }

        let (queue, now, used) = (queue(), Instant::now(), AtomicUsize::new(0));
        let held = full(&queue, now).split_off(3);
        thread::scope(|scope| {
            for thread in 0..8 {
                let (queue, used) = (&queue, &used);
                scope.spawn(move || {
                    let waker = Waker::from(Arc::new(Unpark(thread::current())));
                    for round in 0..200 {
                        let mut opening = Arc::clone(queue).enter(true, now);
                        if (thread + round) % 5 == 0 {
                            opening.poll(now, &waker);
                            continue;
                        }
                        while !opening.poll(now, &waker) {
                            thread::park();
                        }
                        assert!(used.fetch_add(1, Ordering::SeqCst) < 3);
                        thread::yield_now();
                        used.fetch_sub(1, Ordering::SeqCst);
                        if (thread + round) % 3 == 0 {
                            queue.wake_for_idle();
                        }
                    }
                });
            }
        });
        drop(held);
        assert!(queue.state().waiting.is_empty());
    }
}
