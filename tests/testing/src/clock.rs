//! The thread that moves the clock while it waits.

use std::{thread, time::Duration};

use teamwire_core::StopHandle;

use crate::World;

/// A wait in progress. Only one thread waits at a time: waits of its actions are nested.
pub(crate) struct Driving<'w>(&'w World);

impl<'w> Driving<'w> {
    /// Begins a wait.
    ///
    /// # Panics
    ///
    /// If another thread waits: it would be chance which of them goes first.
    pub(crate) fn new(world: &'w World) -> Self {
        let this = thread::current().id();
        let is_alone = world.with(|state| {
            let (driver, waits) = state.driver.get_or_insert((this, 0));
            *waits += usize::from(*driver == this);
            *driver == this
        });
        assert!(is_alone, "two threads wait in a world, which is exact with one only: use the sandbox for this test");
        Self(world)
    }

    /// Lets everything happen that is due now.
    pub(crate) fn catch_up(&self) {
        while self.step_until(self.0.elapsed()) {}
    }

    /// Lets the next event happen.
    ///
    /// # Panics
    ///
    /// If there is none, or if the test has been forgotten.
    pub(crate) fn step(&self) {
        let has_stepped = self.step_until(Duration::MAX);
        let elapsed = self.0.elapsed();
        assert!(has_stepped, "the bot waits after {elapsed:?} for something that never happens in its world");
    }

    /// Waits until the condition holds, the handle is stopped, or the time has come.
    pub(crate) fn wait<T>(
        &self,
        until: Option<Duration>,
        stop: Option<&StopHandle>,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        loop {
            let result = condition();
            if result.is_some() || stop.is_some_and(StopHandle::is_stopped) {
                return result;
            }
            match until {
                None => self.step(),
                Some(until) if self.step_until(until) => {}
                Some(until) => {
                    self.0.with(|state| state.move_clock(until));
                    self.check();
                    return None;
                }
            }
        }
    }

    /// Lets the next event happen, unless it is later. Returns `false` if it is, or if there is none.
    fn step_until(&self, limit: Duration) -> bool {
        let action = self.0.with(|state| {
            let due = state.next_due(limit).filter(|next| *next <= limit);
            due.map(|due| state.happen(due))
        });
        let Some(action) = action else { return false };
        // Without the lock, as the action uses the world.
        if let Some(action) = action {
            action(self.0);
        }
        self.check();
        true
    }

    fn check(&self) {
        let is_forgotten = self.0.with(|state| state.is_forgotten());
        assert!(!is_forgotten, "the bot has run for 30 days after the last scheduled action: let an action stop it");
    }
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        self.0.with(|state| {
            if let Some((_, waits)) = &mut state.driver {
                *waits -= 1;
                if *waits == 0 {
                    state.driver = None;
                }
            }
        });
    }
}
