//! Connections that become idle go to those that wait, in their order.

use std::{
    sync::{Arc, atomic::Ordering},
    task::{Wake, Waker},
    thread,
};

use super::*;
use crate::pool::opening::MAX_OPENINGS;

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Closing {
    fn enter(&self, takes_idle: bool, is_long_poll: bool, now: Instant) -> Opening {
        let mut opening = self.pool.open(&Origin::of(&api()).expect("it has a host"), takes_idle, is_long_poll, now);
        opening.poll(now, Waker::noop());
        opening
    }

    /// Opens as many connections as may be opened at once.
    fn full(&self, now: Instant) -> Vec<Opening> {
        (0..MAX_OPENINGS).map(|_| self.enter(true, false, now)).collect()
    }

    /// Takes a connection for an exchange with this place. Returns its number.
    fn take_for(&self, place: Place, now: Instant) -> Option<usize> {
        self.pool.check_out(&api(), Some(place), true, now, |_, _| true).map(|it| it.number)
    }
}

#[test]
fn idle_connections_are_left_for_those_that_wait() {
    let (closing, now) = (Closing::new(10, 50 * SECOND), Instant::now());
    closing.fill([0], &api(), now);
    assert_eq!(closing.take_for(Place::last(true), now), Some(0), "nothing waits");
    let _open = closing.full(now);
    let [long_poll, new, first, second] =
        [(true, true), (false, false), (true, false), (true, false)].map(|(it, poll)| closing.enter(it, poll, now));
    let take = |opening: &Opening| closing.take_for(opening.place(), now);
    let newcomer = Place::last(false);

    closing.fill([1], &api(), now);
    assert_eq!((closing.take_for(newcomer, now), take(&long_poll), take(&second)), (None, None, None));
    assert_eq!(take(&first), Some(1), "one that takes no idle connection is before it");
    drop(first);
    closing.fill([2, 3], &api(), now);
    assert_eq!(take(&long_poll), Some(3), "one is left for the second");
    drop(long_poll);
    assert_eq!((closing.take_for(newcomer, now), take(&second)), (None, Some(2)));
    drop(second);
    closing.fill([4], &files(), now);
    closing.fill([5], &api(), now);
    assert_eq!(closing.take_for(newcomer, now), Some(5));
    drop(new);

    // Those that are not polled, or without a place.
    let unpolled = closing.enter(true, false, now);
    closing.fill([6, 7], &api(), now);
    assert_eq!(closing.take(&api(), now).map(|it| it.number), Some(7));
    assert_eq!(closing.take_for(newcomer, now + Duration::from_millis(1_999)), None);
    assert_eq!(closing.take_for(newcomer, now + 2 * SECOND), Some(6));
    drop(unpolled);
}

#[test]
fn long_polls_wait_for_no_idle_connection_before_others() {
    let (closing, now) = (Closing::new(10, 50 * SECOND), Instant::now());
    let _open = closing.full(now);
    let first = closing.enter(true, true, now);
    closing.fill([0], &api(), now);
    assert_eq!(closing.take_for(Place::last(true), now), None, "it is behind the first");
    assert_eq!(closing.take_for(Place::last(false), now), Some(0), "it is before all long polls");
    drop(first);
}

#[test]
fn no_connection_and_no_wake_up_is_lost() {
    const CONNECTIONS: usize = 3;
    let (closing, now) = (Closing::new(10, 50 * SECOND), Instant::now());
    // So that all depends on the connections that become idle.
    let _open = closing.full(now);
    closing.fill(0..CONNECTIONS, &api(), now);
    let used = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..8 {
            let (closing, used) = (&closing, &used);
            scope.spawn(move || {
                let waker = Waker::from(Arc::new(Unpark(thread::current())));
                let origin = Origin::of(&api()).expect("it has a host");
                let take = |place| closing.pool.check_out(&api(), Some(place), true, now, |_, _| true);
                for round in 0..200 {
                    let mut taken = take(Place::last(false));
                    if taken.is_none() {
                        let mut opening = closing.pool.open(&origin, true, thread == 0, now);
                        if (thread + round) % 5 == 0 {
                            opening.poll(now, &waker);
                            continue;
                        }
                        loop {
                            assert!(!opening.poll(now, &waker));
                            taken = take(opening.place());
                            if taken.is_some() {
                                break;
                            }
                            thread::park();
                        }
                    }
                    assert!(used.fetch_add(1, Ordering::SeqCst) < CONNECTIONS);
                    thread::yield_now();
                    used.fetch_sub(1, Ordering::SeqCst);
                    closing.pool.check_in(taken.expect("it was waited for"), now);
                }
            });
        }
    });
    assert!(closing.closed().is_empty());
    assert_eq!(closing.pool.state().idle.len(), CONNECTIONS);
}
