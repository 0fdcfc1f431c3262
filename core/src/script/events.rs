use super::Script;
use crate::{
    error::Error,
    executor::Executor,
    machine::{Feed, Step},
};

/// A feed that follows a [`Script`]: the events that its answers amount to. It ends where the script does.
#[derive(Debug)]
pub struct Events<F> {
    script: Script,
    /// `None` after its end.
    feed: Option<F>,
}

impl<F: Feed> Events<F> {
    pub(super) const fn new(script: Script, feed: F) -> Self {
        Self { script, feed: Some(feed) }
    }

    /// Stops the feed: what it has is still delivered, and the script is asked to end its subscription, if it has one.
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
