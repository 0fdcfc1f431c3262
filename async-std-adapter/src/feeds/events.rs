use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use teamwire_core::{
    Error, FeedEvent, StopHandle,
    error::Cause,
    feed::{FeedSetEvent, Waited},
    machine::{Feed, Reply, Step, Ticket},
};

use crate::{
    backend::{Backend, BoxFuture},
    stop_waker::StopWaker,
};

/// [`Stream`] of the events of a feed. If the feed ends with an error, that is the last item.
///
/// Nothing is sent until the first event is requested. A future of [`next`](Self::next) can be dropped at any time: the
/// request in flight and its response are kept. Dropping the stream abandons the feed: nothing more is sent, and its
/// subscription expires within minutes.
#[must_use = "a feed sends nothing until its events are requested"]
pub struct Events<F: Feed> {
    task: Box<FeedTask<F>>,
    stop: StopWaker,
    /// An event that was received by [`started`](Self::started), and is delivered next.
    first: Option<F::Event>,
    has_ended: bool,
    end: Option<F::Output>,
}

struct FeedTask<F> {
    feed: F,
    backend: Arc<dyn Backend>,
    in_flight: Option<InFlight>,
    stop_requested: bool,
}

/// The step in progress.
enum InFlight {
    Reply(Ticket, BoxFuture<Reply>),
    Sleep(BoxFuture<()>),
}

/// Never pinned itself: pinned parts are in boxes.
impl<F: Feed> Unpin for Events<F> {}

impl<F: Feed> Events<F> {
    pub(crate) fn new(feed: F, backend: Arc<dyn Backend>, stop: Option<&StopHandle>) -> Self {
        let task = FeedTask { feed, backend, in_flight: None, stop_requested: false };
        let stop = StopWaker::new(StopHandle::any(stop));
        Self { task: Box::new(task), stop, first: None, has_ended: false, end: None }
    }

    /// Returns the next event; `None` after the end. Equivalent to `StreamExt::next`, without importing the trait.
    ///
    /// To wait for something else as well, such as a channel or a socket, race it against the future, for instance by
    /// `select`: nothing is lost if the future is dropped. The next one resumes there.
    pub async fn next(&mut self) -> Option<Result<F::Event, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Passes each event to `handler`, one after the other, until the feed ends.
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed.
    // Not an `AsyncFnMut`: the compiler cannot prove yet that its futures are `Send`.
    #[doc(alias = "handler")]
    pub async fn for_each<Fut>(mut self, mut handler: impl FnMut(F::Event) -> Fut) -> Result<(), Error>
    where
        Fut: Future<Output = ()>,
    {
        while let Some(event) = self.next().await {
            handler(event?).await;
        }
        Ok(())
    }

    /// Passes each event to `handler`, one after the other, until that fails or the feed ends. A failure abandons the
    /// feed, as a drop does.
    ///
    /// # Errors
    ///
    /// Fails with the error of the handler, or the one that ends the feed.
    #[doc(alias = "handler")]
    pub async fn try_for_each<Fut, E>(mut self, mut handler: impl FnMut(F::Event) -> Fut) -> Result<(), E>
    where
        Fut: Future<Output = Result<(), E>>,
        E: From<Error>,
    {
        while let Some(event) = self.next().await {
            handler(event?).await?;
        }
        Ok(())
    }

    /// Returns the next event, or [`TimedOut`](Waited::TimedOut) if there is none within this time. Nothing is lost by
    /// a timeout, as by dropping a future of [`next`](Self::next).
    ///
    /// On a script, responses are ready at once, so there is no timeout.
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed.
    pub async fn next_timeout(&mut self, timeout: Duration) -> Result<Waited<F::Event>, Error> {
        self.next_unless_interrupted(Some(timeout), &StopHandle::new()).await
    }

    /// Returns the next event, or `TimedOut` once this time has passed or the handle is stopped.
    pub(crate) async fn next_unless_interrupted(
        &mut self,
        time: Option<Duration>,
        interrupt: &StopHandle,
    ) -> Result<Waited<F::Event>, Error> {
        let backend = Arc::clone(&self.task.backend);
        let interrupt = StopWaker::new(interrupt.clone());
        let mut timer = time.map(|time| {
            let until = backend.now().moment.saturating_add(time);
            backend.sleep(until)
        });
        poll_fn(|cx| {
            if let Poll::Ready(event) = Pin::new(&mut *self).poll_next(cx) {
                return Poll::Ready(event.transpose().map(|event| event.map_or(Waited::Ended, Waited::Event)));
            }
            if interrupt.poll_stopped(cx) {
                return Poll::Ready(Ok(Waited::TimedOut));
            }
            match &mut timer {
                Some(timer) => timer.as_mut().poll(cx).map(|()| Ok(Waited::TimedOut)),
                None => Poll::Pending,
            }
        })
        .await
    }

    pub(super) fn backend(&self) -> Arc<dyn Backend> {
        Arc::clone(&self.task.backend)
    }

