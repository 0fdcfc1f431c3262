use core::fmt;

use super::Script;
use crate::{
    error::{Cause, Error},
    executor::Executor,
    feed::FeedEvent,
    machine::{Feed, Step},
};

/// The events of a feed that runs on a [`Script`]. It ends where the script does.
pub struct Events<F: Feed> {
    script: Script,
    /// `None` after the end.
    feed: Option<F>,
    /// An event that was received by [`started`](Self::started), and is delivered next.
    first: Option<F::Event>,
}

impl<F: Feed> Events<F> {
    pub(super) const fn new(script: Script, feed: F) -> Self {
        Self { script, feed: Some(feed), first: None }
    }

    /// Stops the feed: events already received are still delivered, and its subscription, if any, is ended by a request
    /// that the script has to expect.
    pub fn stop(&mut self) {
        if let Some(feed) = &mut self.feed {
            feed.stop(self.script.now());
        }
    }
}

impl<T, F: Feed<Event = FeedEvent<T>>> Events<F> {
    /// Waits until the feed has started, as the method of the adapters does. The events are delivered afterwards as
    /// usual, except failed requests until then.
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed, and with `Cancelled` if the feed is stopped, or the script ends, before
    /// it has started.
    pub fn started(&mut self) -> Result<(), Error> {
        while self.first.is_none() && !self.feed.as_ref().is_some_and(Feed::has_started) {
            match self.next().transpose()? {
                Some(FeedEvent::Retrying(_)) => {}
                Some(event) => self.first = Some(event),
                None => return Err(Cause::Cancelled { outcome_unknown: false }.into()),
            }
        }
        Ok(())
    }
}

impl<F: Feed> fmt::Debug for Events<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("script", &self.script).finish_non_exhaustive()
    }
}

impl<F: Feed> Iterator for Events<F> {
    type Item = Result<F::Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(event) = self.first.take() {
            return Some(Ok(event));
        }
        loop {
            let feed = self.feed.as_mut()?;
            match feed.poll(self.script.now()) {
                Step::Event(event) => return Some(Ok(event)),
                Step::Done(result) => {
                    self.feed = None;
                    return result.err().map(Err);
                }
                Step::Send(_, exchange) if !feed.is_list() && self.script.is_done(&exchange) => self.feed = None,
                step => self.script.perform_step(feed, step),
            }
        }
    }
}
