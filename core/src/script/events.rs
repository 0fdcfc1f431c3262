use super::Script;
use crate::{
    error::Error,
    executor::Executor,
    machine::{Feed, Step},
};

/// The events of a feed that runs on a [`Script`]. It ends where the script does.
#[derive(Debug)]
pub struct Events<F> {
    script: Script,
    /// `None` after the end.
    feed: Option<F>,
}

impl<F: Feed> Events<F> {
    pub(super) const fn new(script: Script, feed: F) -> Self {
        Self { script, feed: Some(feed) }
    }

    /// Stops the feed: events already received are still delivered, and its subscription, if any, is ended by a request
    /// that the script has to expect.
    pub fn stop(&mut self) {
        if let Some(feed) = &mut self.feed {
            feed.stop(self.script.now());
        }
    }
}

impl<F: Feed> Iterator for Events<F> {
    type Item = Result<F::Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let feed = self.feed.as_mut()?;
            match feed.poll(self.script.now()) {
                Step::Event(event) => return Some(Ok(event)),
                Step::Done(result) => {
                    self.feed = None;
                    return result.err().map(Err);
                }
                Step::Send(_, exchange) if self.script.is_done(&exchange) => self.feed = None,
                step => self.script.perform_step(feed, step),
            }
        }
    }
}
