//! Waits for an event that another thread can end.

use std::time::Duration;

use teamwire_core::{Error, StopHandle, feed::Waited, machine::Feed};

use super::{
    events::{Events, Limit},
    wake::{WaitOutcome, Wake},
};

impl<F: Feed> Events<F> {
    /// Returns the next event, or [`Woken`](WaitOutcome::Woken) if another thread has used this handle: for a bot that
    /// also listens on a socket, or has other threads. See [`Wake`].
    ///
    /// With a timeout, it is also [`next_timeout`](Self::next_timeout). Nothing is lost by a wake-up or a timeout: the
    /// request in progress continues, and the next wait resumes there. If there are both a wake-up and events, they
    /// take turns, and the wake-up is first.
    ///
    /// In a virtual world, a scheduled action wakes the bot as another thread would. A script takes no time, so on it a
    /// wake-up is returned if there is one before the call.
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed.
    #[doc(alias = "select")]
    pub fn next_until(
        &mut self,
        wake: &Wake,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<WaitOutcome<F::Event>, Error> {
        if self.turns.is_woken(wake) {
            return Ok(WaitOutcome::Woken);
        }
        let handle = wake.interrupt().handle();
        Ok(match self.next_unless_interrupted(timeout.into(), &handle)? {
            Waited::Event(event) => WaitOutcome::Event(event),
            Waited::Ended => WaitOutcome::Ended,
            Waited::TimedOut if self.turns.take(wake, &handle) => WaitOutcome::Woken,
            Waited::TimedOut => WaitOutcome::TimedOut,
        })
    }

    /// Returns the next event, or `TimedOut` once this time has passed or the handle is stopped.
    pub(crate) fn next_unless_interrupted(
        &mut self,
        time: Option<Duration>,
        interrupt: &StopHandle,
    ) -> Result<Waited<F::Event>, Error> {
        let until = time.map(|time| self.backend.now().moment.saturating_add(time));
        self.next_within(Limit::Interrupt(interrupt, until))
    }
}
