//! Feeds that are followed by claim.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{stream::FuturesUnordered, task::AtomicWaker};
use teamwire_core::{
    Error, FeedEvent, StopHandle,
    feed::{FeedEnd, InChat, Resume},
    machine::Feed,
};
use teamwire_std::fleet::{Fleet, FleetEvent, Follow, Follower, Turn};

use super::events::Events;
use crate::{
    backend::{Backend, BoxFuture},
    stop_waker::StopWaker,
};

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
    timer: Option<BoxFuture<()>>,
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
            follower: Follower::new(fleet, &feed, begins, move || woken.wake()),
            feed,
            backend,
            events: None,
            stop: StopWaker::new(stop_handle),
            waker,
            timer: None,
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
        poll_fn(|cx| self.poll_event(cx)).await
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
    pub async fn for_each<Fut, E>(mut self, mut handler: impl FnMut(FleetEvent<T>) -> Fut) -> Result<(), Error>
    where
        Fut: Future<Output = Result<(), E>>,
        E: fmt::Display,
        T: Clone,
    {
        self.follower.set_limit(1);
        while let Some(event) = self.next().await {
            let mut event = event?;
            let running = self.follower.run(&mut event);
            let result = handler(event).await;
            self.follower.finish(running, result);
        }
        Ok(())
    }

    /// Passes the events to `handler` and runs up to `limit` of its futures at once, until the feed is stopped or
    /// fails. Those of the same chat are handled one after the other, in the order of the feed: see
    /// [`Tracker`](teamwire_core::feed::Tracker).
    ///
    /// If the handler returns an error, the event comes again after a backoff, and the later events of its chat wait
    /// for it; others are handled meanwhile. A handler that does not return costs its chat and, after the
    /// [patience](teamwire_std::fleet::FleetBuilder::patience) of the fleet, the claim.
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
        mut handler: impl FnMut(FleetEvent<T>) -> Fut,
    ) -> Result<(), Error>
    where
        Fut: Future<Output = Result<(), E>>,
        E: fmt::Display,
        T: Clone,
    {
        self.follower.set_limit(limit);
        let mut handlers = FuturesUnordered::new();
        let mut end = None;
        loop {
            if let Some(end) = end.take_if(|_| handlers.is_empty()) {
                return end;
            }
            let event = poll_fn(|cx| {
                let mut has_progressed = false;
                while let Poll::Ready(Some((running, result))) = Pin::new(&mut handlers).poll_next(cx) {
                    self.follower.finish(running, result);
                    has_progressed = true;
                }
                if end.is_none()
                    && let Poll::Ready(event) = self.poll_event(cx)
                {
                    return Poll::Ready(Some(event));
                }
                if has_progressed { Poll::Ready(None) } else { Poll::Pending }
            })
            .await;
            match event {
                Some(Some(Ok(mut event))) => {
                    let running = self.follower.run(&mut event);
                    let handled = handler(event);
                    handlers.push(async move { (running, handled.await) });
                }
                Some(Some(Err(error))) => end = Some(Err(error)),
                Some(None) => end = Some(Ok(())),
                None => {}
            }
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<FleetEvent<T>, Error>>> {
        // Before the turn, so that the task is woken by a change that comes later.
        self.waker.register(cx.waker());
        loop {
            if self.has_ended || self.stop.poll_stopped(cx) {
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
                    Some(Poll::Pending) | None => ready!(self.poll_timer(time, cx)),
                },
                Turn::Wait(time) => ready!(self.poll_timer(time, cx)),
                Turn::End(result) => return self.end(result.err()),
            }
        }
    }

    fn end(&mut self, error: Option<Error>) -> Poll<Option<Result<FleetEvent<T>, Error>>> {
        self.has_ended = true;
        Poll::Ready(error.map(Err))
    }

    /// Waits for this time. A change wakes the task earlier.
    fn poll_timer(&mut self, time: Option<Duration>, cx: &mut Context<'_>) -> Poll<()> {
        let backend = Arc::clone(&self.backend);
        self.timer = time.map(|time| {
            let until = backend.now().moment.saturating_add(time);
            backend.sleep(until)
        });
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<F, T> Stream for Followed<F, T>
where
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    type Item = Result<FleetEvent<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

impl<F: Feed<Event = FeedEvent<T>>, T: InChat> fmt::Debug for Followed<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").field("follower", &self.follower).finish_non_exhaustive()
    }
}
