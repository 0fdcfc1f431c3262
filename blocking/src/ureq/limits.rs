use std::time::{Duration, Instant};

use teamwire_core::effect::Timeout;

/// Time limits of an exchange, from its start. By default there are none.
///
/// Not enforced by ureq, which has no limit that ends with the head of a response.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimeLimits {
    deadline: Option<Instant>,
    inactivity: Option<Duration>,
    /// Limit of inactivity that replaces the deadline once the head of the response has arrived.
    after_head: Option<Duration>,
}

impl TimeLimits {
    /// Starts the clock.
    pub(super) fn start(timeout: Timeout) -> Self {
        // A time beyond the range of the clock is no limit.
        let deadline = |time| Instant::now().checked_add(time);
        match timeout {
            Timeout::Total(time) => Self { deadline: deadline(time), ..Self::default() },
            Timeout::Idle(time) => Self { inactivity: Some(time), ..Self::default() },
            Timeout::LongPoll { head, idle: inactivity } => {
                Self { deadline: deadline(head), inactivity: None, after_head: Some(inactivity) }
            }
        }
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
        self.deadline.into_iter().chain(silent).min()
    }

    /// Returns the maximum time without a byte moving, if that is limited.
    pub(super) const fn inactivity(self) -> Option<Duration> {
        self.inactivity
    }
}
