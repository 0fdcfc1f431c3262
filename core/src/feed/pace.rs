use core::time::Duration;

use super::long_poll::MIN_LONG_POLL;

/// The shortest pause after a poll that brought nothing to deliver. It doubles with each one after it.
const MIN_GAP: Duration = Duration::from_millis(4);
const DOUBLINGS: u32 = 8;
/// The longest pause, and the one after a poll without any event: how often to ask a server that does not wait.
const MAX_GAP: Duration = MIN_LONG_POLL;
/// A batch of so many events comes from a backlog, which ends sooner or later: the pause stays short.
const BURST: usize = 20;
const BURST_GAP: Duration = Duration::from_millis(250);

/// Time between polls that a server answers at once, and that bring nothing to deliver: without it, a feed of which every
/// event is hidden would poll as fast as the network can.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Polls in a row that brought nothing to deliver.
    idle_polls: u32,
}

impl Pace {
    /// Takes note of a poll that brought something to deliver.
    pub(super) fn on_delivery(&mut self) {
        self.idle_polls = 0;
    }

    /// Returns the shortest time from a poll to the next one, after it lasted so long and brought so many events, none of them
    /// to deliver.
    pub(super) fn on_nothing_delivered(&mut self, events: usize, lasted: Duration) -> Duration {
        if lasted >= MAX_GAP {
            self.idle_polls = 0;
            return Duration::ZERO;
        }
        if events == 0 {
            // A server that has nothing waits. One that does not has no backlog, either.
            return MAX_GAP;
        }
        let pause = MIN_GAP * (1 << self.idle_polls.min(DOUBLINGS));
        self.idle_polls = self.idle_polls.saturating_add(1);
        pause.min(if events < BURST { MAX_GAP } else { BURST_GAP })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polls(within: Duration, events: usize) -> usize {
        let (mut pace, mut time, mut polls) = (Pace::default(), Duration::ZERO, 0);
        loop {
            time += pace.on_nothing_delivered(events, Duration::ZERO);
            if time > within {
                return polls;
            }
            polls += 1;
        }
    }

    #[test]
    fn hidden_events_slow_a_feed_down_to_a_few_polls_per_second() {
        for (events, most) in [(0, 61), (1, 70), (BURST, 300)] {
            let polls = polls(Duration::from_secs(60), events);
            assert!((50..most).contains(&polls), "{polls} polls of {events} events within a minute");
        }
    }

    #[test]
    fn a_backlog_of_hidden_events_is_passed_quickly() {
        assert!(polls(Duration::from_secs(5), 100) >= 20);
    }

    #[test]
    fn a_delivery_or_a_poll_that_lasts_makes_it_quick_again() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.on_nothing_delivered(1, Duration::ZERO);
        }
        pace.on_delivery();
        assert_eq!(pace.on_nothing_delivered(1, Duration::ZERO), MIN_GAP);
        pace.on_nothing_delivered(1, Duration::ZERO);
        assert_eq!(pace.on_nothing_delivered(1, MAX_GAP), Duration::ZERO);
        assert_eq!(pace.on_nothing_delivered(1, Duration::ZERO), MIN_GAP);
    }
}
