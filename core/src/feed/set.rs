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

/// Many feeds driven as one. A single task can drive thousands: only feeds with work cost anything.
///
/// Call [`next`](Self::next), perform the step, pass its reply to [`handle`](Self::handle), and repeat. Feeds take
/// turns, so a busy one does not delay the others. A feed that has ended is removed from the set.
#[must_use = "a set of feeds does nothing until it is driven"]
pub struct FeedSet<K, F> {
    slots: Vec<Option<Slot<K, F>>>,
    free: Vec<usize>,
    by_key: BTreeMap<K, usize>,
    /// Slots to poll next. Entries of feeds that were removed are stale, and skipped by their generation.
    ready: VecDeque<Turn>,
    /// Sleep deadlines. Entries of feeds that were removed or woken early are stale.
    sleeping: BinaryHeap<Reverse<(Moment, Turn)>>,
    generation: u64,
}

struct Slot<K, F> {
    key: K,
    feed: F,
    state: State,
    /// Ticket of the last step that was returned.
    outstanding: Option<Ticket>,
    is_paused: bool,
}

/// An entry in a queue: the generation, which no other entry has, and the slot.
type Turn = (u64, usize);

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The generation of its entry in `ready`.
    Ready(u64),
    /// Its step was returned and has no reply yet.
    Waiting,
    /// The generation of its entry in `sleeping`.
    Sleeping(u64),
    /// It was ready while it was paused.
    Paused,
}

/// The next action for a [`FeedSet`].
#[derive(Debug)]
pub enum FeedSetStep<K, E, T> {
    /// A step of the feed with this key. [`Step::Send`] and [`Step::File`] are returned once,
    /// [`Step::Sleep`] never. With [`Step::Done`], the feed has been removed from the set.
    Step(K, Step<E, T>),
    /// Nothing to do until this time, unless a reply arrives or a feed is added, stopped or continued.
    Sleep(Moment),
    /// Nothing to do until a reply arrives or a feed is added, stopped or continued.
    Idle,
    /// The set has no feeds.
    Empty,
}

impl<K: Ord + Clone, F: Feed> FeedSet<K, F> {
    /// Creates an empty set.
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

    /// Returns the number of feeds.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Returns `true` if the set has no feeds.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Adds a feed. Returns the previous feed with this key, if any, without stopping it.
    pub fn insert(&mut self, key: K, feed: F) -> Option<F> {
        let previous = self.remove(&key);
        let slot = Some(Slot { key: key.clone(), feed, state: State::Waiting, outstanding: None, is_paused: false });
        let index = if let Some(index) = self.free.pop() {
            self.slots[index] = slot;
            index
        } else {
            self.slots.push(slot);
            self.slots.len() - 1
        };
        self.by_key.insert(key, index);
        self.wake(index);
        previous
    }

    /// Removes a feed and returns it, without stopping it.
    pub fn remove(&mut self, key: &K) -> Option<F> {
        let index = self.by_key.remove(key)?;
        let slot = self.slots[index].take()?;
        self.free.push(index);
        self.discard_stale();
        Some(slot.feed)
    }

    /// Stops the feed with this key, if any: see [`Feed::stop`]. Its remaining events and its end are still returned,
    /// also if it was [paused](Self::set_paused).
    pub fn stop(&mut self, now: Now, key: &K) {
        self.set_paused(key, false);
        if let Some(index) = self.by_key.get(key).copied() {
            if let Some(slot) = &mut self.slots[index] {
                slot.feed.stop(now);
            }
            self.wake(index);
        }
    }

    /// Pauses the feed with this key, if any, or continues it: for a caller that cannot take more of its events. A
    /// paused feed returns no step. The reply to its request in flight is still to be [passed](Self::handle) to it.
    pub fn set_paused(&mut self, key: &K, is_paused: bool) {
        let Some(index) = self.by_key.get(key).copied() else { return };
        let Some(slot) = &mut self.slots[index] else { return };
        slot.is_paused = is_paused;
        if !is_paused && slot.state == State::Paused {
            slot.state = State::Waiting;
            self.wake(index);
        }
    }

