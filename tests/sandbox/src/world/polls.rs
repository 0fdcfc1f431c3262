//! The pending long polls of a driver in virtual time.

use std::{mem, time::Duration};

use super::{
    now::Now,
    stages::{Handled, Parked},
    state::World,
};

/// Pending long polls, each with the key of its driver. It resumes them when the world has changed, or when they are
/// due.
#[derive(Debug)]
pub struct Polls<K> {
    /// In the order in which they were parked.
    parked: Vec<Poll<K>>,
    /// The revision of the world at which they were last resumed.
    revision: u64,
}

#[derive(Debug)]
struct Poll<K> {
    key: K,
    until: Duration,
    parked: Parked,
}

impl<K> Default for Polls<K> {
    fn default() -> Self {
        Self { parked: Vec::new(), revision: 0 }
    }
}

impl<K> Polls<K> {
    /// Keeps a poll that is to be resumed at this time at the latest: see [`Handled::Park`].
    pub fn park(&mut self, key: K, until: Duration, poll: Parked) {
        self.parked.push(Poll { key, until, parked: poll });
    }

    /// Drops the polls whose keys do not pass the filter, because their clients are gone.
    pub fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.parked.retain(|poll| keep(&poll.key));
    }

    /// The time at which the next poll is due.
    pub fn next_due(&self) -> Option<Duration> {
        self.parked.iter().map(|poll| poll.until).min()
    }

    /// Resumes the polls that are due, or all of them if the world has changed, and returns those that are complete.
    pub fn resume(&mut self, world: &mut World, now: Now) -> Vec<(K, Handled)> {
        let has_changed = mem::replace(&mut self.revision, world.revision()) != world.revision();
        if !has_changed && self.parked.iter().all(|poll| poll.until > now.elapsed) {
            return Vec::new();
        }
        let mut complete = Vec::new();
        for Poll { key, until, parked } in mem::take(&mut self.parked) {
            if !has_changed && until > now.elapsed {
                self.parked.push(Poll { key, until, parked });
                continue;
            }
            match world.resume(now, parked) {
                Handled::Park { until, poll } => self.park(key, until, poll),
                handled => complete.push((key, handled)),
            }
        }
        complete
    }
}
