use core::time::Duration;

use super::long_poll::MIN_LONG_POLL;

/// Minimum time between polls after one that delivered nothing. It doubles with each further one.
const MIN_INTERVAL: Duration = Duration::from_millis(4);
const MAX_DOUBLINGS: u32 = 8;
/// Maximum time between such polls, which is used at once after a poll without events.
const MAX_INTERVAL: Duration = MIN_LONG_POLL;
/// Number of events in a batch that indicates a backlog, which is read quickly: it ends.
const BACKLOG_EVENTS: usize = 20;
const MAX_BACKLOG_INTERVAL: Duration = Duration::from_millis(250);

/// Limits the rate of polls that return at once without anything to deliver. Otherwise a feed whose events are all
/// hidden would poll as fast as the network allows.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Number of consecutive polls that delivered nothing.
    idle_polls: u32,
}

impl Pace {
    /// Records a poll that delivered something.
    pub(super) fn on_delivery(&mut self) {
        self.idle_polls = 0;
    }

    /// Records a poll that delivered nothing: the number of its (hidden) events and its duration. Returns the minimum
    /// time from its start to the next poll.
    pub(super) fn on_idle_poll(&mut self, events: usize, elapsed: Duration) -> Duration {
        if elapsed >= MAX_INTERVAL {
            self.idle_polls = 0;
            return Duration::ZERO;
        }
        if events == 0 {
            // The server does not long-poll, and there is no backlog.
            return MAX_INTERVAL;
        }
        let interval = MIN_INTERVAL * (1 << self.idle_polls.min(MAX_DOUBLINGS));
        self.idle_polls = self.idle_polls.saturating_add(1);
        interval.min(if events < BACKLOG_EVENTS { MAX_INTERVAL } else { MAX_BACKLOG_INTERVAL })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polls(within: Duration, events: usize) -> usize {
        let (mut pace, mut time, mut polls) = (Pace::default(), Duration::ZERO, 0);
        loop {
            time += pace.on_idle_poll(events, Duration::ZERO);
            if time > within {
                return polls;
            }
            polls += 1;
        }
    }

    #[test]
    fn hidden_events_limit_the_poll_rate() {
        for (events, max) in [(0, 61), (1, 70), (BACKLOG_EVENTS, 300)] {
            let polls = polls(Duration::from_secs(60), events);
            assert!((50..max).contains(&polls), "{polls} polls of {events} events within a minute");
        }
    }

    #[test]
    fn a_backlog_of_hidden_events_is_read_quickly() {
        assert!(polls(Duration::from_secs(5), 100) >= 20);
    }

    #[test]
    fn a_delivery_or_a_long_poll_resets_the_pace() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.on_idle_poll(1, Duration::ZERO);
        }
        pace.on_delivery();
        assert_eq!(pace.on_idle_poll(1, Duration::ZERO), MIN_INTERVAL);
        pace.on_idle_poll(1, Duration::ZERO);
        assert_eq!(pace.on_idle_poll(1, MAX_INTERVAL), Duration::ZERO);
        assert_eq!(pace.on_idle_poll(1, Duration::ZERO), MIN_INTERVAL);
    }
}
