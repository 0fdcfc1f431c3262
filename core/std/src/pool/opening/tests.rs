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
        Self::new(queue, takes_idle, false, now)
    }

    /// A long poll. It takes an idle connection.
    fn long_poll(queue: &Arc<Queue>, now: Instant) -> Self {
        Self::new(queue, true, true, now)
    }

    fn new(queue: &Arc<Queue>, takes_idle: bool, is_long_poll: bool, now: Instant) -> Self {
        let mut waiter = Self(Arc::clone(queue).enter(takes_idle, is_long_poll, now), Arc::default());
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
fn connection_counts_for_a_while_unless_the_server_has_accepted_it() {
    let (queue, now) = (queue(), Instant::now());
    let later = |millis| now + Duration::from_millis(millis);
    let mut unaccepted: Vec<_> = (0..MAX_UNACCEPTED).map(|_| Waiter::enter(&queue, true, now)).collect();
    let connecting = Waiter::enter(&queue, true, now);
    assert!(connecting.0.may_start(), "more may be opened at once than be unaccepted");
    for waiter in &unaccepted {
        waiter.0.await_acceptance(later(10));
    }
    let [mut first, mut second] = [(); 2].map(|()| Waiter::enter(&queue, true, later(10)));
    assert!(!first.0.may_start() && !second.0.may_start());
    unaccepted.pop();
    assert_eq!(wakes([&first, &second]), [1, 0], "the server has accepted one");
    assert!(first.poll(later(20)));
    assert!(second.poll(later(20)), "one that connects may be accepted");
    first.0.await_acceptance(later(20));
    let mut third = Waiter::enter(&queue, true, later(20));
    assert!(!third.poll(later(259)));
    assert!(third.poll(later(260)), "the others do not count any more");
    assert_eq!(queue.state().open.len(), 4);
    drop((unaccepted, connecting, first, second, third));
    assert!(queue.state().open.is_empty());
}

#[test]
fn those_that_are_not_polled_do_not_hold_up_others() {
    let (queue, now) = (queue(), Instant::now());
    let later = |millis| now + Duration::from_millis(millis);
    let open = full(&queue, now);
    // More than may be opened at once, of a task that does something else.
    let mut idle: Vec<_> = (0..=MAX_OPENINGS).map(|_| Waiter::enter(&queue, true, now)).collect();
    let [mut first, mut second] = [(); 2].map(|()| Waiter::enter(&queue, true, now));
    assert!(!first.poll(later(1_000)) && !second.poll(later(1_000)), "those before it were polled lately");
    assert!(!first.poll(later(1_999)));
    assert!(first.poll(later(2_000)));
    assert_eq!(second.wakes(), 1, "it may start as well");
    assert!(second.poll(later(2_000)));
    assert!(Waiter::enter(&queue, true, later(2_000)).0.may_start());
    let more: Vec<_> = (2..MAX_OPENINGS).map(|_| Waiter::enter(&queue, true, later(2_000))).collect();
    assert!(more.iter().all(|waiter| waiter.0.may_start()));
    let mut last = Waiter::enter(&queue, true, later(2_000));
    assert!(!last.0.may_start(), "the limit applies nevertheless");
    // An end and an idle connection are not lost on those that are not polled.
    for waiter in &idle {
        waiter.wakes();
    }
    queue.wake_for_idle();
    assert_eq!(last.wakes(), 1);
    assert!(!last.poll(later(2_000)));
    drop(first);
    assert_eq!(last.wakes(), 1);
    assert!(idle.iter().all(|waiter| waiter.wakes() == 0));
    // They keep their places.
    let mut regained = idle.pop().expect("there are some");
    assert!(regained.poll(later(2_001)));
    assert!(!last.poll(later(2_001)));
    drop((open, idle, regained, second, more, last));
    let state = queue.state();
    assert!(state.open.is_empty() && state.waiting.is_empty());
}

#[test]
fn long_polls_let_all_others_go_first() {
    let (queue, now) = (queue(), Instant::now());
    let mut open = full(&queue, now);
    let [mut first, mut second] = [(); 2].map(|()| Waiter::long_poll(&queue, now));
    let mut post = Waiter::enter(&queue, true, now);
    queue.wake_for_idle();
    assert_eq!(wakes([&first, &second, &post]), [0, 0, 1]);
    assert!(!post.poll(now), "it has found none");
    open.pop();
    assert_eq!(wakes([&first, &second, &post]), [0, 0, 1]);
    assert!(!first.poll(now));
    assert!(post.poll(now));
    open.pop();
    assert_eq!(wakes([&first, &second]), [1, 0], "in their order");
    let next = Waiter::enter(&queue, true, now);
    assert!(next.0.may_start(), "it does not wait for a long poll either");
    assert!(!first.poll(now));
    drop(next);
    assert_eq!(wakes([&first, &second]), [1, 0]);
    assert!(!Waiter::long_poll(&queue, now).0.may_start(), "it is behind the others");
    assert!(!second.poll(now) && first.poll(now));
    drop(post);
    assert_eq!(second.wakes(), 1);
    assert!(second.poll(now));
    drop((open, first, second));
    let state = queue.state();
    assert!(state.open.is_empty() && state.waiting.is_empty());
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
                    let mut opening = Arc::clone(queue).enter(true, thread % 2 == 0, now);
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
