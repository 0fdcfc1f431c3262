use std::{
    fmt,
    future::poll_fn,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use teamwire_core::{Delivery, Feed, FeedSet, Moment, Next, Reply, Step, Ticket};

use super::stop_handle::StopHandle;
use crate::backend::{Backend, BoxFuture};

/// Many feeds, driven by the one task that asks: a [`Stream`] of what they deliver, which ends when all feeds have.
///
/// Each feed has a request of its own under way, and so a connection. Dropping a future of the next delivery loses nothing;
/// dropping the stream itself gives all the feeds up, as with [`Events`](super::Events).
pub struct FeedDriver<K, F: Feed> {
    set: FeedSet<K, F>,
    backend: Arc<dyn Backend>,
    in_flight: FuturesUnordered<BoxFuture<Completed<K>>>,
    /// The wait until a feed wakes, and when that is.
    sleep: Option<(Moment, BoxFuture<()>)>,
    stop_handle: StopHandle,
    stop_requested: bool,
    /// Who is to be stopped, each by itself.
    stopping: Vec<K>,
}

type Completed<K> = (K, Ticket, Reply);

/// It is never pinned itself: what has to be is in a box.
impl<K, F: Feed> Unpin for FeedDriver<K, F> {}

impl<K: Ord + Clone + Send + 'static, F: Feed> FeedDriver<K, F> {
    pub(crate) fn new(set: FeedSet<K, F>, backend: Arc<dyn Backend>) -> Self {
        Self {
            set,
            backend,
            in_flight: FuturesUnordered::new(),
            sleep: None,
            stop_handle: StopHandle::default(),
            stop_requested: false,
            stopping: Vec::new(),
        }
    }

    /// What is delivered next, and by which feed; `None` when all have ended. This is what `StreamExt::next` is elsewhere.
    pub async fn next(&mut self) -> Option<(K, Delivery<F::Event, F::Output>)> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// What ends all the feeds from another task or thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop_handle.clone()
    }

    /// Adds a feed: see [`FeedSet::insert`]. After [`StopHandle::stop`] it is stopped at once.
    pub fn insert(&mut self, key: K, feed: F) -> Option<F> {
        // Who had this key before is gone.
        self.stopping.retain(|stopping| *stopping != key);
        if self.stop_requested {
            self.stopping.push(key.clone());
        }
        self.set.insert(key, feed)
    }

    /// Ends one of the feeds: see [`FeedSet::stop`]. What it delivers until its end is still to come.
    pub fn stop(&mut self, key: &K) {
        self.stopping.push(key.clone());
    }

    /// Stops who is to be stopped. What has arrived is taken first; that something did not is no trouble then, as a feed is
    /// stopped before it is asked for what comes of it.
    fn apply_stops(&mut self, cx: &mut Context<'_>) {
        let all = self.stop_handle.is_stopped() && !mem::replace(&mut self.stop_requested, true);
        if !all && self.stopping.is_empty() {
            return;
        }
        while let Poll::Ready(Some((key, ticket, reply))) = Pin::new(&mut self.in_flight).poll_next(cx) {
            self.set.handle(self.backend.now(), &key, ticket, reply);
        }
        for key in mem::take(&mut self.stopping) {
            self.set.stop(self.backend.now(), &key);
        }
        if all {
            self.in_flight.clear();
            self.set.stop_all(self.backend.now());
            // Who was stopped before was just saying farewell.
            self.set.reissue();
        }
    }

    /// Begins this at once, rather than with the others: an exchange then takes the connection over that the last answer
    /// has left, and no more of them are opened than there are feeds.
    fn start(&mut self, key: K, ticket: Ticket, mut reply: BoxFuture<Reply>, cx: &mut Context<'_>) {
        match reply.as_mut().poll(cx) {
            Poll::Ready(reply) => self.set.handle(self.backend.now(), &key, ticket, reply),
            Poll::Pending => self.in_flight.push(Box::pin(async move { (key, ticket, reply.await) })),
        }
    }

    /// Ready when there is something new to be asked of the feeds.
    fn poll_progress(&mut self, until: Option<Moment>, cx: &mut Context<'_>) -> Poll<()> {
        if let Poll::Ready(Some((key, ticket, reply))) = Pin::new(&mut self.in_flight).poll_next(cx) {
            self.set.handle(self.backend.now(), &key, ticket, reply);
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

impl<K: Ord + Clone + Send + 'static, F: Feed> Stream for FeedDriver<K, F> {
    type Item = (K, Delivery<F::Event, F::Output>);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.stop_handle.register(cx);
        loop {
            this.apply_stops(cx);
            match this.set.next(this.backend.now()) {
                Next::Step(key, Step::Event(event)) => return Poll::Ready(Some((key, Delivery::Event(event)))),
                Next::Step(key, Step::Done(result)) => return Poll::Ready(Some((key, Delivery::Ended(result)))),
                Next::Step(key, Step::Send(ticket, exchange)) => match Arc::clone(&this.backend).send(exchange) {
                    Some(reply) => this.start(key, ticket, reply, cx),
                    // It ends where its script does.
                    None => drop(this.set.remove(&key)),
                },
                Next::Step(key, Step::File(ticket, task)) => {
                    let reply = Arc::clone(&this.backend).file(task);
                    this.start(key, ticket, reply, cx);
                }
                Next::Step(_, Step::Sleep(_)) => {}
                Next::Sleep(until) => ready!(this.poll_progress(Some(until), cx)),
                Next::Wait => ready!(this.poll_progress(None, cx)),
                Next::Empty => return Poll::Ready(None),
            }
        }
    }
}

impl<K, F: Feed> fmt::Debug for FeedDriver<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedDriver")
            .field("set", &self.set)
            .field("stop_handle", &self.stop_handle)
            .finish_non_exhaustive()
    }
}
