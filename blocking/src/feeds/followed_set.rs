//! Many feeds that are followed by claim.

use std::fmt;

use teamwire_core::{
    Error, FeedEvent, StopHandle,
    feed::{FeedEnd, FeedSetEvent, InChat, Resume},
    machine::Feed,
};
use teamwire_std::fleet::{FeedsHandle, Fleet, FleetEvent, Follow, FollowerSet, Running, SetTurn};

use super::{
    driver::{FeedDriver, Progress},
    handling::{Next, Source},
    workers::Interrupt,
};

/// Iterator over the events of many feeds that the replicas of a bot share: see [`Fleet::follow`]. It blocks until this
/// replica has an event, and ends when all feeds have ended. A set that is empty waits until a feed is
/// [added](FeedsHandle::insert).
///
/// A feed that fails does not end the others: it ends with [`FeedSetEvent::Ended`]. A failure of the store is reported
/// once, as [`Retrying`](FeedEvent::Retrying) of any feed.
///
/// ```
/// use teamwire_blocking::{Client, Draft, Error, FeedSet, fleet::Fleet, model::ThreadId};
///
/// fn serve(client: &Client, fleet: &Fleet, chats: &[ThreadId]) -> Result<(), Error> {
///     let mut set = FeedSet::new();
///     for tid in chats {
///         set.insert(tid.clone(), client.chats().chat(tid).new_messages(None).into_feed());
///     }
///     let followed = fleet.follow(client.executor().drive(set, 64)?);
///     followed.for_each_concurrent(16, |tid, event| match event.item() {
///         Some(message) => client.chats().chat(&tid).post(Draft::text("pong").reply_to(&message.mid)).map(drop),
///         None => Ok(()),
///     })
/// }
/// ```
///
/// Dropping it releases the feeds.
#[must_use = "feeds are not handled until their events are requested"]
pub struct FollowedSet<K, F: Feed<Event = FeedEvent<T>>, T: InChat> {
    followers: FollowerSet<K, F, T>,
    driver: FeedDriver<K, F>,
    interrupt: Interrupt,
    has_ended: bool,
}

/// An event or the end of a feed.
type Item<K, T> = (K, FeedSetEvent<FleetEvent<T>, ()>);
type Boxed<K, T> = (K, FeedSetEvent<Box<FleetEvent<T>>, ()>);

impl<K, F, T> Follow for FeedDriver<K, F>
where
    K: Ord + Clone + Send + Sync + 'static,
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    type Followed = FollowedSet<K, F, T>;

    fn follow(mut self, fleet: &Fleet, begins: bool) -> FollowedSet<K, F, T> {
        let signal = self.signal().clone();
        let followers = FollowerSet::new(fleet, self.take_feeds(), begins, move || signal.notify());
        FollowedSet { followers, driver: self, interrupt: Interrupt::default(), has_ended: false }
    }
}

