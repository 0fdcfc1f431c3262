//! The sandbox's clock: the machine's, unless it is held.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};

use crate::world::Now;

/// A clock that runs with the machine's, can be held, and can be moved forward. It never goes back.
#[derive(Debug)]
pub(crate) struct WorldClock {
    began: Instant,
    began_utc: DateTime<Utc>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What it was moved forward by.
    ahead: Duration,
    /// How much of the machine's time passed while it was held.
    behind: Duration,
    /// Where it is held.
    held: Option<Duration>,
}

impl WorldClock {
    pub(crate) fn new(began_utc: Option<DateTime<Utc>>) -> Self {
        let today = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = || i64::try_from(today().as_millis()).unwrap_or_default();
        let began_utc = began_utc.or_else(|| DateTime::from_timestamp_millis(millis())).unwrap_or_default();
        Self { began: Instant::now(), began_utc, state: Mutex::default() }
    }

    fn with<R>(&self, f: impl FnOnce(&mut State, Duration) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let running = self.began.elapsed().saturating_add(state.ahead).saturating_sub(state.behind);
        f(&mut state, running)
    }

    pub(crate) fn now(&self) -> Now {
        let elapsed = self.with(|state, running| state.held.unwrap_or(running));
        Now::after(self.began_utc, elapsed)
    }

    /// How long the machine has to wait until this clock shows `until`; `None` while it is held.
    pub(crate) fn wait_for(&self, until: Duration) -> Option<Duration> {
        self.with(|state, running| state.held.is_none().then(|| until.saturating_sub(running)))
    }

    pub(crate) fn hold(&self) {
        self.with(|state, running| {
            state.held.get_or_insert(running);
        });
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.with(|state, _| match &mut state.held {
            Some(held) => *held = held.saturating_add(by),
            None => state.ahead = state.ahead.saturating_add(by),
        });
    }

    pub(crate) fn release(&self) {
        self.with(|state, running| {
            let Some(held) = state.held.take() else { return };
            // From here on it runs again, from where it was held: never back.
            state.ahead += held.saturating_sub(running);
            state.behind += running.saturating_sub(held);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_stands_until_it_is_moved_and_goes_on_from_there() {
        let clock = WorldClock::new(None);
        clock.hold();
        let held = clock.now();
        assert_eq!(clock.now(), held);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(clock.now().elapsed, held.elapsed + Duration::from_secs(3600));
        assert_eq!(clock.wait_for(held.elapsed), None);
        clock.release();
        let running = clock.now();
        assert!(running.elapsed >= held.elapsed + Duration::from_secs(3600));
        assert!(running.elapsed < held.elapsed + Duration::from_secs(3700));
        assert!(clock.wait_for(Duration::from_secs(7300)).is_some_and(|wait| wait > Duration::from_secs(3500)));
    }
}
