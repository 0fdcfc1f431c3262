use core::fmt;

use super::{Poller, State};

impl<T> fmt::Debug for Poller<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Ready => "Ready",
            State::Subscribing(_) => "Subscribing",
            State::Polling(_) => "Polling",
            State::Backoff(_) => "Backoff",
            State::Unsubscribing(_) => "Unsubscribing",
            State::Done(_) => "Done",
            State::Finished => "Finished",
        };
        f.debug_struct("Poller")
            .field("source", self.delivery.source())
            .field("state", &state)
            .field("failures", &self.failures.count())
            .finish_non_exhaustive()
    }
}
