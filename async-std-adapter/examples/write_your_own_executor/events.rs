//! A feed as an iterator: like the loop of an operation, but it returns at each event.

use teamwire_core::{
    Error,
    executor::Executor,
    machine::{Feed, Step},
};

use super::Plain;

/// Iterator over the events of a feed.
#[derive(Debug)]
pub struct Events<F> {
    executor: Plain,
    /// `None` after its end.
    feed: Option<F>,
}

impl<F: Feed> Events<F> {
    pub(super) const fn new(executor: Plain, feed: F) -> Self {
        Self { executor, feed: Some(feed) }
    }

    /// Stops the feed. Events already received are still delivered, and its subscription is ended.
    #[allow(dead_code, reason = "the bot of this example does not stop feeds")]
    pub fn stop(&mut self) {
        if let Some(feed) = &mut self.feed {
            feed.stop(self.executor.now());
        }
    }
}

impl<F: Feed> Iterator for Events<F> {
    type Item = Result<F::Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let feed = self.feed.as_mut()?;
            match feed.poll(self.executor.now()) {
                Step::Event(event) => return Some(Ok(event)),
                Step::Done(result) => {
                    self.feed = None;
                    return result.err().map(Err);
                }
                step => self.executor.carry_out(feed, step),
            }
        }
    }
}
