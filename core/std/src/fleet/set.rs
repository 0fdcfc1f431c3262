//! The part of following many feeds by claim that both executors share.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt, mem,
    sync::Arc,
    time::Duration,
};

use teamwire_core::{
    Error, FeedEvent,
    effect::Moment,
    feed::{InChat, Resume},
};

use super::{
    Fleet, FleetEvent, Wake,
    follower::{Follower, Running, Turn},
    inbox::{Change, FeedsHandle, Inbox},
};

/// Follows many feeds by claim: one [`Follower`] for each. An adapter performs its [turns](Self::turn), and drives the
/// feeds that are held.
///
/// ```text
///   Fleet ──wakes──► FollowerSet ──insert, remove, pause──► driver of the adapter
///   FeedsHandle ───►     │  ▲                                   │
///                        │  └────────────── events ─────────────┘
///                        └──► events to handle
/// ```
///
/// Only feeds for which something has happened have a turn, so that many idle ones cost nothing.
pub struct FollowerSet<K, F, T: InChat> {
    fleet: Fleet,
    feeds: BTreeMap<K, Followed<F, T>>,
    inbox: Arc<Inbox<K, F>>,
    /// Feeds with a turn that may be due.
    ready: VecDeque<K>,
    /// Feeds whose events wait until there is room for a handler.
    waiting: BTreeSet<K>,
    /// Times of the turns of feeds with failed events.
    timers: BTreeSet<(Moment, K)>,
    /// Number of failures of the store in a row that were reported: not of each feed.
    reported: u32,
    limit: Option<usize>,
    has_ended: bool,
    on_failure: OnFailure<K>,
    on_end: Option<OnEnd<K>>,
}

type OnFailure<K> = Box<dyn FnMut(&K, &dyn fmt::Display) + Send>;
type OnEnd<K> = Box<dyn FnMut(&K, Result<(), Error>) + Send>;

/// A feed of the set.
struct Followed<F, T: InChat> {
    follower: Follower<T>,
    /// The feed as it was given, from which each claim starts one.
    feed: F,
    is_driven: bool,
    is_paused: bool,
    is_ready: bool,
    timer: Option<Moment>,
}

/// The driver of an adapter, as a [`FollowerSet`] uses it.
pub trait Drive<K, F> {
    /// Drives a feed.
    fn insert(&mut self, key: &K, feed: F);

    /// Drops a feed.
    fn remove(&mut self, key: &K);

    /// Pauses a feed, or continues it.
    fn set_paused(&mut self, key: &K, is_paused: bool);
}

/// The next action of an adapter.
#[derive(Debug)]
#[must_use]
pub enum SetTurn<K, T: InChat> {
    /// Handle this event.
    Handle(K, Box<FleetEvent<T>>),
    /// The feed has ended, or cannot be followed. It is not in the set any more.
    Ended(K, Result<(), Error>),
    /// Wait for the next event of the driver, which is passed to [`FollowerSet::push`]. Ends when the set is woken, and
    /// after this time.
    Poll(Option<Duration>),
    /// All feeds have ended.
    End,
}

