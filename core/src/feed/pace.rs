use core::time::Duration;

use super::wait::SHORTEST;

/// The shortest pause after a poll that brought nothing to deliver. It doubles with each one after it.
const FIRST: Duration = Duration::from_millis(4);
const DOUBLINGS: u32 = 8;
/// The longest pause, and the one after a poll without any event: how often to ask a server that does not wait.
const LONGEST: Duration = SHORTEST;
/// A batch of so many events comes from a backlog, which ends sooner or later: the pause stays short.
const MANY: usize = 20;
const AMID_MANY: Duration = Duration::from_millis(250);

/// Time between polls that a server answers at once, and that bring nothing to deliver: without it, a feed of which every
/// event is hidden would poll as fast as the network can.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Polls in a row that brought nothing to deliver.
    vain: u32,
}

impl Pace {
    /// Takes note of a poll that brought something to deliver.
    pub(super) fn delivered(&mut self) {
        self.vain = 0;
    }

    /// Returns the shortest time from a poll to the next one, after it lasted so long and brought so many events, none of them
    /// to deliver.
    pub(super) fn in_vain(&mut self, events: usize, lasted: Duration) -> Duration {
        if lasted >= LONGEST {
            self.vain = 0;
            return Duration::ZERO;
        }
        if events == 0 {
            // A server that has nothing waits. One that does not has no backlog, either.
            return LONGEST;
        }
        let pause = FIRST * (1 << self.vain.min(DOUBLINGS));
        self.vain = self.vain.saturating_add(1);
        pause.min(if events < MANY { LONGEST } else { AMID_MANY })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polls(within: Duration, events: usize) -> usize {
        let (mut pace, mut time, mut polls) = (Pace::default(), Duration::ZERO, 0);
        loop {
            time += pace.in_vain(events, Duration::ZERO);
            if time > within {
                return polls;
            }
            polls += 1;
        }
    }

    #[test]
    fn hidden_events_slow_a_feed_down_to_a_few_polls_per_second() {
        for (events, most) in [(0, 61), (1, 70), (MANY, 300)] {
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
            pace.in_vain(1, Duration::ZERO);
        }
        pace.delivered();
        assert_eq!(pace.in_vain(1, Duration::ZERO), FIRST);
        pace.in_vain(1, Duration::ZERO);
        assert_eq!(pace.in_vain(1, LONGEST), Duration::ZERO);
        assert_eq!(pace.in_vain(1, Duration::ZERO), FIRST);
    }
}
