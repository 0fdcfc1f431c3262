//! Handlers of events that are followed by claim.

use std::{fmt, panic::resume_unwind};

use teamwire_core::{Error, StopHandle};

use super::workers::{Failure, Interrupt, with_workers};

/// The next step of a [`Source`].
pub(super) enum Next<E> {
    Event(E),
    /// Something has changed.
    Woken,
    Ended(Result<(), Error>),
}

/// Events that are followed by claim: of one feed, or of many.
pub(super) trait Source: Sized {
    type Event: Send;
    /// An event whose handler runs.
    type Running: Send;

    /// Performs the next turn. A wait ends when the handle is stopped. No handler is started unless there is `room` for
    /// it.
    fn step(&mut self, interrupted: &StopHandle, room: bool) -> Next<Self::Event>;

    /// Returns the interrupt that ends a wait.
    fn interrupt(&self) -> &Interrupt;

    /// Takes the event over from its handler.
    fn run(&self, event: &mut Self::Event) -> Self::Running;

    /// Records the result of a handler.
    fn finish<E: fmt::Display>(&mut self, running: Self::Running, result: Result<(), E>);

    /// Passes each event to the handler, one after the other.
    fn handle_each<E: fmt::Display>(
        mut self,
        mut handler: impl FnMut(Self::Event) -> Result<(), E>,
    ) -> Result<(), Error> {
        loop {
            // Before the turn, so that a change that comes later ends the wait.
            let interrupted = self.interrupt().arm();
            match self.step(&interrupted, true) {
                Next::Event(mut event) => {
                    let running = self.run(&mut event);
                    let result = handler(event);
                    self.finish(running, result);
                }
                Next::Woken => {}
                Next::Ended(result) => return result,
            }
        }
    }

    /// Passes the events to the handler in up to `limit` threads at once.
    fn handle_in_threads<E: fmt::Display + Send>(
        mut self,
        limit: usize,
        handler: impl Fn(Self::Event) -> Result<(), E> + Sync,
    ) -> Result<(), Error> {
        let interrupt = self.interrupt().clone();
        let end = with_workers(&handler, &interrupt, |mut workers| {
            let mut end = None;
            loop {
                // Before the results are taken, so that one that comes later ends the wait.
                let interrupted = interrupt.arm();
                let mut results = workers.results();
                if end.is_some() {
                    match workers.wait() {
                        Some(result) => results.push(result),
                        None if results.is_empty() => return end,
                        None => {}
                    }
                }
                for (running, result) in results {
                    match result {
                        Ok(()) => self.finish(running, Ok::<_, E>(())),
                        Err(Failure::Error(error)) => self.finish(running, Err(error)),
                        Err(Failure::Panic(payload)) => end = Some(Err(Failure::Panic(payload))),
                    }
                }
                if end.is_some() {
                    continue;
                }
                match self.step(&interrupted, workers.running() < limit.max(1)) {
                    Next::Event(mut event) => workers.start(self.run(&mut event), event),
                    Next::Woken => {}
                    Next::Ended(result) => end = Some(result.map_err(Failure::Error)),
                }
            }
        });
        match end {
            None | Some(Ok(())) => Ok(()),
            Some(Err(Failure::Error(error))) => Err(error),
            Some(Err(Failure::Panic(payload))) => resume_unwind(payload),
        }
    }
}