    /// Returns `true` if the feed with this key is stopped: see [`Feed::is_stopped`].
    pub fn is_stopped(&self, key: &K) -> bool {
        let slot = self.by_key.get(key).and_then(|index| self.slots[*index].as_ref());
        slot.is_some_and(|slot| slot.feed.is_stopped())
    }

    /// Stops all feeds.
    pub fn stop_all(&mut self, now: Now) {
        for key in self.by_key.keys().cloned().collect::<Vec<_>>() {
            self.stop(now, &key);
        }
    }

    /// Returns the next action.
    pub fn next(&mut self, now: Now) -> FeedSetStep<K, F::Event, Result<F::Output, Error>> {
        self.wake_sleepers(now.moment);
        while let Some((generation, index)) = self.ready.pop_front() {
            let Some(slot) = &mut self.slots[index] else { continue };
            if slot.state != State::Ready(generation) {
                continue;
            }
            if slot.is_paused {
                slot.state = State::Paused;
                continue;
            }
            let step = slot.feed.poll(now);
            let key = slot.key.clone();
            match &step {
                Step::Sleep(until) => {
                    self.generation += 1;
                    slot.state = State::Sleeping(self.generation);
                    self.sleeping.push(Reverse((*until, (self.generation, index))));
                    self.discard_stale();
                    continue;
                }
                Step::Event(_) => self.ready.push_back((generation, index)),
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

    /// Passes a reply to the feed with this key. Unknown keys and tickets are ignored.
    pub fn handle(&mut self, now: Now, key: &K, ticket: Ticket, reply: Reply) {
        if let Some(index) = self.by_key.get(key).copied() {
            if let Some(slot) = &mut self.slots[index] {
                slot.feed.handle(now, ticket, reply);
            }
            self.wake(index);
        }
    }

    /// Returns all steps without a reply once more, for a caller that has lost its requests in flight.
    pub fn reissue(&mut self) {
        for index in 0..self.slots.len() {
            let Some(slot) = &mut self.slots[index] else { continue };
            slot.outstanding = None;
            if slot.state == State::Waiting {
                self.wake(index);
            }
        }
    }

    fn wake(&mut self, index: usize) {
        let is_idle = |slot: &&mut Slot<K, F>| matches!(slot.state, State::Waiting | State::Sleeping(_));
        if let Some(slot) = self.slots[index].as_mut().filter(is_idle) {
            self.generation += 1;
            slot.state = State::Ready(self.generation);
            self.ready.push_back((self.generation, index));
        }
    }

    /// Discards stale entries once they are the majority, so that each costs a constant time.
    fn discard_stale(&mut self) {
        let (slots, limit) = (&self.slots, 2 * self.by_key.len() + 64);
        let state = |index: usize| slots[index].as_ref().map(|slot| slot.state);
        if self.ready.len() > limit {
            self.ready.retain(|(generation, index)| state(*index) == Some(State::Ready(*generation)));
        }
        if self.sleeping.len() > limit {
            self.sleeping
                .retain(|Reverse((_, (generation, index)))| state(*index) == Some(State::Sleeping(*generation)));
        }
    }

    fn wake_sleepers(&mut self, now: Moment) {
        while let Some(Reverse((until, (generation, index)))) = self.sleeping.peek().copied() {
            let outdated = self.slots[index].as_ref().is_none_or(|slot| slot.state != State::Sleeping(generation));
            if !outdated && until > now {
                return;
            }
            self.sleeping.pop();
            if !outdated {
                self.wake(index);
            }
        }
    }
}

/// Takes the feeds out of a set, in the order of their keys.
impl<K: Ord, F> IntoIterator for FeedSet<K, F> {
    type Item = (K, F);
    type IntoIter = alloc::vec::IntoIter<(K, F)>;

    fn into_iter(mut self) -> Self::IntoIter {
        let slots = self.by_key.into_values().filter_map(|index| self.slots[index].take());
        slots.map(|slot| (slot.key, slot.feed)).collect::<Vec<_>>().into_iter()
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
