//! Many feeds that are followed by claim.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_util::task::AtomicWaker;
use teamwire_core::{
    Error, FeedEvent, StopHandle,
    feed::{FeedEnd, FeedSetEvent, InChat, Resume},
    machine::Feed,
};
use teamwire_std::fleet::{FeedsHandle, Fleet, FleetEvent, Follow, FollowerSet, Running, SetTurn};

use super::{
    driver::FeedDriver,
    handling::{Source, handle_concurrently, handle_each},
    timer::Timer,
};
use crate::stop_waker::StopWaker;

/// [`Stream`] of the events of many feeds that the replicas of a bot share: see [`Fleet::follow`]. It waits until this
/// replica has an event, and ends when all feeds have ended. A set that is empty waits until a feed is
/// [added](FeedsHandle::insert).
///
/// A feed that fails does not end the others: it ends with [`FeedSetEvent::Ended`]. A failure of the store is reported
/// once, as [`Retrying`](FeedEvent::Retrying) of any feed.
///
/// ```
/// use teamwire_async_std::{
///     Client, Draft, Error, FeedSet, Message, fleet::{Fleet, FleetEvent}, model::ThreadId,
/// };
///
/// async fn serve(client: &Client, fleet: &Fleet, chats: &[ThreadId]) -> Result<(), Error> {
///     let mut set = FeedSet::new();
///     for tid in chats {
///         set.insert(tid.clone(), client.chats().chat(tid).new_messages(None).into_feed());
///     }
///     let handle = async |tid: ThreadId, event: FleetEvent<Message>| match event.item() {
///         Some(message) => client.chats().chat(&tid).post(Draft::text("pong").reply_to(&message.mid)).await.map(drop),
///         None => Ok(()),
///     };
///     fleet.follow(client.executor().drive(set)).for_each_concurrent(16, handle).await
/// }
/// ```
///
/// A future of [`next`](Self::next) can be dropped at any time: nothing is lost. Dropping the stream releases the
/// feeds.
#[must_use = "feeds are not handled until their events are requested"]
pub struct FollowedSet<K, F: Feed<Event = FeedEvent<T>>, T: InChat> {
    followers: FollowerSet<K, F, T>,
    driver: FeedDriver<K, F>,
    stop: StopWaker,
    /// Wakes the task that polled last.
    waker: Arc<AtomicWaker>,
    timer: Timer,
    has_ended: bool,
}

/// An event or the end of a feed.
type Item<K, T> = (K, FeedSetEvent<FleetEvent<T>, ()>);

/// Never pinned itself: pinned parts are in boxes.
impl<K, F: Feed<Event = FeedEvent<T>>, T: InChat> Unpin for FollowedSet<K, F, T> {}

impl<K, F, T> Follow for FeedDriver<K, F>
where
    K: Ord + Clone + Send + Sync + 'static,
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    type Followed = FollowedSet<K, F, T>;

    fn follow(mut self, fleet: &Fleet, begins: bool) -> FollowedSet<K, F, T> {
        let waker = Arc::<AtomicWaker>::default();
        let woken = Arc::clone(&waker);
        let followers = FollowerSet::new(fleet, self.take_feeds(), begins, move || woken.wake());
        let stop = StopWaker::new(self.stop_handle());
        FollowedSet { followers, driver: self, stop, waker, timer: Timer::default(), has_ended: false }
    }
}