impl<K, F, T> FollowedSet<K, F, T>
where
    K: Ord + Clone + Send + Sync + 'static,
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    /// Returns a handle that stops all the feeds from another thread. What is being handled is finished and saved, then
    /// the feeds are released.
    pub fn stop_handle(&self) -> StopHandle {
        self.driver.stop_handle()
    }

    /// Returns a handle that adds and removes feeds, such as that of a new chat.
    pub fn feeds(&self) -> FeedsHandle<K, F> {
        self.followers.feeds()
    }

    /// Calls `report` with each error of a handler, before its event comes again, such as to log it.
    pub fn on_failure(mut self, report: impl FnMut(&K, &dyn fmt::Display) + Send + 'static) -> Self {
        self.followers.on_failure(report);
        self
    }

    /// Calls `report` with the end of each feed, and follows the others. By default, [`for_each`](Self::for_each) fails
    /// with the first error that ends a feed.
    pub fn on_end(mut self, report: impl FnMut(&K, Result<(), Error>) + Send + 'static) -> Self {
        self.followers.on_end(report);
        self
    }

    /// Passes each event to `handler`, one after the other, until the feeds are stopped or have ended.
    ///
    /// If the handler returns an error, the event comes again after a backoff of one second, which doubles up to a
    /// minute. A panic of the handler continues in the calling thread; the next replica gets the event.
    ///
    /// # Errors
    ///
    /// Fails with the first error that ends a feed, unless [`on_end`](Self::on_end) is set. It has the kind `Store` if
    /// the store cannot be used or has no checkpoint of the feed.
    #[doc(alias = "handler")]
    pub fn for_each<E: fmt::Display>(
        mut self,
        mut handler: impl FnMut(K, FleetEvent<T>) -> Result<(), E>,
    ) -> Result<(), Error>
    where
        T: Clone,
    {
        self.followers.set_limit(1);
        self.handle_each(|(key, event)| handler(key, *event))
    }

    /// Passes the events to `handler` in up to `limit` threads at once, until the feeds are stopped or have ended.
    /// Those of the same chat in a feed are handled one after the other, in the order of the feed.
    ///
    /// Errors and panics of the handler, and one that does not return, have the same effects as with [one
    /// feed](super::Followed::for_each_concurrent), on the feed of the event. A handler that does not return leaves
    /// less room for others.
    ///
    /// On the virtual clock of a script or of a simulated server, the handlers run one after the other in the calling
    /// thread.
    ///
    /// # Errors
    ///
    /// Those of [`for_each`](Self::for_each).
    #[doc(alias = "handler")]
    pub fn for_each_concurrent<E: fmt::Display + Send>(
        mut self,
        limit: usize,
        handler: impl Fn(K, FleetEvent<T>) -> Result<(), E> + Sync,
    ) -> Result<(), Error>
    where
        T: Clone,
    {
        if self.driver.backend().is_virtual() {
            return self.for_each(handler);
        }
        self.followers.set_limit(limit);
        self.handle_in_threads(limit, |(key, event): (K, Box<_>)| handler(key, *event))
    }

    fn next_turn(&mut self, interrupted: &StopHandle, room: bool) -> Next<Boxed<K, T>> {
        if self.has_ended {
            return Next::Ended(Ok(()));
        }
        if self.driver.stop_handle().is_stopped() {
            // The subscriptions are ended on the server. What has arrived is left to the next replica.
            while self.driver.next().is_some() {}
            return self.end();
        }
        let time = match self.followers.turn(&mut self.driver, room) {
            SetTurn::Handle(key, event) => return Next::Event((key, FeedSetEvent::Event(event))),
            SetTurn::Ended(key, result) => return Next::Event((key, FeedSetEvent::Ended(result))),
            SetTurn::Poll(time) => time,
            SetTurn::End => return self.end(),
        };
        let limit = time.map(|time| self.driver.backend().now().moment.saturating_add(time));
        match self.driver.poll() {
            Progress::Event((key, FeedSetEvent::Event(event))) => self.followers.push(&key, event),
            Progress::Event((key, FeedSetEvent::Ended(result))) => self.followers.end(&key, result.map(drop)),
            Progress::Waiting(until) => {
                let signal = self.driver.signal().clone();
                let _woken = interrupted.on_stop(move || signal.notify());
                self.driver.wait(until.into_iter().chain(limit).min());
            }
            // Also of kinds that do not exist yet.
            Progress::Event(_) | Progress::Ended => {
                if !self.followers.end_driven() {
                    let signal = self.driver.signal().clone();
                    let notified = signal.clone();
                    let _woken = interrupted.on_stop(move || notified.notify());
                    signal.wait(time);
                }
            }
        }
        Next::Woken
    }

    fn end<E>(&mut self) -> Next<E> {
        self.has_ended = true;
        Next::Ended(Ok(()))
    }
}

impl<K, F, T> Source for FollowedSet<K, F, T>
where
    K: Ord + Clone + Send + Sync + 'static,
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Clone + Send + 'static,
{
    type Event = (K, Box<FleetEvent<T>>);
    type Running = (K, Running<T>);

    fn step(&mut self, interrupted: &StopHandle, room: bool) -> Next<Self::Event> {
        match self.next_turn(interrupted, room) {
            Next::Event((key, FeedSetEvent::Event(event))) => Next::Event((key, event)),
            Next::Event((key, FeedSetEvent::Ended(result))) => match self.followers.ended(&key, result) {
                Ok(()) => Next::Woken,
                Err(error) => Next::Ended(Err(error)),
            },
            Next::Event(_) | Next::Woken => Next::Woken,
            Next::Ended(result) => Next::Ended(result),
        }
    }

    fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    fn run(&self, (key, event): &mut Self::Event) -> Self::Running {
        (key.clone(), FollowerSet::<K, F, T>::run(event))
    }

    fn finish<E: fmt::Display>(&mut self, (key, running): Self::Running, result: Result<(), E>) {
        self.followers.finish(&key, running, result);
    }
}

impl<K, F, T> Iterator for FollowedSet<K, F, T>
where
    K: Ord + Clone + Send + Sync + 'static,
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    type Item = Item<K, T>;

    fn next(&mut self) -> Option<Item<K, T>> {
        loop {
            let interrupted = self.interrupt.arm();
            match self.next_turn(&interrupted, true) {
                Next::Event((key, FeedSetEvent::Event(event))) => return Some((key, FeedSetEvent::Event(*event))),
                Next::Event((key, FeedSetEvent::Ended(result))) => return Some((key, FeedSetEvent::Ended(result))),
                Next::Event(_) | Next::Woken => {}
                Next::Ended(_) => return None,
            }
        }
    }
}

impl<K, F: Feed<Event = FeedEvent<T>>, T: InChat> fmt::Debug for FollowedSet<K, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowedSet").field("followers", &self.followers).finish_non_exhaustive()
    }
}