impl<K, F, T> FollowerSet<K, F, T>
where
    K: Ord + Clone + Send + Sync + 'static,
    F: Resume<Event = FeedEvent<T>> + 'static,
    T: InChat + Send + 'static,
{
    /// Starts to follow these feeds. `wake` is called when a [turn](Self::turn) may be due, from any thread.
    pub fn new(
        fleet: &Fleet,
        feeds: impl IntoIterator<Item = (K, F)>,
        begins: bool,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let mut set = Self {
            fleet: fleet.clone(),
            feeds: BTreeMap::new(),
            inbox: Arc::new(Inbox::new(wake)),
            ready: VecDeque::new(),
            waiting: BTreeSet::new(),
            timers: BTreeSet::new(),
            reported: 0,
            limit: None,
            has_ended: false,
            on_failure: Box::new(|_, _| {}),
            on_end: None,
        };
        set.follow(feeds.into_iter().map(|(key, feed)| (key, feed, begins)));
        set
    }

    /// Returns a handle that adds and removes feeds.
    pub fn feeds(&self) -> FeedsHandle<K, F> {
        FeedsHandle(Arc::clone(&self.inbox))
    }

    /// Calls `report` with each error of a handler.
    pub fn on_failure(&mut self, report: impl FnMut(&K, &dyn fmt::Display) + Send + 'static) {
        self.on_failure = Box::new(report);
    }

    /// Calls `report` with the end of each feed: see [`ended`](Self::ended).
    pub fn on_end(&mut self, report: impl FnMut(&K, Result<(), Error>) + Send + 'static) {
        self.on_end = Some(Box::new(report));
    }

    /// Sets the maximum number of events of a feed that are handled at the same time.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = Some(limit);
        for followed in self.feeds.values_mut() {
            followed.follower.set_limit(limit);
        }
    }

    /// Returns the next action. No handler is started unless there is `room` for it.
    pub fn turn(&mut self, driver: &mut impl Drive<K, F>, room: bool) -> SetTurn<K, T> {
        self.take_messages(driver);
        if room {
            for key in mem::take(&mut self.waiting) {
                self.make_ready(key);
            }
        }
        while let Some(key) = self.ready.pop_front() {
            let Some(followed) = self.feeds.get_mut(&key) else { continue };
            followed.is_ready = false;
            if !room {
                self.waiting.insert(key.clone());
            }
            match followed.follower.turn_if(room) {
                Turn::Follow(after) => {
                    driver.insert(&key, followed.feed.resumed(after));
                    (followed.is_driven, followed.is_paused) = (true, false);
                    self.make_ready(key);
                }
                Turn::Abandon => {
                    driver.remove(&key);
                    followed.is_driven = false;
                    self.make_ready(key);
                }
                Turn::Handle(event) => {
                    self.make_ready(key.clone());
                    match event.failures_of_store() {
                        Some(failures) if failures <= self.reported => {}
                        failures => {
                            self.reported = failures.unwrap_or(self.reported);
                            return SetTurn::Handle(key, event);
                        }
                    }
                }
                Turn::Poll(time) => self.rest(driver, key, false, time),
                Turn::Wait(time) => self.rest(driver, key, true, time),
                Turn::End(result) => {
                    self.drop_feed(driver, &key);
                    self.has_ended = self.feeds.is_empty();
                    return SetTurn::Ended(key, result);
                }
            }
        }
        if self.has_ended && self.feeds.is_empty() {
            return SetTurn::End;
        }
        let next = self.timers.first().map(|(due, _)| self.fleet.0.0.clock.until(*due));
        SetTurn::Poll(next)
    }

    /// Adds the next event of a feed.
    pub fn push(&mut self, key: &K, event: FeedEvent<T>) {
        if let Some(followed) = self.feeds.get_mut(key) {
            followed.follower.push(event);
            self.make_ready(key.clone());
        }
    }

    /// Records the end of a feed: see [`Follower::end`].
    pub fn end(&mut self, key: &K, result: Result<(), Error>) {
        if let Some(followed) = self.feeds.get_mut(key) {
            followed.is_driven = false;
            followed.follower.end(result);
            self.make_ready(key.clone());
        }
    }

    /// Records that the driver drives nothing any more, such as at the end of a script. Returns `true` if that is the
    /// end of feeds.
    pub fn end_driven(&mut self) -> bool {
        let driven = self.feeds.iter().filter(|(_, followed)| followed.is_driven);
        let keys: Vec<_> = driven.map(|(key, _)| key.clone()).collect();
        for key in &keys {
            self.end(key, Ok(()));
        }
        !keys.is_empty()
    }

    /// Reports the end of a feed.
    ///
    /// # Errors
    ///
    /// Fails with the error that has ended the feed, unless [`on_end`](Self::on_end) is set.
    pub fn ended(&mut self, key: &K, result: Result<(), Error>) -> Result<(), Error> {
        match &mut self.on_end {
            Some(report) => {
                report(key, result);
                Ok(())
            }
            None => result,
        }
    }

    /// Takes the event over from its handler: the result of the handler decides whether it is handled.
    pub fn run(event: &mut FleetEvent<T>) -> Running<T>
    where
        T: Clone,
    {
        Running::new(event)
    }

    /// Records the result of a handler. An event that was not handled comes again.
    pub fn finish<E: fmt::Display>(&mut self, key: &K, running: Running<T>, result: Result<(), E>) {
        if let Err(error) = &result {
            (self.on_failure)(key, error);
        }
        running.finish(result.is_ok());
    }

    fn take_messages(&mut self, driver: &mut impl Drive<K, F>) {
        let (woken, changes) = self.inbox.take();
        for key in woken {
            self.make_ready(key);
        }
        for change in changes {
            match change {
                Change::Insert(key, feed, begins) => {
                    let is_same = |followed: &Followed<F, T>| followed.follower.feed() == feed.name();
                    if !self.feeds.get(&key).is_some_and(is_same) {
                        self.drop_feed(driver, &key);
                        self.follow([(key, feed, begins)]);
                    }
                }
                Change::Remove(key) => self.drop_feed(driver, &key),
            }
        }
        if self.fleet.0.0.lock().replica.outage().is_none() {
            self.reported = 0;
        }
        let now = self.fleet.0.0.clock.now().moment;
        while let Some((due, key)) = self.timers.pop_first() {
            if due > now {
                self.timers.insert((due, key));
                return;
            }
            self.make_ready(key);
        }
    }

    /// Starts to follow feeds. The keeper sees all of them at once, so that it shares them out once.
    fn follow(&mut self, feeds: impl IntoIterator<Item = (K, F, bool)>) {
        let shared = Arc::clone(&self.fleet.0.0);
        let mut state = shared.lock();
        for (key, feed, begins) in feeds {
            let (inbox, woken) = (Arc::clone(&self.inbox), key.clone());
            let wake: Wake = Arc::new(move || inbox.wake(&woken));
            let mut follower = Follower::start(&self.fleet, &mut state, &feed.name(), begins, feed.observer(), wake);
            if let Some(limit) = self.limit {
                follower.set_limit(limit);
            }
            let followed = Followed { follower, feed, is_driven: false, is_paused: false, is_ready: true, timer: None };
            self.feeds.insert(key.clone(), followed);
            self.ready.push_back(key);
        }
        drop(state);
        shared.changed.notify_all();
    }

    fn make_ready(&mut self, key: K) {
        let Some(followed) = self.feeds.get_mut(&key) else { return };
        if let Some(timer) = followed.timer.take() {
            self.timers.remove(&(timer, key.clone()));
        }
        if !mem::replace(&mut followed.is_ready, true) {
            self.ready.push_back(key);
        }
    }

    /// Waits until the feed is woken, or for this time. It is paused while its events are not wanted.
    fn rest(&mut self, driver: &mut impl Drive<K, F>, key: K, is_paused: bool, time: Option<Duration>) {
        let Some(followed) = self.feeds.get_mut(&key) else { return };
        if followed.is_driven && followed.is_paused != is_paused {
            followed.is_paused = is_paused;
            driver.set_paused(&key, is_paused);
        }
        if let Some(time) = time {
            let due = self.fleet.0.0.clock.now().moment.saturating_add(time);
            followed.timer = Some(due);
            self.timers.insert((due, key));
        }
    }

    fn drop_feed(&mut self, driver: &mut impl Drive<K, F>, key: &K) {
        driver.remove(key);
        self.waiting.remove(key);
        if let Some(Followed { timer: Some(timer), .. }) = self.feeds.remove(key) {
            self.timers.remove(&(timer, key.clone()));
        }
    }
}

impl<K, F, T: InChat> Drop for FollowerSet<K, F, T> {
    fn drop(&mut self) {
        // Later changes would be kept for as long as a handle.
        self.inbox.close();
    }
}

impl<K, F, T: InChat> fmt::Debug for FollowerSet<K, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let feeds = self.feeds.len();
        f.debug_struct("FollowerSet").field("fleet", &self.fleet).field("feeds", &feeds).finish_non_exhaustive()
    }
}
