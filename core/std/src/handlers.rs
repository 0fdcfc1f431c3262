use teamwire_core::{
    Checkpoint, Error, FeedEvent,
    feed::{Handling, InChat, Tracker},
};

/// The state of a feed whose events are handled concurrently: the part of `for_each_concurrent` that both adapters
/// share. They follow the feed and run the handlers.
///
/// The first failure, of a handler or of a save, ends it: no other event is started, and the feed has to be stopped.
/// The handlers that run are finished, and no checkpoint passes an event that was not handled.
#[derive(Debug)]
pub struct Handlers<T, E> {
    tracker: Tracker<T>,
    has_save_failed: bool,
    failure: Option<E>,
    /// Set at the end of the feed, with its error.
    end: Option<Result<(), Error>>,
}

impl<T: InChat, E: From<Error>> Handlers<T, E> {
    /// Creates the state of handlers of which at most `limit` run at the same time.
    pub const fn new(limit: usize) -> Self {
        Self { tracker: Tracker::new(limit), has_save_failed: false, failure: None, end: None }
    }

    /// Returns `true` if the feed has to be followed: it has not ended, and there is room for its next event. After a
    /// failure it is followed to its end, and its events are dropped.
    pub fn follows(&self) -> bool {
        self.end.is_none() && (self.has_failed() || self.tracker.wants_more())
    }

    /// Adds the next event of the feed.
    pub fn push(&mut self, event: FeedEvent<T>) {
        if !self.has_failed() {
            self.tracker.push(event);
        }
    }

    /// Records the end of the feed. What it has delivered is still handled.
    pub fn end(&mut self, result: Result<(), Error>) {
        self.end = Some(result);
    }

    /// Returns the next event to handle; `None` if there is none, enough are being handled, or something has failed.
    pub fn start(&mut self) -> Option<(Handling, FeedEvent<T>)> {
        if self.has_failed() { None } else { self.tracker.start() }
    }

    /// Records the result of a handler.
    pub fn finish(&mut self, handling: Handling, result: Result<(), E>) {
        match result {
            Ok(()) => self.tracker.finish(handling),
            Err(error) => {
                self.tracker.fail(handling);
                self.failure.get_or_insert(error);
            }
        }
    }

    /// Returns the newest checkpoint up to which all is handled, to be saved; `None` if it was returned before, or a
    /// save has failed.
    pub fn take_checkpoint(&mut self) -> Option<Checkpoint> {
        if self.has_save_failed { None } else { self.tracker.take_checkpoint() }
    }

    /// Records the result of a save.
    pub fn saved(&mut self, result: Result<(), E>) {
        if let Err(error) = result {
            self.has_save_failed = true;
            self.failure.get_or_insert(error);
        }
    }

    /// Returns `true` if a handler or a save has failed: the feed has to be stopped.
    pub const fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Returns the result, once the feed has ended and no handler runs: the first failure, or that of the feed.
    ///
    /// # Errors
    ///
    /// The first error of a handler or of a save, or else the error that ended the feed.
    pub fn into_result(self) -> Result<(), E> {
        match (self.failure, self.end) {
            (Some(error), _) => Err(error),
            (None, Some(Err(error))) => Err(error.into()),
            (None, _) => Ok(()),
        }
    }
}
