use std::time::{Duration, Instant};

use teamwire_core::effect::Timeout;

/// Time limits of an exchange, from its start. By default there are none.
///
/// Not enforced by ureq, which has no limit that ends with the head of a response.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimeLimits {
    /// End of the whole exchange, whatever its timeout.
    end: Option<Instant>,
    deadline: Option<Instant>,
    inactivity: Option<Duration>,
    /// Limit of inactivity that replaces the deadline once the head of the response has arrived.
    after_head: Option<Duration>,
}

impl TimeLimits {
    /// Starts the clock.
    pub(super) fn start(timeout: Timeout, max_duration: Option<Duration>) -> Self {
        let now = Instant::now();
        // A time beyond the range of the clock is no limit.
        let deadline = |time| now.checked_add(time);
        let limits = Self { end: max_duration.and_then(deadline), ..Self::default() };
        match timeout {
            Timeout::Total(time) => Self { deadline: deadline(time), ..limits },
            Timeout::Idle(time) => Self { inactivity: Some(time), ..limits },
            Timeout::LongPoll { head, idle } => Self { deadline: deadline(head), after_head: Some(idle), ..limits },
        }
    }

    /// Returns whether these are the limits of a long poll whose head has not arrived.
    pub(super) const fn is_long_poll(self) -> bool {
        self.after_head.is_some()
    }

    /// Returns whether the end of the whole exchange has passed.
    pub(super) fn has_ended(self) -> bool {
        self.end.is_some_and(|end| end <= Instant::now())
    }

    /// Replaces the deadline of a long poll by a limit of inactivity.
    pub(super) const fn head_arrived(&mut self) {
        if let Some(inactivity) = self.after_head.take() {
            (self.deadline, self.inactivity) = (None, Some(inactivity));
        }
    }

    /// Returns the deadline for making a connection.
    pub(super) fn connected_by(self) -> Option<Instant> {
        self.due(Instant::now())
    }

    /// Returns when the exchange times out if no byte moves after this one.
    pub(super) fn due(self, moved: Instant) -> Option<Instant> {
        let silent = self.inactivity.and_then(|time| moved.checked_add(time));
        self.deadline.into_iter().chain(silent).chain(self.end).min()
    }

    /// Returns the maximum time without a byte moving, if that is limited.
    pub(super) const fn inactivity(self) -> Option<Duration> {
        self.inactivity
    }
}
