//! Feeds that are followed by claim.

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
    feed::{FeedEnd, InChat, Resume},
    machine::Feed,
};
use teamwire_std::fleet::{Fleet, FleetEvent, Follow, Follower, Running, Turn};

use super::{
    events::Events,
    handling::{Source, handle_concurrently, handle_each},
    timer::Timer,
};
use crate::{backend::Backend, stop_waker::StopWaker};

/// [`Stream`] of the events of a feed that one replica of a bot follows at a time: see [`Fleet::follow`]. It waits
/// until this replica holds the feed and has an event.
///
/// A future of [`next`](Self::next) can be dropped at any time: nothing is lost. Dropping the stream releases the feed.
#[must_use = "a feed is not handled until its events are requested"]
pub struct Followed<F: Feed<Event = FeedEvent<T>>, T: InChat> {
    follower: Follower<T>,
    /// The feed as it was given, from which each claim starts one.
    feed: F,
    backend: Arc<dyn Backend>,
    events: Option<Events<F>>,
    stop: StopWaker,
    /// Wakes the task that polled last.
    waker: Arc<AtomicWaker>,
    timer: Timer,
    has_ended: bool,
}

/// Never pinned itself: pinned parts are in boxes.
impl<F: Feed<Event = FeedEvent<T>>, T: InChat> Unpin for Followed<F, T> {}

impl<F, T> Follow for Events<F>
where
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    type Followed = Followed<F, T>;

    fn follow(self, fleet: &Fleet, begins: bool) -> Followed<F, T> {
        let (backend, stop_handle) = (self.backend(), self.stop_handle());
        let feed = self.into_feed();
        let waker = Arc::<AtomicWaker>::default();
        let woken = Arc::clone(&waker);
        Followed {
            follower: Follower::new(fleet, &feed.name(), begins, feed.observer(), move || woken.wake()),
            feed,
            backend,
            events: None,
            stop: StopWaker::new(stop_handle),
            waker,
            timer: Timer::default(),
            has_ended: false,
        }
    }
}

impl<F, T> Followed<F, T>
where
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    /// Returns the next event; `None` after the end. Equivalent to `StreamExt::next`, without importing the trait.
    pub async fn next(&mut self) -> Option<Result<FleetEvent<T>, Error>> {
        poll_fn(|cx| self.poll_turn(cx)).await
    }

    /// Returns a handle that stops the feed from another task or thread. What is being handled is finished and saved,
    /// then the feed is released.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.handle().clone()
    }

    /// Calls `report` with each error of a handler, before its event comes again, such as to log it.
    pub fn on_failure(mut self, report: impl FnMut(&dyn fmt::Display) + Send + 'static) -> Self {
        self.follower.on_failure(report);
        self
    }

    /// Passes each event to `handler`, one after the other, until the feed is stopped or fails.
    ///
    /// If the handler returns an error, the event comes again after a backoff of one second, which doubles up to a
    /// minute.
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed, and with the kind `Store` if the store cannot be used or has no
    /// checkpoint of the feed.
    // Not an `AsyncFnMut`: the compiler cannot prove yet that its futures are `Send`.
    #[doc(alias = "handler")]
    pub async fn for_each<Fut, E>(mut self, handler: impl FnMut(FleetEvent<T>) -> Fut) -> Result<(), Error>
    where
        Fut: Future<Output = Result<(), E>>,
        E: fmt::Display,
        T: Clone,
    {
        self.follower.set_limit(1);
        handle_each(self, handler).await
    }

    /// Passes the events to `handler` and runs up to `limit` of its futures at once, until the feed is stopped or
    /// fails. Those of the same chat are handled one after the other, in the order of the feed: see
    /// [`Tracker`](teamwire_core::feed::Tracker).
    ///
    /// If the handler returns an error, the event comes again after a backoff, and the later events of its chat wait
    /// for it; others are handled meanwhile. A handler that does not return costs its chat and, after the
    /// [handler timeout](teamwire_std::fleet::FleetBuilder::handler_timeout) of the fleet, the claim.
    ///
    /// All handlers run in the task that polls the future. A handler that blocks, blocks the others and the feed.
    ///
    /// # Errors
    ///
    /// Those of [`for_each`](Self::for_each).
    #[doc(alias = "handler")]
    pub async fn for_each_concurrent<Fut, E>(
        mut self,
        limit: usize,
        handler: impl FnMut(FleetEvent<T>) -> Fut,
    ) -> Result<(), Error>
    where
        Fut: Future<Output = Result<(), E>>,
        E: fmt::Display,
        T: Clone,
    {
        self.follower.set_limit(limit);
        handle_concurrently(self, limit, handler).await
    }
}

impl<F, T> Followed<F, T>
where
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<FleetEvent<T>, Error>>> {
        // Before the turn, so that the task is woken by a change that comes later.
        self.waker.register(cx.waker());
        loop {
            if self.has_ended {
                return Poll::Ready(None);
            }
            if self.stop.poll_stopped(cx) {
                ready!(self.poll_end_of_feed(cx));
                return self.end(None);
            }
            match self.follower.turn() {
                Turn::Follow(after) => {
                    let (feed, backend) = (self.feed.resumed(after), Arc::clone(&self.backend));
                    self.events = Some(Events::new(feed, backend, Some(self.stop.handle())));
                }
                Turn::Abandon => self.events = None,
                Turn::Handle(event) => return Poll::Ready(Some(Ok(*event))),
                Turn::Poll(time) => match self.events.as_mut().map(|events| Pin::new(events).poll_next(cx)) {
                    Some(Poll::Ready(Some(Ok(event)))) => self.follower.push(event),
                    Some(Poll::Ready(Some(Err(error)))) => self.follower.end(Err(error)),
                    Some(Poll::Ready(None)) => self.follower.end(Ok(())),
                    Some(Poll::Pending) | None => ready!(self.timer.poll(&self.backend, time, cx)),
                },
                Turn::Wait(time) => ready!(self.timer.poll(&self.backend, time, cx)),
                Turn::End(result) => return self.end(result.err()),
            }
        }
    }

    /// Waits until the subscription of the stopped feed is ended on the server. What has arrived is left to the next
    /// replica.
    fn poll_end_of_feed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(events) = &mut self.events {
            if !matches!(ready!(Pin::new(events).poll_next(cx)), Some(Ok(_))) {
                self.events = None;
            }
        }
        Poll::Ready(())
    }

    fn end(&mut self, error: Option<Error>) -> Poll<Option<Result<FleetEvent<T>, Error>>> {
        self.has_ended = true;
        Poll::Ready(error.map(Err))
    }
}

impl<F, T> Source for Followed<F, T>
where
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Clone + Send + 'static,
{
    type Event = FleetEvent<T>;
    type Running = Running<T>;

    // The limit of the follower leaves room for each of its events.
    fn poll_event(&mut self, _: bool, cx: &mut Context<'_>) -> Poll<Option<Result<FleetEvent<T>, Error>>> {
        self.poll_turn(cx)
    }

    fn run(&self, event: &mut FleetEvent<T>) -> Running<T> {
        self.follower.run(event)
    }

    fn finish<E: fmt::Display>(&mut self, running: Running<T>, result: Result<(), E>) {
        self.follower.finish(running, result);
    }
}

impl<F, T> Stream for Followed<F, T>
where
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    type Item = Result<FleetEvent<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_turn(cx)
    }
}

impl<F: Feed<Event = FeedEvent<T>>, T: InChat> fmt::Debug for Followed<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").field("follower", &self.follower).finish_non_exhaustive()
    }
}
