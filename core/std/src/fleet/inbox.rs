//! Messages to a set of followers, from any thread.

use std::{
    collections::BTreeSet,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Messages to a [`FollowerSet`](super::FollowerSet).
pub(super) struct Inbox<K, F> {
    state: Mutex<State<K, F>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

struct State<K, F> {
    /// Feeds with a turn that may be due.
    woken: BTreeSet<K>,
    changes: Vec<Change<K, F>>,
    /// Set once the set is dropped.
    is_closed: bool,
}

/// A change of the feeds that are followed.
pub(super) enum Change<K, F> {
    /// Follow this feed. The flag is set if it may begin without a saved checkpoint.
    Insert(K, F, bool),
    Remove(K),
}

impl<K: Ord, F> Inbox<K, F> {
    pub(super) fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let state = State { woken: BTreeSet::new(), changes: Vec::new(), is_closed: false };
        Self { state: Mutex::new(state), wake: Box::new(wake) }
    }

    /// Wakes the follower of a feed.
    pub(super) fn wake(&self, key: &K)
    where
        K: Clone,
    {
        self.state().woken.insert(key.clone());
        (self.wake)();
    }

    fn change(&self, change: Change<K, F>) {
        let mut state = self.state();
        if !state.is_closed {
            state.changes.push(change);
        }
        drop(state);
        (self.wake)();
    }

    /// Takes the messages.
    pub(super) fn take(&self) -> (BTreeSet<K>, Vec<Change<K, F>>) {
        let mut state = self.state();
        (mem::take(&mut state.woken), mem::take(&mut state.changes))
    }
}

impl<K, F> Inbox<K, F> {
    /// Drops all changes, also later ones.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.changes.clear();
    }

    fn state(&self) -> MutexGuard<'_, State<K, F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds and removes feeds of a set that is followed by claim, from any thread: such as one for each new chat. Clones
/// are the same handle.
///
/// All members have to follow the same feeds. Until each has added a new feed, any of those that have may get it.
pub struct FeedsHandle<K, F>(pub(super) Arc<Inbox<K, F>>);

impl<K: Ord, F> FeedsHandle<K, F> {
    /// Adds a feed, which resumes at its saved checkpoint: see [`Fleet::follow`](super::Fleet::follow). Without one, it
    /// ends with an error.
    ///
    /// It replaces another feed with this key. If the same feed is followed under this key already, nothing changes.
    pub fn insert(&self, key: K, feed: F) {
        self.0.change(Change::Insert(key, feed, false));
    }

    /// Same as [`insert`](Self::insert), but a feed without a saved checkpoint begins: see
    /// [`Fleet::follow_or_begin`](super::Fleet::follow_or_begin).
    pub fn insert_or_begin(&self, key: K, feed: F) {
        self.0.change(Change::Insert(key, feed, true));
    }

    /// Removes the feed with this key, if any. What was handled is saved, then it is released.
    pub fn remove(&self, key: K) {
        self.0.change(Change::Remove(key));
    }
}

impl<K, F> Clone for FeedsHandle<K, F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, F> fmt::Debug for FeedsHandle<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FeedsHandle")
    }
}
