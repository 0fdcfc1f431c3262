use std::{
    collections::BTreeSet,
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use teamwire_core::{
    FeedSet, StopHandle,
    effect::Moment,
    feed::{FeedSetEvent, FeedSetStep},
    machine::{Feed, Reply, Step, Ticket},
};
use teamwire_std::fleet::Drive;

use crate::{
    backend::{Backend, BoxFuture},
    stop_waker::StopWaker,
};

/// [`Stream`] of the events of many feeds, driven by the task that polls it. It ends when all feeds have ended.
///
/// Each feed has its own request in flight, and so its own connection. Dropping a future of [`next`](Self::next) loses
/// nothing; dropping the stream abandons all feeds, as with [`Events`](super::Events).
#[must_use = "dropping a driver abandons its feeds"]
pub struct FeedDriver<K, F: Feed> {
    set: FeedSet<K, F>,
    backend: Arc<dyn Backend>,
    in_flight: FuturesUnordered<InFlight<K>>,
    /// Timer until the next feed wakes, and its time.
    sleep: Option<(Moment, BoxFuture<()>)>,
    stop: StopWaker,
    stop_requested: bool,
    /// Feeds that are to be stopped one by one.
    stopping: Vec<K>,
    /// Feeds that were removed. Their steps are dropped together, as that takes time.
    abandoned: BTreeSet<K>,
}

/// A step of a feed that is being performed.
struct InFlight<K> {
    /// The feed and the step; `None` once it is complete.
    step: Option<(K, Ticket)>,
    reply: BoxFuture<Reply>,
    /// The feed was stopped before the step, which ends its subscription.
    ends_subscription: bool,
}

/// Only the box is pinned.
impl<K> Unpin for InFlight<K> {}

impl<K> Future for InFlight<K> {
    type Output = Option<(K, Ticket, Reply)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let reply = ready!(self.reply.as_mut().poll(cx));
        Poll::Ready(self.step.take().map(|(key, ticket)| (key, ticket, reply)))
    }
}

/// Never pinned itself: pinned parts are in boxes.
impl<K, F: Feed> Unpin for FeedDriver<K, F> {}

impl<K: Ord + Clone + Send + 'static, F: Feed> FeedDriver<K, F> {
    pub(crate) fn new(set: FeedSet<K, F>, backend: Arc<dyn Backend>, stop: Option<&StopHandle>) -> Self {
        Self {
            set,
            backend,
            in_flight: FuturesUnordered::new(),
            sleep: None,
            stop: StopWaker::new(StopHandle::any(stop)),
            stop_requested: false,
            stopping: Vec::new(),
            abandoned: BTreeSet::new(),
        }
    }

    /// Returns the next event, and the key of its feed; `None` when all feeds have ended. Equivalent to
    /// `StreamExt::next`, without importing the trait.
    pub async fn next(&mut self) -> Option<(K, FeedSetEvent<F::Event, F::Output>)> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Returns a handle that stops all the feeds from another task or thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.handle().clone()
    }

    /// Adds a feed: see [`FeedSet::insert`]. After [`StopHandle::stop`] it is stopped at once.
    pub fn insert(&mut self, key: K, feed: F) -> Option<F> {
        // The previous feed with this key is gone.
        self.stopping.retain(|stopping| *stopping != key);
        if self.stop_requested {
            self.stopping.push(key.clone());
        }
        self.set.insert(key, feed)
    }

    /// Stops one of the feeds: see [`FeedSet::stop`]. Its remaining events and its end are still delivered.
    pub fn stop(&mut self, key: &K) {
        self.stopping.push(key.clone());
    }

    /// Takes the feeds out.
    pub(super) fn take_feeds(&mut self) -> FeedSet<K, F> {
        mem::take(&mut self.set)
    }

    pub(super) const fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// Drops the steps of the removed feeds.
    fn drop_abandoned(&mut self) {
        let abandoned = mem::take(&mut self.abandoned);
        self.retain_steps(|it| it.step.as_ref().is_some_and(|(key, _)| !abandoned.contains(key)));
    }

    fn retain_steps(&mut self, is_kept: impl Fn(&InFlight<K>) -> bool) {
        self.in_flight = mem::take(&mut self.in_flight).into_iter().filter(is_kept).collect();
    }

    /// Applies the requested stops, after the replies that have arrived. A feed is stopped before it is polled, so that
    /// an abandoned request is not reported as a failure.
    fn apply_stops(&mut self, cx: &mut Context<'_>) {
        let all = self.stop.handle().is_stopped() && !mem::replace(&mut self.stop_requested, true);
        if !all && self.stopping.is_empty() {
            return;
        }
        while self.poll_reply(cx).is_ready() {}
        for key in mem::take(&mut self.stopping) {
            self.set.stop(self.backend.now(), &key);
        }
        if all {
            self.retain_steps(|it| it.ends_subscription);
            self.set.stop_all(self.backend.now());
        }
    }

    /// Starts a step at once rather than with the others: an exchange then takes over the connection that the last
    /// response has left, and no more of them are opened than there are feeds.
    fn start(&mut self, key: K, ticket: Ticket, mut reply: BoxFuture<Reply>, cx: &mut Context<'_>) {
        match reply.as_mut().poll(cx) {
            Poll::Ready(reply) => self.set.handle(self.backend.now(), &key, ticket, reply),
            Poll::Pending => {
                let ends_subscription = self.set.is_stopped(&key);
                self.in_flight.push(InFlight { step: Some((key, ticket)), reply, ends_subscription });
            }
        }
    }

    /// Waits for the next reply, and passes it to its feed. Also pending if no step is in progress.
    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Poll::Ready(Some(Some((key, ticket, reply)))) = Pin::new(&mut self.in_flight).poll_next(cx) else {
            return Poll::Pending;
        };
        self.set.handle(self.backend.now(), &key, ticket, reply);
        Poll::Ready(())
    }

    /// Waits for the next reply, or until this moment.
    fn poll_progress(&mut self, until: Option<Moment>, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll_reply(cx).is_ready() {
            return Poll::Ready(());
        }
        let Some(until) = until else { return Poll::Pending };
        let sleep = match self.sleep.take() {
            Some((moment, sleep)) if moment == until => sleep,
            _ => Arc::clone(&self.backend).sleep(until),
        };
        let (_, sleep) = self.sleep.insert((until, sleep));
        ready!(sleep.as_mut().poll(cx));
        self.sleep = None;
        Poll::Ready(())
    }
}

