use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use teamwire_core::{Delivery, Error, Feed, Reply, Step, Ticket};

use super::stop_handle::StopHandle;
use crate::backend::{Backend, BoxFuture};

/// The events of a feed, as they come: a [`Stream`], which ends when the feed does. If that is by an error, the error is
/// its last item.
///
/// Nothing is sent before the first event is asked for. A future of the next event may be dropped at any time: the request
/// under way is kept, and so is all that arrives. Dropping the stream itself gives the feed up: nothing more is sent, and
/// its subscription ends by itself within minutes.
pub struct Events<F: Feed> {
    task: Box<FeedTask<F>>,
    stop_handle: StopHandle,
    over: bool,
    end: Option<F::Output>,
}

struct FeedTask<F> {
    feed: F,
    backend: Arc<dyn Backend>,
    /// The step that was taken last, as long as it takes. A wait has no reply.
    in_flight: Option<BoxFuture<Option<(Ticket, Reply)>>>,
    stop_requested: bool,
}

/// It is never pinned itself: what has to be is in a box.
impl<F: Feed> Unpin for Events<F> {}

impl<F: Feed> Events<F> {
    pub(crate) fn new(feed: F, backend: Arc<dyn Backend>) -> Self {
        let task = FeedTask { feed, backend, in_flight: None, stop_requested: false };
        Self { task: Box::new(task), stop_handle: StopHandle::default(), over: false, end: None }
    }

    /// The next event; `None` after the end. This is what `StreamExt::next` is elsewhere.
    pub async fn next(&mut self) -> Option<Result<F::Event, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Hands each event to `handler`, and the next one when that is done with it, until the feed ends. Raises the error that
    /// it ends by.
    // Not an `AsyncFnMut`: the compiler cannot tell yet that what one of those borrows may be sent to another thread.
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

    /// What ends the feed from another task or thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop_handle.clone()
    }

    /// How the feed ended; `None` as long as it has not, and if it was by an error.
    pub const fn end(&self) -> Option<&F::Output> {
        self.end.as_ref()
    }

    /// The feed itself, to be driven with others: see [`AsyncExecutor::drive`](crate::AsyncExecutor::drive). What is under way is given up.
    pub fn into_feed(self) -> F {
        self.task.feed
    }
}

impl<F: Feed> Stream for Events<F> {
    type Item = Result<F::Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        let delivery = ready!(this.task.poll(&this.stop_handle, cx));
        if let Some(Delivery::Event(event)) = delivery {
            return Poll::Ready(Some(Ok(event)));
        }
        this.over = true;
        if let Some(Delivery::Ended(result)) = delivery {
            match result {
                Ok(end) => this.end = Some(end),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        Poll::Ready(None)
    }
}

impl<F: Feed> FeedTask<F> {
    /// Carries out the feed's steps, to the next thing that it delivers; `None` where a script ends.
    fn poll(&mut self, stop_handle: &StopHandle, cx: &mut Context<'_>) -> Poll<Option<Delivery<F::Event, F::Output>>> {
        stop_handle.register(cx);
        loop {
            if stop_handle.is_stopped() {
                self.stop(cx);
            }
            if let Some(in_flight) = &mut self.in_flight {
                let answered = ready!(in_flight.as_mut().poll(cx));
                self.in_flight = None;
                if let Some((ticket, reply)) = answered {
                    self.feed.handle(self.backend.now(), ticket, reply);
                }
            }
            let backend = Arc::clone(&self.backend);
            self.in_flight = Some(match self.feed.poll(backend.now()) {
                Step::Send(ticket, exchange) => {
                    let Some(reply) = backend.send(exchange) else { return Poll::Ready(None) };
                    Box::pin(async move { Some((ticket, reply.await)) })
                }
                Step::File(ticket, task) => {
                    let reply = backend.file(task);
                    Box::pin(async move { Some((ticket, reply.await)) })
                }
                Step::Sleep(until) => {
                    let sleep = backend.sleep(until);
                    Box::pin(async move {
                        sleep.await;
                        None
                    })
                }
                Step::Event(event) => return Poll::Ready(Some(Delivery::Event(event))),
                Step::Done(result) => return Poll::Ready(Some(Delivery::Ended(result))),
            });
        }
    }

    /// Gives up what is under way, unless it has just come to its end: what has arrived is taken. That nothing did is no
    /// trouble then, as the feed is stopped before it is asked for what comes of it.
    fn stop(&mut self, cx: &mut Context<'_>) {
        if self.stop_requested {
            return;
        }
        self.stop_requested = true;
        if let Some(mut in_flight) = self.in_flight.take()
            && let Poll::Ready(Some((ticket, reply))) = in_flight.as_mut().poll(cx)
        {
            self.feed.handle(self.backend.now(), ticket, reply);
        }
        self.feed.stop(self.backend.now());
    }
}

impl<F: Feed> fmt::Debug for Events<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("stop_handle", &self.stop_handle).finish_non_exhaustive()
    }
}
