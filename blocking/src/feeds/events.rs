use std::{fmt, sync::Arc};

use teamwire_core::{Delivery, Error, Feed, Script, Step};
use teamwire_std::Clock;

use super::{means::Means, stop_handle::StopHandle};
use crate::transport::Transport;

/// The events of a feed, as they come: an iterator that waits for the next one. It ends when the feed does; if that is by an
/// error, the error is its last item.
///
/// Nothing is sent before the first event is asked for. Dropping it gives the feed up: nothing more is sent, and its
/// subscription ends by itself within minutes.
pub struct Events<F: Feed> {
    feed: F,
    means: Means,
    stop_handle: StopHandle,
    stop_requested: bool,
    over: bool,
    end: Option<F::Output>,
}

impl<F: Feed> Events<F> {
    /// Follows the feed with a transport of its own. What it sends after it was stopped goes by the other one.
    pub fn new(
        feed: F,
        clock: Clock,
        transport: Arc<dyn Transport>,
        unsubscribe_transport: Arc<dyn Transport>,
    ) -> Self {
        Self::with(feed, Means::Network { clock, transport, unsubscribe_transport })
    }

    /// Follows what the script says, and ends where it does.
    pub fn scripted(feed: F, script: &Script) -> Self {
        Self::with(feed, Means::Script(script.clone()))
    }

    fn with(feed: F, means: Means) -> Self {
        Self { feed, stop_handle: means.stop_handle(), means, stop_requested: false, over: false, end: None }
    }

    /// What ends the feed from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop_handle.clone()
    }

    /// How the feed ended; `None` as long as it has not, and if it was by an error.
    pub const fn end(&self) -> Option<&F::Output> {
        self.end.as_ref()
    }

    /// Hands each event to `handler`, until the feed ends. Raises the error that it ends by.
    #[doc(alias = "handler")]
    pub fn for_each(mut self, mut handler: impl FnMut(F::Event)) -> Result<(), Error> {
        self.try_for_each(|event| event.map(&mut handler))
    }

    /// The feed itself, to be driven with others: see [`BlockingExecutor::drive`](crate::BlockingExecutor::drive).
    pub fn into_feed(self) -> F {
        self.feed
    }

    /// Carries out the feed's steps, to the next thing that it delivers; `None` where a script ends.
    fn delivery(&mut self) -> Option<Delivery<F::Event, F::Output>> {
        loop {
            // What failed because it was told to give up is no trouble: the feed is stopped before it is asked.
            if self.stop_handle.is_stopped() && !std::mem::replace(&mut self.stop_requested, true) {
                self.feed.stop(self.means.now());
            }
            match self.feed.poll(self.means.now()) {
                Step::Send(ticket, exchange) => {
                    let reply = self.means.send(*exchange, self.stop_requested)?;
                    self.feed.handle(self.means.now(), ticket, reply);
                }
                Step::File(ticket, task) => {
                    let reply = self.means.file(task);
                    self.feed.handle(self.means.now(), ticket, reply);
                }
                Step::Sleep(until) => self.means.sleep(until, &self.stop_handle),
                Step::Event(event) => return Some(Delivery::Event(event)),
                Step::Done(result) => return Some(Delivery::Ended(result)),
            }
        }
    }
}

impl<F: Feed> Iterator for Events<F> {
    type Item = Result<F::Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let delivery = self.delivery();
        if let Some(Delivery::Event(event)) = delivery {
            return Some(Ok(event));
        }
        self.over = true;
        if let Some(Delivery::Ended(result)) = delivery {
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
