//! Concurrent handlers of the events of a feed.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use teamwire_core::{
    Checkpoint, Error, FeedEvent, StopHandle,
    feed::{Handling, InChat, Waited},
    machine::Feed,
};
use teamwire_std::Handlers;

use super::events::{Events, Limit};

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
    /// still handled. To stop it gracefully, stop only the feed, not the client that the handlers use:
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
        let stopped = interrupt.clone();
        let _on_stop = self.stop_handle().on_stop(move || stopped.notify());
        let ((jobs, queue), (results_sender, results)) = (mpsc::channel(), mpsc::channel());
        let queue = Mutex::new(queue);
        let worker =
            || Worker { queue: &queue, handler, results: results_sender.clone(), interrupt: interrupt.clone() };
        thread::scope(|scope| {
            // Dropped at the end of the scope, which ends the threads.
            let jobs = jobs;
            let (mut threads, mut running) = (0, 0);
            loop {
                // Before the results are taken, so that one that comes later ends the wait.
                let interrupted = interrupt.arm();
                for (handling, result) in results.try_iter() {
                    running -= 1;
                    handlers.finish(handling, result);
                }
                self.save_or_stop(&mut handlers, &mut save);
                while let Some(job) = handlers.start() {
                    running += 1;
                    jobs.send(job).expect("the queue lives longer than the scope");
                    if threads < running {
                        let worker = worker();
                        let started = thread::Builder::new()
                            .name("teamwire handler".into())
                            .spawn_scoped(scope, move || worker.work());
                        threads += usize::from(started.is_ok());
                    }
                    // The operating system has no thread left.
                    if threads == 0
                        && let Ok(job) = lock(&queue).try_recv()
                    {
                        worker().handle(job);
                    }
                }
                if handlers.follows() {
                    self.follow(&mut handlers, Limit::Interrupt(&interrupted));
                } else if running == 0 {
                    return handlers.into_result();
                } else if let Ok((handling, result)) = results.recv() {
                    running -= 1;
                    handlers.finish(handling, result);
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

/// The end of a handler.
enum Failure<E> {
    Error(E),
    Panic(Box<dyn Any + Send>),
}

impl<E: From<Error>> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Self::Error(error.into())
    }
}

type Job<T> = (Handling, FeedEvent<T>);

/// A thread that handles events.
struct Worker<'a, T, H, E> {
    queue: &'a Mutex<Receiver<Job<T>>>,
    handler: &'a H,
    results: Sender<(Handling, Result<(), Failure<E>>)>,
    interrupt: Interrupt,
}

impl<T, H: Fn(FeedEvent<T>) -> Result<(), E>, E> Worker<'_, T, H, E> {
    /// Handles events until the queue is closed.
    fn work(&self) {
        while let Some(job) = self.next() {
            self.handle(job);
        }
    }

    /// Waits for the next event.
    fn next(&self) -> Option<Job<T>> {
        lock(self.queue).recv().ok()
    }

    fn handle(&self, (handling, event): Job<T>) {
        // The handler is not called again after a panic, except where it runs already.
        let result = match catch_unwind(AssertUnwindSafe(|| (self.handler)(event))) {
            Ok(result) => result.map_err(Failure::Error),
            Err(payload) => Err(Failure::Panic(payload)),
        };
        // The receiver is gone if `save` has panicked.
        self.results.send((handling, result)).ok();
        self.interrupt.notify();
    }
}

/// Ends the waits of the thread that follows the feed: a handle for each of them. Clones are the same interrupt.
#[derive(Clone, Default)]
struct Interrupt(Arc<Mutex<StopHandle>>);

impl Interrupt {
    /// Ends the current wait, or the next one if it has not begun.
    fn notify(&self) {
        // Outside of the lock, because the stop wakes the waiter.
        let current = lock(&self.0).clone();
        current.stop();
    }

    /// Returns the handle of the next wait.
    fn arm(&self) -> StopHandle {
        let mut current = lock(&self.0);
        if current.is_stopped() {
            *current = StopHandle::new();
        }
        current.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
