//! The sandbox's clock: the machine's, unless it is paused_at.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};

use crate::world::Now;

/// A clock that runs with the machine's, can be paused_at, and can be moved forward. It never goes back.
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
    /// How much of the machine's time passed while it was paused_at.
    behind: Duration,
    /// Where it is paused_at.
    paused_at: Option<Duration>,
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
        let elapsed = self.with(|state, running| state.paused_at.unwrap_or(running));
        Now::after(self.began_utc, elapsed)
    }

    /// How long the machine has to wait until this clock shows `until`; `None` while it is paused_at.
    pub(crate) fn wait_for(&self, until: Duration) -> Option<Duration> {
        self.with(|state, running| state.paused_at.is_none().then(|| until.saturating_sub(running)))
    }

    pub(crate) fn pause(&self) {
        self.with(|state, running| {
            state.paused_at.get_or_insert(running);
        });
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.with(|state, _| match &mut state.paused_at {
            Some(paused_at) => *paused_at = paused_at.saturating_add(by),
            None => state.ahead = state.ahead.saturating_add(by),
        });
    }

    pub(crate) fn resume(&self) {
        self.with(|state, running| {
            let Some(paused_at) = state.paused_at.take() else { return };
            // From here on it runs again, from where it was paused_at: never back.
            state.ahead += paused_at.saturating_sub(running);
            state.behind += running.saturating_sub(paused_at);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_stands_until_it_is_moved_and_goes_on_from_there() {
        let clock = WorldClock::new(None);
        clock.pause();
        let paused_at = clock.now();
        assert_eq!(clock.now(), paused_at);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(clock.now().elapsed, paused_at.elapsed + Duration::from_secs(3600));
        assert_eq!(clock.wait_for(paused_at.elapsed), None);
        clock.resume();
        let running = clock.now();
        assert!(running.elapsed >= paused_at.elapsed + Duration::from_secs(3600));
        assert!(running.elapsed < paused_at.elapsed + Duration::from_secs(3700));
        assert!(clock.wait_for(Duration::from_secs(7300)).is_some_and(|wait| wait > Duration::from_secs(3500)));
    }
}