impl<K, F, T> FollowedSet<K, F, T>
where
    K: Ord + Clone + Send + Sync + 'static,
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    /// Returns the next event, and the key of its feed; `None` after the end. Equivalent to `StreamExt::next`, without
    /// importing the trait.
    pub async fn next(&mut self) -> Option<(K, FeedSetEvent<FleetEvent<T>, ()>)> {
        poll_fn(|cx| self.poll_turn(true, cx)).await
    }

    /// Returns a handle that stops all the feeds from another task or thread. What is being handled is finished and
    /// saved, then the feeds are released.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.handle().clone()
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
    /// minute.
    ///
    /// # Errors
    ///
    /// Fails with the first error that ends a feed, unless [`on_end`](Self::on_end) is set. It has the kind `Store` if
    /// the store cannot be used or has no checkpoint of the feed.
    // Not an `AsyncFnMut`: the compiler cannot prove yet that its futures are `Send`.
    #[doc(alias = "handler")]
    pub async fn for_each<Fut, E>(mut self, mut handler: impl FnMut(K, FleetEvent<T>) -> Fut) -> Result<(), Error>
    where
        Fut: Future<Output = Result<(), E>>,
        E: fmt::Display,
        T: Clone,
    {
        self.followers.set_limit(1);
        handle_each(self, |(key, event)| handler(key, event)).await
    }

    /// Passes the events to `handler` and runs up to `limit` of its futures at once, until the feeds are stopped or
    /// have ended. Those of the same chat in a feed are handled one after the other, in the order of the feed.
    ///
    /// Errors of the handler, and one that does not return, have the same effects as with [one
    /// feed](super::Followed::for_each_concurrent), on the feed of the event. A handler that does not return leaves
    /// less room for others.
    ///
    /// All handlers run in the task that polls the future. A handler that blocks, blocks the others and the feeds.
    ///
    /// # Errors
    ///
    /// Those of [`for_each`](Self::for_each).
    #[doc(alias = "handler")]
    pub async fn for_each_concurrent<Fut, E>(
        mut self,
        limit: usize,
        mut handler: impl FnMut(K, FleetEvent<T>) -> Fut,
    ) -> Result<(), Error>
    where
        Fut: Future<Output = Result<(), E>>,
        E: fmt::Display,
        T: Clone,
    {
        self.followers.set_limit(limit);
        handle_concurrently(self, limit, |(key, event)| handler(key, event)).await
    }

    fn poll_turn(&mut self, room: bool, cx: &mut Context<'_>) -> Poll<Option<Item<K, T>>> {
        // Before the turn, so that the task is woken by a change that comes later.
        self.waker.register(cx.waker());
        loop {
            if self.has_ended {
                return Poll::Ready(None);
            }
            if self.stop.poll_stopped(cx) {
                // The subscriptions are ended on the server. What has arrived is left to the next replica.
                while ready!(Pin::new(&mut self.driver).poll_next(cx)).is_some() {}
                self.has_ended = true;
                return Poll::Ready(None);
            }
            let time = match self.followers.turn(&mut self.driver, room) {
                SetTurn::Handle(key, event) => return Poll::Ready(Some((key, FeedSetEvent::Event(*event)))),
                SetTurn::Ended(key, result) => return Poll::Ready(Some((key, FeedSetEvent::Ended(result)))),
                SetTurn::Poll(time) => time,
                SetTurn::End => {
                    self.has_ended = true;
                    return Poll::Ready(None);
                }
            };
            match Pin::new(&mut self.driver).poll_next(cx) {
                Poll::Ready(Some((key, FeedSetEvent::Event(event)))) => self.followers.push(&key, event),
                Poll::Ready(Some((key, FeedSetEvent::Ended(result)))) => self.followers.end(&key, result.map(drop)),
                Poll::Ready(None) if self.followers.end_driven() => {}
                // Also events of kinds that do not exist yet.
                Poll::Ready(_) | Poll::Pending => ready!(self.timer.poll(self.driver.backend(), time, cx)),
            }
        }
    }
}

impl<K, F, T> Source for FollowedSet<K, F, T>
where
    K: Ord + Clone + Send + Sync + 'static,
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Clone + Send + 'static,
{
    type Event = (K, FleetEvent<T>);
    type Running = (K, Running<T>);

    fn poll_event(&mut self, room: bool, cx: &mut Context<'_>) -> Poll<Option<Result<Self::Event, Error>>> {
        loop {
            match ready!(self.poll_turn(room, cx)) {
                Some((key, FeedSetEvent::Event(event))) => return Poll::Ready(Some(Ok((key, event)))),
                Some((key, FeedSetEvent::Ended(result))) => {
                    if let Err(error) = self.followers.ended(&key, result) {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                Some(_) => {}
                None => return Poll::Ready(None),
            }
        }
    }

    fn run(&self, (key, event): &mut Self::Event) -> Self::Running {
        (key.clone(), FollowerSet::<K, F, T>::run(event))
    }

    fn finish<E: fmt::Display>(&mut self, (key, running): Self::Running, result: Result<(), E>) {
        self.followers.finish(&key, running, result);
    }
}

impl<K, F, T> Stream for FollowedSet<K, F, T>
where
    K: Ord + Clone + Send + Sync + 'static,
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    type Item = Item<K, T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item<K, T>>> {
        self.poll_turn(true, cx)
    }
}

impl<K, F: Feed<Event = FeedEvent<T>>, T: InChat> fmt::Debug for FollowedSet<K, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowedSet").field("followers", &self.followers).finish_non_exhaustive()
    }
}