impl<K: Ord + Clone + Send + 'static, F: Feed> Drive<K, F> for FeedDriver<K, F> {
    fn insert(&mut self, key: &K, feed: F) {
        if self.abandoned.contains(key) {
            self.drop_abandoned();
        }
        Self::insert(self, key.clone(), feed);
    }

    fn remove(&mut self, key: &K) {
        self.stopping.retain(|stopping| stopping != key);
        if self.set.remove(key).is_some() {
            self.abandoned.insert(key.clone());
        }
    }

    fn set_paused(&mut self, key: &K, is_paused: bool) {
        self.set.set_paused(key, is_paused);
    }
}

impl<K: Ord + Clone + Send + 'static, F: Feed> Stream for FeedDriver<K, F> {
    type Item = (K, FeedSetEvent<F::Event, F::Output>);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.stop.poll_stopped(cx);
        if !this.abandoned.is_empty() {
            this.drop_abandoned();
        }
        loop {
            this.apply_stops(cx);
            match this.set.next(this.backend.now()) {
                FeedSetStep::Step(key, Step::Event(event)) => {
                    return Poll::Ready(Some((key, FeedSetEvent::Event(event))));
                }
                FeedSetStep::Step(key, Step::Done(result)) => {
                    return Poll::Ready(Some((key, FeedSetEvent::Ended(result))));
                }
                // The feed ends with its script.
                FeedSetStep::Step(key, Step::Send(_, exchange)) if this.backend.has_ended(&exchange) => {
                    drop(this.set.remove(&key));
                }
                FeedSetStep::Step(key, Step::Send(ticket, exchange)) => {
                    let reply = Arc::clone(&this.backend).send(exchange);
                    this.start(key, ticket, reply, cx);
                }
                FeedSetStep::Step(key, Step::File(ticket, task)) => {
                    let done = Arc::clone(&this.backend).file(task);
                    this.start(key, ticket, Box::pin(async move { Reply::File(done.await) }), cx);
                }
                FeedSetStep::Step(_, Step::Sleep(_)) => {}
                FeedSetStep::Sleep(until) => ready!(this.poll_progress(Some(until), cx)),
                FeedSetStep::Idle => ready!(this.poll_progress(None, cx)),
                FeedSetStep::Empty => return Poll::Ready(None),
            }
        }
    }
}

impl<K, F: Feed> fmt::Debug for FeedDriver<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedDriver")
            .field("set", &self.set)
            .field("stop_handle", self.stop.handle())
            .finish_non_exhaustive()
    }
}