    /// Returns a handle that stops the feed from another task or thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.handle().clone()
    }

    /// Returns how the feed ended; `None` until it has, and if it ended with an error.
    pub const fn end(&self) -> Option<&F::Output> {
        self.end.as_ref()
    }

    /// Returns the feed itself, to be driven with others: see [`AsyncExecutor::drive`](crate::AsyncExecutor::drive).
    /// The request in flight is abandoned. After [`started`](Self::started), the event `Started` is not delivered any
    /// more.
    pub fn into_feed(self) -> F {
        self.task.feed
    }
}

impl<T, F: Feed<Event = FeedEvent<T>>> Events<F> {
    /// Waits until the feed has started, so that it misses nothing that happens from here on: for a bot that posts, and
    /// then waits for reactions. A feed that resumes at a checkpoint has started already.
    ///
    /// The events are delivered afterwards as usual, with [`Started`](FeedEvent::Started). Only failed requests until
    /// then are not: they are retried, and an [observer](crate::observe) sees them. The wait ends when the feed is
    /// [stopped](Self::stop_handle). The future can be dropped at any time, as that of [`next`](Self::next).
    ///
    /// ```
    /// use teamwire_async_std::{AlertType, Client, Draft, Error, User};
    ///
    /// async fn first_reaction(client: &Client) -> Result<Option<User>, Error> {
    ///     let mut events = client.chats().reaction_updates(None);
    ///     events.started().await?;
    ///     let alert = client.chats().chat("c1").post(Draft::text("Pump 3 is down").alert(AlertType::Alert)).await?;
    ///     while let Some(event) = events.next().await {
    ///         if let Some(reaction) = event?.into_item().filter(|reaction| reaction.mid == alert.mid) {
    ///             return Ok(Some(reaction.from_user));
    ///         }
    ///     }
    ///     Ok(None)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed, and with `Cancelled` if it is stopped before it has started.
    pub async fn started(&mut self) -> Result<(), Error> {
        while self.first.is_none() && !self.task.feed.has_started() {
            match self.next().await.transpose()? {
                Some(FeedEvent::Retrying(_)) => {}
                Some(event) => self.first = Some(event),
                None => return Err(Cause::Cancelled { outcome_unknown: false }.into()),
            }
        }
        Ok(())
    }
}

impl<F: Feed> Stream for Events<F> {
    type Item = Result<F::Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(event) = this.first.take() {
            return Poll::Ready(Some(Ok(event)));
        }
        if this.has_ended {
            return Poll::Ready(None);
        }
        let delivery = ready!(this.task.poll(&this.stop, cx));
        if let Some(FeedSetEvent::Event(event)) = delivery {
            return Poll::Ready(Some(Ok(event)));
        }
        this.has_ended = true;
        if let Some(FeedSetEvent::Ended(result)) = delivery {
            match result {
                Ok(end) => this.end = Some(end),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        Poll::Ready(None)
    }
}

impl<F: Feed> FeedTask<F> {
    /// Performs the steps of the feed until its next event; `None` at the end of a script.
    fn poll(&mut self, stop: &StopWaker, cx: &mut Context<'_>) -> Poll<Option<FeedSetEvent<F::Event, F::Output>>> {
        loop {
            if stop.poll_stopped(cx) && !mem::replace(&mut self.stop_requested, true) {
                self.stop(cx);
            }
            if self.poll_in_flight(cx).is_pending() && !self.feed.has_events() {
                return Poll::Pending;
            }
            let backend = Arc::clone(&self.backend);
            self.in_flight = Some(match self.feed.poll(backend.now()) {
                Step::Send(_, exchange) if !self.feed.is_list() && backend.has_ended(&exchange) => {
                    return Poll::Ready(None);
                }
                Step::Send(ticket, exchange) => InFlight::Reply(ticket, backend.send(exchange)),
                Step::File(ticket, task) => {
                    let done = backend.file(task);
                    InFlight::Reply(ticket, Box::pin(async move { Reply::File(done.await) }))
                }
                Step::Sleep(until) => InFlight::Sleep(backend.sleep(until)),
                Step::Event(event) => return Poll::Ready(Some(FeedSetEvent::Event(event))),
                Step::Done(result) => return Poll::Ready(Some(FeedSetEvent::Ended(result))),
            });
        }
    }

    /// Waits for the step in progress, if there is one, and passes its reply to the feed.
    fn poll_in_flight(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.in_flight {
            Some(InFlight::Reply(ticket, reply)) => {
                let reply = ready!(reply.as_mut().poll(cx));
                self.feed.handle(self.backend.now(), *ticket, reply);
            }
            Some(InFlight::Sleep(sleep)) => ready!(sleep.as_mut().poll(cx)),
            None => {}
        }
        self.in_flight = None;
        Poll::Ready(())
    }

    /// Stops the feed, unless its last poll has done so. The step in progress is abandoned, unless it has just
    /// completed. The feed is stopped before it is polled, so that an abandoned request is not reported as a failure.
    fn stop(&mut self, cx: &mut Context<'_>) {
        let _ = self.poll_in_flight(cx);
        if !self.feed.is_stopped() {
            self.in_flight = None;
            self.feed.stop(self.backend.now());
        }
    }
}

impl<F: Feed> fmt::Debug for Events<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("stop_handle", self.stop.handle()).finish_non_exhaustive()
    }
}
