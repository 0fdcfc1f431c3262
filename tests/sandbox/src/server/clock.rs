//! The sandbox's clock: real time, unless it is paused.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};

use crate::world::{Now, saved::Time};

/// A clock that follows real time and can be paused and advanced. It never goes back.
#[derive(Debug)]
pub(crate) struct WorldClock {
    start: Instant,
    start_utc: DateTime<Utc>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The sum of all advances while it was running.
    advanced_by: Duration,
    /// Real time that passed while it was paused.
    paused_time: Duration,
    /// The time it is paused at.
    paused_at: Option<Duration>,
    /// The number of calls that paused, advanced or resumed it.
    version: u64,
}

impl WorldClock {
    pub(crate) fn new(start_utc: Option<DateTime<Utc>>) -> Self {
        Self { start: Instant::now(), start_utc: start_utc.unwrap_or_else(real_time), state: Mutex::default() }
    }

    /// Continues the time of a world. It is `utc`, but not before the time that was saved; by default, as much real
    /// time has passed since as by the clock of the machine.
    pub(crate) fn continued(saved: Time, utc: Option<DateTime<Utc>>) -> Self {
        let passed = match utc {
            Some(utc) => utc.signed_duration_since(Now::after(saved.start, saved.elapsed).utc),
            None => real_time().signed_duration_since(saved.real),
        };
        let advanced_by = saved.elapsed.saturating_add(passed.to_std().unwrap_or_default());
        let state = State { advanced_by, ..State::default() };
        Self { start: Instant::now(), start_utc: saved.start, state: Mutex::new(state) }
    }

    fn with<R>(&self, f: impl FnOnce(&mut State, Duration) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let running = self.start.elapsed().saturating_add(state.advanced_by).saturating_sub(state.paused_time);
        f(&mut state, running)
    }

    pub(crate) fn now(&self) -> Now {
        let elapsed = self.with(|state, running| state.paused_at.unwrap_or(running));
        Now::after(self.start_utc, elapsed)
    }

    /// The real time to wait until this clock shows `until`; `None` while it is paused.
    pub(crate) fn real_wait(&self, until: Duration) -> Option<Duration> {
        self.with(|state, running| state.paused_at.is_none().then(|| until.saturating_sub(running)))
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.with(|state, _| state.paused_at.is_some())
    }

    /// A number that changes when it is paused, advanced or resumed.
    pub(crate) fn version(&self) -> u64 {
        self.with(|state, _| state.version)
    }

    pub(crate) fn pause(&self) {
        self.with(|state, running| {
            state.version += 1;
            state.paused_at.get_or_insert(running);
        });
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.with(|state, _| {
            state.version += 1;
            match &mut state.paused_at {
                Some(paused_at) => *paused_at = paused_at.saturating_add(by),
                None => state.advanced_by = state.advanced_by.saturating_add(by),
            }
        });
    }

    pub(crate) fn resume(&self) {
        self.with(|state, running| {
            state.version += 1;
            let Some(paused_at) = state.paused_at.take() else { return };
            // Continues from where it was paused, so that it never goes back.
            state.advanced_by += paused_at.saturating_sub(running);
            state.paused_time += running.saturating_sub(paused_at);
        });
    }
}

/// The real time of day, in milliseconds.
pub(super) fn real_time() -> DateTime<Utc> {
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(today.as_millis()).unwrap_or_default();
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continued_clock_never_goes_back() {
        let (start, hour) = (DateTime::UNIX_EPOCH, Duration::from_secs(3600));
        let saved = |real| Time { start, elapsed: hour, ids: 0, real };
        let elapsed = |saved, utc| {
            let now = WorldClock::continued(saved, utc).now();
            assert_eq!(now, Now::after(start, now.elapsed));
            now.elapsed.as_secs() / 3600
        };
        assert_eq!(elapsed(saved(start), Some(start + 2 * hour)), 2);
        assert_eq!(elapsed(saved(start), Some(start)), 1);
        // The machine's clock was set back, or has moved on.
        assert_eq!(elapsed(saved(real_time() + hour), None), 1);
        assert_eq!(elapsed(saved(real_time() - 2 * hour), None), 3);
    }

    #[test]
    fn paused_clock_stands_until_advanced_or_resumed() {
        let clock = WorldClock::new(None);
        clock.pause();
        let paused_at = clock.now();
        assert_eq!(clock.now(), paused_at);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(clock.now().elapsed, paused_at.elapsed + Duration::from_secs(3600));
        assert_eq!(clock.real_wait(paused_at.elapsed), None);
        clock.resume();
        let running = clock.now();
        assert!(running.elapsed >= paused_at.elapsed + Duration::from_secs(3600));
        assert!(running.elapsed < paused_at.elapsed + Duration::from_secs(3700));
        assert!(clock.real_wait(Duration::from_secs(7300)).is_some_and(|wait| wait > Duration::from_secs(3500)));
    }
}
