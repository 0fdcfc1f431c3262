//! Concurrent handlers of the events of a feed.

use std::panic::resume_unwind;

use teamwire_core::{
    Checkpoint, Error, FeedEvent,
    feed::{InChat, Waited},
    machine::Feed,
};
use teamwire_std::Handlers;

use super::{
    events::{Events, Limit},
    workers::{Failure, Interrupt, with_workers},
};

impl<T: InChat + Send, F: Feed<Event = FeedEvent<T>>> Events<F> {
    /// Passes the events to `handler` in up to `limit` threads at once, until the feed ends. Those of the same chat are
    /// handled one after the other, in the order of the feed: see [`Tracker`](teamwire_core::feed::Tracker). All events
    /// are passed, including [gaps](FeedEvent::Gap) and those that cannot be decoded.
    ///
    /// `save` is called in the calling thread with each checkpoint up to which all events are handled, soon after the
    /// last of these. After a crash, a feed that resumes at the saved checkpoint delivers every event that was not
    /// handled. Others may be delivered again, so handlers should be idempotent.
    ///
    /// The first failure of a handler or of `save` stops the feed: no other event is handled, but the handlers that run
    /// are finished, and no checkpoint passes an event that was not handled. A panic of a handler is such a failure,
    /// and continues in the calling thread. If the feed is stopped by its handle, the events that it has delivered are
    /// still handled. To stop it gracefully, stop only the feed, as here, or the client of the handlers as well by
    /// [`stop_within`](teamwire_core::StopHandle::stop_within):
    ///
    /// ```
    /// use teamwire_blocking::{Client, Error, StopHandle};
    ///
    /// fn serve(client: &Client, stop: &StopHandle) -> Result<(), Error> {
    ///     let events = client.stopped_by(stop).chats().new_messages(None);
    ///     events.for_each_concurrent(
    ///         16,
    ///         |event| match event.item() {
    ///             Some(message) => client.chats().chat(&message.tid).post("hello").map(drop),
    ///             None => Ok(()),
    ///         },
    ///         |checkpoint| {
    ///             println!("to be saved: {checkpoint:?}");
    ///             Ok(())
    ///         },
    ///     )
    /// }
    /// ```
    ///
    /// Threads are started when they are needed. On the virtual clock of a script or of a simulated server, the
    /// handlers run one after the other in the calling thread, so that tests are reproducible.
    ///
    /// # Errors
    ///
    /// Fails with the first error of a handler or of `save`, or else the error that ends the feed.
    #[doc(alias = "handler")]
    pub fn for_each_concurrent<E: From<Error> + Send>(
        self,
        limit: usize,
        handler: impl Fn(FeedEvent<T>) -> Result<(), E> + Sync,
        mut save: impl FnMut(&Checkpoint) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.backend.is_virtual() {
            return self.handle_inline(Handlers::new(limit), handler, save);
        }
        let save = |checkpoint: &Checkpoint| save(checkpoint).map_err(Failure::Error);
        self.handle_in_threads(Handlers::new(limit), &handler, save).map_err(|failure| match failure {
            Failure::Error(error) => error,
            Failure::Panic(payload) => resume_unwind(payload),
        })
    }

    fn handle_inline<E: From<Error>>(
        mut self,
        mut handlers: Handlers<T, E>,
        handler: impl Fn(FeedEvent<T>) -> Result<(), E>,
        mut save: impl FnMut(&Checkpoint) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            while let Some((handling, event)) = handlers.start() {
                handlers.finish(handling, handler(event));
            }
            self.save_or_stop(&mut handlers, &mut save);
            if !handlers.follows() {
                return handlers.into_result();
            }
            self.follow(&mut handlers, Limit::Never);
        }
    }

    fn handle_in_threads<E: From<Error> + Send>(
        mut self,
        mut handlers: Handlers<T, Failure<E>>,
        handler: &(impl Fn(FeedEvent<T>) -> Result<(), E> + Sync),
        mut save: impl FnMut(&Checkpoint) -> Result<(), Failure<E>>,
    ) -> Result<(), Failure<E>> {
        let interrupt = Interrupt::default();
        with_workers(handler, &interrupt, |mut workers| {
            loop {
                // Before the results are taken, so that one that comes later ends the wait.
                let interrupted = interrupt.arm();
                for (handling, result) in workers.results() {
                    handlers.finish(handling, result);
                }
                self.save_or_stop(&mut handlers, &mut save);
                while let Some((handling, event)) = handlers.start() {
                    workers.start(handling, event);
                }
                if handlers.follows() {
                    self.follow(&mut handlers, Limit::Interrupt(&interrupted, None));
                } else if let Some((handling, result)) = workers.wait() {
                    handlers.finish(handling, result);
                } else {
                    return handlers.into_result();
                }
            }
        })
    }

    /// Waits for the next event, or the end of the wait.
    fn follow<E: From<Error>>(&mut self, handlers: &mut Handlers<T, E>, limit: Limit<'_>) {
        match self.next_within(limit) {
            Ok(Waited::Event(event)) => handlers.push(event),
            Ok(Waited::TimedOut) => {}
            Ok(Waited::Ended) => handlers.end(Ok(())),
            Err(error) => handlers.end(Err(error)),
        }
    }

    /// Saves the checkpoint, and stops the feed after a failure.
    fn save_or_stop<E: From<Error>>(
        &self,
        handlers: &mut Handlers<T, E>,
        save: &mut impl FnMut(&Checkpoint) -> Result<(), E>,
    ) {
        if let Some(checkpoint) = handlers.take_checkpoint() {
            handlers.saved(save(&checkpoint));
        }
        if handlers.has_failed() {
            self.stop_handle().stop();
        }
    }
}
