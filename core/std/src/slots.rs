//! The limit on connections in use at once, with its queue.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Slots for connections, and the queue of those that wait for one. A slot that becomes free goes to the one that waits
/// longest, and to no other.
pub struct ConnectionSlots {
    count: usize,
    state: Mutex<State>,
}

struct State {
    /// Number of free slots: zero while one is waited for.
    free: usize,
    /// The number of the next one that waits.
    next: u64,
    waiting: BTreeMap<u64, Waker>,
}

impl ConnectionSlots {
    /// Creates this number of slots.
    pub const fn new(count: usize) -> Self {
        Self { count, state: Mutex::new(State { free: count, next: 0, waiting: BTreeMap::new() }) }
    }

    /// Takes a slot; `None` if none is free.
    pub fn try_acquire(&self) -> Option<ConnectionSlot<'_>> {
        let mut state = self.state();
        state.free = state.free.checked_sub(1)?;
        Some(self.slot(&state))
    }

    /// Waits for a slot. Enters the queue when it is first polled. Dropping it leaves the queue.
    pub const fn acquire(&self) -> Acquire<'_> {
        Acquire { slots: self, number: None }
    }

    /// Returns a slot that was taken from these.
    fn slot(&self, state: &State) -> ConnectionSlot<'_> {
        ConnectionSlot { slots: self, others: self.count - state.free - 1 }
    }

    fn release(&self) {
        let mut state = self.state();
        let Some((_, waker)) = state.waiting.pop_first() else {
            state.free += 1;
            return;
        };
        // Outside of the lock, which the woken one may take at once.
        drop(state);
        waker.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ConnectionSlots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { free, ref waiting, .. } = *self.state();
        f.debug_struct("ConnectionSlots").field("free", &free).field("waiting", &waiting.len()).finish()
    }
}

/// The right to have a connection. Dropping it passes it on.
#[derive(Debug)]
#[must_use = "dropping a slot passes it on"]
pub struct ConnectionSlot<'a> {
    slots: &'a ConnectionSlots,
    others: usize,
}

impl ConnectionSlot<'_> {
    /// Returns the number of other slots that were in use when this one was taken.
    pub const fn others(&self) -> usize {
        self.others
    }
}

impl Drop for ConnectionSlot<'_> {
    fn drop(&mut self) {
        self.slots.release();
    }
}

/// Future of a slot: see [`ConnectionSlots::acquire`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct Acquire<'a> {
    slots: &'a ConnectionSlots,
    /// Set while it waits. A slot is reserved for it once the queue does not have it any more.
    number: Option<u64>,
}

