use std::{fmt, mem, sync::Arc};

use teamwire_core::{
    Error, StopHandle,
    feed::FeedSetEvent,
    machine::{Feed, Reply, Step},
};

use crate::backend::Backend;

/// Iterator over the events of a feed, which blocks until the next one. If the feed ends with an error, that is the
/// last item.
///
/// Nothing is sent until the first event is requested. Dropping it abandons the feed: nothing more is sent, and its
/// subscription expires within minutes.
#[must_use = "a feed sends nothing until its events are requested"]
pub struct Events<F: Feed> {
    feed: F,
    backend: Arc<dyn Backend>,
    stop_handle: StopHandle,
    stop_requested: bool,
    has_ended: bool,
    end: Option<F::Output>,
}

impl<F: Feed> Events<F> {
    pub(crate) fn new(feed: F, backend: &Arc<dyn Backend>, stop: Option<&StopHandle>) -> Self {
        Self {
            feed,
            backend: Arc::clone(backend),
            stop_handle: StopHandle::any(stop),
            stop_requested: false,
            has_ended: false,
            end: None,
        }
    }

    /// Returns a handle that stops the feed from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop_handle.clone()
    }

    /// Returns how the feed ended; `None` until it has, and if it ended with an error.
    pub const fn end(&self) -> Option<&F::Output> {
        self.end.as_ref()
    }

    /// Passes each event to `handler`, until the feed ends.
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed.
    #[doc(alias = "handler")]
    pub fn for_each(mut self, mut handler: impl FnMut(F::Event)) -> Result<(), Error> {
        self.try_for_each(|event| event.map(&mut handler))
    }

    /// Returns the feed itself, to be driven with others: see
    /// [`BlockingExecutor::drive`](crate::BlockingExecutor::drive).
    pub fn into_feed(self) -> F {
        self.feed
    }

    /// Performs the steps of the feed until its next event; `None` at the end of a script.
    fn delivery(&mut self) -> Option<FeedSetEvent<F::Event, F::Output>> {
        let backend = &*self.backend;
        loop {
            // The feed is stopped before it is polled, so that an aborted request is not reported as a failure.
            if self.stop_handle.is_stopped() && !mem::replace(&mut self.stop_requested, true) {
                self.feed.stop(backend.now());
            }
            match self.feed.poll(backend.now()) {
                Step::Send(_, exchange) if backend.has_ended(&exchange) => return None,
                Step::Send(ticket, exchange) => {
                    // The request that ends the subscription is not stopped.
                    let stop = Some(&self.stop_handle).filter(|_| !self.stop_requested);
                    let reply = backend.perform(exchange, stop);
                    self.feed.handle(backend.now(), ticket, reply);
                }
                Step::File(ticket, task) => {
                    let reply = Reply::File(backend.file(task));
                    self.feed.handle(backend.now(), ticket, reply);
                }
                Step::Sleep(until) => {
                    backend.sleep(until, Some(&self.stop_handle).filter(|_| !self.stop_requested));
                }
                Step::Event(event) => return Some(FeedSetEvent::Event(event)),
                Step::Done(result) => return Some(FeedSetEvent::Ended(result)),
            }
        }
    }
}

impl<F: Feed> Iterator for Events<F> {
    type Item = Result<F::Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let delivery = self.delivery();
        if let Some(FeedSetEvent::Event(event)) = delivery {
            return Some(Ok(event));
        }
        self.has_ended = true;
        if let Some(FeedSetEvent::Ended(result)) = delivery {
            match result {
                Ok(end) => self.end = Some(end),
                Err(error) => return Some(Err(error)),
            }
        }
        None
    }
}

impl<F: Feed> fmt::Debug for Events<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("stop_handle", &self.stop_handle).finish_non_exhaustive()
    }
}
