use alloc::{
    collections::{BTreeMap, BinaryHeap, VecDeque},
    vec::Vec,
};
use core::{cmp::Reverse, fmt};

use crate::{
    effect::{Moment, Now},
    error::Error,
    machine::{Feed, Reply, Step, Ticket},
};

/// Many feeds, driven as one: thousands by a single task, at the cost of those that have something to do.
///
/// Ask for what is [`next`](Self::next), carry it out, [`handle`](Self::handle) what came of it, and so on. Feeds take
/// turns, so that a busy one does not keep the others waiting. A feed that ended is no longer in the set.
pub struct FeedSet<K, F> {
    slots: Vec<Option<Slot<K, F>>>,
    free: Vec<usize>,
    by_key: BTreeMap<K, usize>,
    /// Who is to be asked next. Each slot is in here at most once.
    ready: VecDeque<usize>,
    /// Who sleeps until when. What was woken before its time is left in here, and found to be outdated by its turn.
    sleeping: BinaryHeap<Reverse<(Moment, u64, usize)>>,
    generation: u64,
}

struct Slot<K, F> {
    key: K,
    feed: F,
    state: State,
    /// What was handed out last.
    outstanding: Option<Ticket>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// Its step was handed out, and not answered yet.
    Waiting,
    /// The turn in which it fell asleep.
    Sleeping(u64),
}

/// What is to be done for a [`FeedSet`].
#[derive(Debug)]
pub enum FeedSetStep<K, E, T> {
    /// Something for the feed with this key. [`Step::Send`] and [`Step::File`] are handed out once;
    /// [`Step::Sleep`] never is; after [`Step::Done`] the feed is no longer in the set.
    Step(K, Step<E, T>),
    /// Nothing until then, unless a reply comes, or a feed is added or stopped.
    Sleep(Moment),
    /// Nothing until a reply comes, or a feed is added or stopped.
    Idle,
    /// There are no feeds.
    Empty,
}

impl<K: Ord + Clone, F: Feed> FeedSet<K, F> {
    /// A set without feeds.
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_key: BTreeMap::new(),
            ready: VecDeque::new(),
            sleeping: BinaryHeap::new(),
            generation: 0,
        }
    }

    /// How many feeds there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Adds a feed. The one that had this key, if there was one, is given back as it is: it was not stopped.
    pub fn insert(&mut self, key: K, feed: F) -> Option<F> {
        let previous = self.remove(&key);
        let slot = Some(Slot { key: key.clone(), feed, state: State::Ready, outstanding: None });
        let at = if let Some(at) = self.free.pop() {
            self.slots[at] = slot;
            at
        } else {
            self.slots.push(slot);
            self.slots.len() - 1
        };
        self.by_key.insert(key, at);
        self.ready.push_back(at);
        previous
    }

    /// Takes a feed out, as it is: it is not stopped.
    pub fn remove(&mut self, key: &K) -> Option<F> {
        let at = self.by_key.remove(key)?;
        let slot = self.slots[at].take()?;
        if slot.state == State::Ready {
            self.ready.retain(|ready| *ready != at);
        }
        self.free.push(at);
        Some(slot.feed)
    }

    /// Stops the feed with this key, if there is one: see [`Feed::stop`]. What it delivers until its end is still to come.
    pub fn stop(&mut self, now: Now, key: &K) {
        if let Some(at) = self.by_key.get(key).copied() {
            if let Some(slot) = &mut self.slots[at] {
                slot.feed.stop(now);
            }
            self.wake(at);
        }
    }

    /// Stops all of them.
    pub fn stop_all(&mut self, now: Now) {
        for at in 0..self.slots.len() {
            if let Some(slot) = &mut self.slots[at] {
                slot.feed.stop(now);
                self.wake(at);
            }
        }
    }

    /// What there is to do now.
    pub fn next(&mut self, now: Now) -> FeedSetStep<K, F::Event, Result<F::Output, Error>> {
        self.wake_sleepers(now.moment);
        while let Some(at) = self.ready.pop_front() {
            let Some(slot) = &mut self.slots[at] else { continue };
            let step = slot.feed.poll(now);
            let key = slot.key.clone();
            match &step {
                Step::Sleep(until) => {
                    self.generation += 1;
                    slot.state = State::Sleeping(self.generation);
                    self.sleeping.push(Reverse((*until, self.generation, at)));
                    continue;
                }
                Step::Event(_) => self.ready.push_back(at),
                Step::Send(ticket, _) | Step::File(ticket, _) => {
                    slot.state = State::Waiting;
                    if slot.outstanding.replace(*ticket) == Some(*ticket) {
                        continue;
                    }
                }
                Step::Done(_) => {
                    slot.state = State::Waiting;
                    self.remove(&key);
                }
            }
            return FeedSetStep::Step(key, step);
        }
        if self.is_empty() {
            return FeedSetStep::Empty;
        }
        self.sleeping.peek().map_or(FeedSetStep::Idle, |Reverse((until, ..))| FeedSetStep::Sleep(*until))
    }

    /// Hands a reply to the feed with this key. If there is none, or it does not await that ticket, nothing changes.
    pub fn handle(&mut self, now: Now, key: &K, ticket: Ticket, reply: Reply) {
        if let Some(at) = self.by_key.get(key).copied() {
            if let Some(slot) = &mut self.slots[at] {
                slot.feed.handle(now, ticket, reply);
            }
            self.wake(at);
        }
    }

    /// Hands out again what was handed out and not answered: for those who lost the replies they were waiting for.
    pub fn reissue(&mut self) {
        for at in 0..self.slots.len() {
            let Some(slot) = &mut self.slots[at] else { continue };
            slot.outstanding = None;
            if slot.state == State::Waiting {
                self.wake(at);
            }
        }
    }

    fn wake(&mut self, at: usize) {
        if let Some(slot) = self.slots[at].as_mut().filter(|slot| slot.state != State::Ready) {
            slot.state = State::Ready;
            self.ready.push_back(at);
        }
    }

    fn wake_sleepers(&mut self, now: Moment) {
        while let Some(Reverse((until, turn, at))) = self.sleeping.peek().copied() {
            let outdated = self.slots[at].as_ref().is_none_or(|slot| slot.state != State::Sleeping(turn));
            if !outdated && until > now {
                return;
            }
            self.sleeping.pop();
            if !outdated {
                self.wake(at);
            }
        }
    }
}

impl<K: Ord + Clone, F: Feed> Default for FeedSet<K, F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, F> fmt::Debug for FeedSet<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (feeds, ready) = (self.by_key.len(), self.ready.len());
        f.debug_struct("FeedSet").field("feeds", &feeds).field("ready", &ready).finish_non_exhaustive()
    }
}