impl<'a> Future for Acquire<'a> {
    type Output = ConnectionSlot<'a>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ConnectionSlot<'a>> {
        let slots = self.slots;
        let mut state = slots.state();
        match self.number {
            Some(number) => {
                if let Some(waker) = state.waiting.get_mut(&number) {
                    let old = mem::replace(waker, cx.waker().clone());
                    drop(state);
                    // Not under the lock: a waker may own a task that waits for a slot as well.
                    drop(old);
                    return Poll::Pending;
                }
                self.number = None;
            }
            None if state.free > 0 => state.free -= 1,
            None => {
                let number = state.next;
                state.next += 1;
                state.waiting.insert(number, cx.waker().clone());
                self.number = Some(number);
                return Poll::Pending;
            }
        }
        Poll::Ready(slots.slot(&state))
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let waker = self.slots.state().waiting.remove(&number);
        if waker.is_none() {
            // Its slot was reserved but not taken.
            self.slots.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
        thread,
    };

    use super::*;

    /// Counts its calls.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    /// Polls once. Returns the slot if there is one, and the number of wake-ups so far otherwise.
    fn poll<'a>(acquire: &mut Acquire<'a>, count: &Arc<Count>) -> Result<ConnectionSlot<'a>, usize> {
        match Pin::new(acquire).poll(&mut Context::from_waker(&Waker::from(Arc::clone(count)))) {
            Poll::Ready(slot) => Ok(slot),
            Poll::Pending => Err(count.0.load(Ordering::SeqCst)),
        }
    }

    #[test]
    fn slots_are_passed_on_in_the_order_of_the_queue() {
        let (slots, count) = (ConnectionSlots::new(2), Arc::<Count>::default());
        let (first, second) = (slots.try_acquire().expect("it is free"), slots.acquire());
        let second = poll(&mut { second }, &count).expect("it is free");
        assert!(slots.try_acquire().is_none());
        let mut waiting: Vec<_> = (0..3).map(|_| slots.acquire()).collect();
        for acquire in &mut waiting {
            assert_eq!(poll(acquire, &count).err(), Some(0));
        }
        drop(first);
        assert_eq!(count.0.load(Ordering::SeqCst), 1, "one of them is woken");
        assert!(slots.try_acquire().is_none() && poll(&mut slots.acquire(), &count).is_err(), "it is reserved");
        assert!(poll(&mut waiting[2], &count).is_err() && poll(&mut waiting[1], &count).is_err());
        let third = poll(&mut waiting[0], &count).expect("it waited longest");
        drop(second);
        let fourth = poll(&mut waiting[1], &count).expect("it is the next");
        drop((third, fourth));
        drop(poll(&mut waiting[2], &count).expect("it is the last"));
        assert_eq!(format!("{slots:?}"), "ConnectionSlots { free: 2, waiting: 0 }");
    }

    #[test]
    fn slot_counts_the_others_in_use() {
        let (slots, count) = (ConnectionSlots::new(2), Arc::<Count>::default());
        let first = slots.try_acquire().expect("it is free");
        let second = poll(&mut slots.acquire(), &count).expect("it is free");
        assert_eq!((first.others(), second.others()), (0, 1));
        let mut waiting = slots.acquire();
        assert!(poll(&mut waiting, &count).is_err());
        drop((first, second));
        assert_eq!(poll(&mut waiting, &count).expect("it is reserved").others(), 0);
        assert_eq!(slots.try_acquire().expect("it is free").others(), 0);
    }

    #[test]
    fn dropped_waiter_leaves_the_queue_and_passes_on_its_slot() {
        let (slots, count) = (ConnectionSlots::new(1), Arc::<Count>::default());
        let slot = slots.try_acquire().expect("it is free");
        let (mut first, mut second, mut third) = (slots.acquire(), slots.acquire(), slots.acquire());
        for acquire in [&mut first, &mut second, &mut third] {
            assert!(poll(acquire, &count).is_err());
        }
        drop(first);
        drop(slot);
        // The slot is reserved for the second, which does not take it.
        drop(second);
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
        drop(poll(&mut third, &count).expect("it was passed on"));
        drop(slots.acquire());
        assert_eq!(format!("{slots:?}"), "ConnectionSlots { free: 1, waiting: 0 }");
    }

    #[test]
    fn no_more_than_the_limit_have_a_slot_at_once() {
        const LIMIT: usize = 3;
        let (slots, used) = (ConnectionSlots::new(LIMIT), AtomicUsize::new(0));
        thread::scope(|scope| {
            for thread in 0..8 {
                let (slots, used) = (&slots, &used);
                scope.spawn(move || {
                    let waker = Waker::from(Arc::new(Unpark(thread::current())));
                    for round in 0..200 {
                        let mut acquire = slots.acquire();
                        let mut polled = Pin::new(&mut acquire).poll(&mut Context::from_waker(&waker));
                        if (thread + round) % 5 == 0 {
                            continue;
                        }
                        while polled.is_pending() {
                            thread::park();
                            polled = Pin::new(&mut acquire).poll(&mut Context::from_waker(&waker));
                        }
                        assert!(used.fetch_add(1, Ordering::SeqCst) < LIMIT);
                        thread::yield_now();
                        used.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(format!("{slots:?}"), "ConnectionSlots { free: 3, waiting: 0 }");
    }
}
