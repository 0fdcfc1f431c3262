use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use teamwire_sandbox::world::{self, Now, PersonActions, PostedMessage};

use crate::{agenda::Due, sent_request::SentRequest, state::State};

/// A server, people and a clock, all virtual, for one test: see the [crate]. Clones are the same world.
#[derive(Clone)]
pub struct World(Arc<Mutex<State<Self>>>);

impl World {
    /// Creates a world with the organisation of [`org`](crate::org), at midnight (UTC) of 5 January 2026, a Monday. The
    /// same seed has the same ids, keys and jitter, so that a test repeats itself exactly.
    pub fn new(seed: u64) -> Self {
        let start = DateTime::from_timestamp(1_767_571_200, 0).expect("the timestamp is in range");
        Self::starting_at(seed, start)
    }

    /// Same as [`new`](Self::new), at another time of day and year.
    pub fn starting_at(seed: u64, start: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(State::new(seed, start))))
    }

    /// Lets a user of the organisation act, now, by the same rules as bots. The closure does not use the world.
    ///
    /// ```
    /// use teamwire_testing::{World, org};
    ///
    /// let world = World::new(7);
    /// let mid = world.act(org::ANNA, |anna| anna.post_alert(org::LOBBY, "Pump 3 is down", "alert"))?;
    /// world.act(org::BEN, |ben| ben.react(org::LOBBY, &mid, "ok"))?;
    /// # Ok::<(), teamwire_testing::Rejection>(())
    /// ```
    pub fn act<T>(&self, uid: &str, act: impl FnOnce(&mut PersonActions<'_>) -> T) -> T {
        self.administer(|server, now| act(&mut server.as_person(now, uid)))
    }

    /// Changes the server itself, now, as its administrator: settings, keys, limits, expired leases and cursors. The
    /// closure does not use the world.
    ///
    /// ```
    /// use teamwire_testing::World;
    ///
    /// let world = World::new(7);
    /// world.administer(|server, _| server.org_settings().leaving = false);
    /// world.administer(|server, now| server.expire_leases(now));
    /// ```
    pub fn administer<T>(&self, act: impl FnOnce(&mut world::World, Now) -> T) -> T {
        let (mut server, now) = self.with(|state| (state.take_server(), state.now()));
        let result = act(&mut server, now);
        self.with(|state| state.put_server(server));
        result
    }

    /// Performs an action at this time after the start of the world; immediately before the next event if that has
    /// passed. Actions of the same time keep their order, and come before the requests of the bot at that time.
    ///
    /// An action can use the world and the clients. A blocking client moves the clock within the action; use
    /// [`run`](Self::run) for the futures of an asynchronous one.
    pub fn at(&self, time: Duration, action: impl FnOnce(&Self) + Send + 'static) {
        self.with(|state| state.agenda.add(time.max(state.clock), Due::Action(Box::new(action))));
    }

    /// Performs an action after this time from now: see [`at`](Self::at).
    pub fn after(&self, time: Duration, action: impl FnOnce(&Self) + Send + 'static) {
        self.at(self.elapsed().saturating_add(time), action);
    }

    /// Performs an action with each message that a bot posts from now on, before the bot receives the response. Use
    /// [`after`](Self::after) within it for people who react later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use teamwire_testing::{World, org};
    ///
    /// let world = World::new(7);
    /// world.whenever_posted(|world, message| {
    ///     let message = message.clone();
    ///     world.after(Duration::from_secs(90), move |world| {
    ///         world.act(org::ANNA, |anna| anna.react(&message.tid, &message.mid, "ok")).expect("she may react");
    ///     });
    /// });
    /// ```
    pub fn whenever_posted(&self, action: impl Fn(&Self, &PostedMessage) + Send + Sync + 'static) {
        self.with(|state| state.hooks.push(Arc::new(action)));
    }

    /// Makes the server unreachable for this time from now. Exchanges in progress are cut: the bot cannot know whether
    /// the server has acted on them. Others fail without having been sent.
    pub fn down_for(&self, time: Duration) {
        self.with(|state| state.down_for(time, None));
    }

    /// Makes the requests of one chat fail for this time from now, as if the server was unreachable for them. Those in
    /// progress are cut. The feeds of all chats continue.
    ///
    /// ```
    /// use std::time::Duration;
    /// use teamwire_testing::{World, org};
    ///
    /// let world = World::new(7);
    /// world.down_in(org::LOBBY, Duration::from_secs(3600));
    /// let client = world.blocking();
    /// client.chats().chat(org::LOBBY).post("hello").expect_err("it fails");
    /// client.chats().chat(org::NOTICES).post("hello").expect("it is another chat");
    /// ```
    pub fn down_in(&self, tid: &str, time: Duration) {
        self.with(|state| state.down_for(time, Some(tid)));
    }

    /// Sets the time between a request and its response from now on: half of it passes before the request arrives. Zero
    /// initially. If it exceeds the timeout of a request, the client times out although the server has acted; above
    /// twice the timeout, the request does not arrive either.
    pub fn latency(&self, time: Duration) {
        self.with(|state| state.latency.default = time);
    }

    /// Sets the [latency](Self::latency) of the requests of one chat from now on, so that it is slower than others. The
    /// feeds of all chats keep theirs.
    pub fn latency_in(&self, tid: &str, time: Duration) {
        self.with(|state| state.latency.set(tid, time));
    }

    /// Returns the texts of the messages in a chat, oldest first; `None` for deleted messages and those without text.
    pub fn texts(&self, tid: &str) -> Vec<Option<String>> {
        self.with(|state| state.server().texts(tid))
    }

    /// Returns the messages in a chat, oldest first, without those that were deleted: with their ids, senders, types
    /// and attachments.
    ///
    /// ```
    /// use teamwire_testing::{World, org};
    ///
    /// let world = World::new(7);
    /// let mid = world.act(org::ANNA, |anna| anna.post(org::LOBBY, "Pump 3 is down"))?;
    /// let message = &world.messages(org::LOBBY)[0];
    /// assert_eq!((&message.mid, message.from.as_str(), message.is_from_bot), (&mid, org::ANNA, false));
    /// # Ok::<(), teamwire_testing::Rejection>(())
    /// ```
    pub fn messages(&self, tid: &str) -> Vec<PostedMessage> {
        self.with(|state| state.server().messages(tid))
    }

    /// Returns the latitude and longitude of each user who shares a position in a chat now, by `uid`: people and bots.
    pub fn positions(&self, tid: &str) -> BTreeMap<String, (f64, f64)> {
        self.with(|state| {
            let now = state.now();
            state.server().positions(now, tid)
        })
    }

    /// Returns the requests that the clients have sent, in order.
    ///
    /// This includes the polls of feeds while nothing happens, every 25 seconds. After some minutes without any event,
    /// the world repeats them on its own, so that weeks pass quickly: the client, and a backend around that of the
    /// world, see only the last one before the next event.
    pub fn requests(&self) -> Vec<SentRequest> {
        let mut requests = self.with(|state| state.requests.clone());
        requests.sort_by_key(|request| request.at);
        requests
    }

    /// Returns the time since the start of the world.
    pub fn elapsed(&self) -> Duration {
        self.with(|state| state.clock)
    }

    /// Calls the function with the state locked, then wakes the tasks that it has released.
    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut State<Self>) -> T) -> T {
        let mut state = self.lock();
        let result = f(&mut state);
        let woken = std::mem::take(&mut state.woken);
        drop(state);
        for waker in woken {
            waker.wake();
        }
        result
    }

    /// A panic with the lock held is that of a failed test, whose values are still dropped.
    fn lock(&self) -> MutexGuard<'_, State<Self>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("elapsed", &self.elapsed()).finish_non_exhaustive()
    }
}
