//! The pending long polls of a driver in virtual time.

use std::{mem, time::Duration};

use super::{
    now::Now,
    stages::{Handled, Parked},
    state::World,
};

/// Pending long polls, each with the key of its driver. It resumes them when the world has changed, or when they are
/// due.
///
/// A client whose poll returns without updates sends it again. As long as nothing else happens, this can be repeated
/// without the client: see [`park_repeated`](Self::park_repeated).
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
    /// The time between repetitions.
    cycle: Option<Duration>,
}

/// A poll that was repeated: see [`Polls::repeat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated<'p, K> {
    /// The key of its driver.
    pub key: &'p K,
    /// The number of its repetitions.
    pub number: u32,
    /// The time between them.
    pub cycle: Duration,
}

impl<K> Poll<K> {
    /// Returns the time between repetitions; `None` if it is not repeated.
    fn cycle(&self) -> Option<Duration> {
        self.cycle.filter(|cycle| self.parked.is_idle && !cycle.is_zero())
    }

    /// Returns the time at which it is due: that of its last repetition before this time.
    fn due_before(&self, time: Duration) -> Duration {
        let Some(cycle) = self.cycle().filter(|_| self.until < time) else { return self.until };
        let number = (time.saturating_sub(self.until).as_nanos() - 1) / cycle.as_nanos();
        self.until + cycle * u32::try_from(number).unwrap_or(u32::MAX)
    }
}

impl<K> Default for Polls<K> {
    fn default() -> Self {
        Self { parked: Vec::new(), revision: 0 }
    }
}

impl<K> Polls<K> {
    /// Keeps a poll that is to be resumed at this time at the latest: see [`Handled::Park`].
    pub fn park(&mut self, key: K, until: Duration, poll: Parked) {
        self.parked.push(Poll { key, until, parked: poll, cycle: None });
    }

    /// Same as [`park`](Self::park), for a poll that its client repeats: it is due again after each `cycle`, if it is
    /// still idle. The driver shows how long nothing happens: see [`next_due_before`](Self::next_due_before).
    pub fn park_repeated(&mut self, key: K, until: Duration, poll: Parked, cycle: Duration) {
        self.parked.push(Poll { key, until, parked: poll, cycle: Some(cycle) });
    }

    /// Drops the polls whose keys do not pass the filter, because their clients are gone.
    pub fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.parked.retain(|poll| keep(&poll.key));
    }

    /// The time at which the next poll is due.
    pub fn next_due(&self) -> Option<Duration> {
        self.parked.iter().map(|poll| poll.until).min()
    }

    /// The time at which the next poll is due, if nothing else happens before this time. A poll that is repeated is due
    /// at its last repetition before it, so that a new one is pending at that time.
    pub fn next_due_before(&self, time: Duration) -> Option<Duration> {
        self.parked.iter().map(|poll| poll.due_before(time)).min()
    }

    /// Repeats the polls whose repetitions have passed, and returns them.
    pub fn repeat(&mut self, world: &mut World, now: Now) -> Vec<Repeated<'_, K>> {
        let mut repeated = Vec::new();
        for poll in &mut self.parked {
            let Some(cycle) = poll.cycle().filter(|_| poll.until < now.elapsed) else { continue };
            // One more is still pending, or due now.
            let number = now.elapsed.saturating_sub(poll.until).as_nanos().div_ceil(cycle.as_nanos());
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            poll.until += cycle * number;
            world.repeat(&mut poll.parked.call, cycle * number);
            repeated.push(Repeated { key: &poll.key, number, cycle });
        }
        repeated
    }

    /// Returns true if the world has changed since the polls were last resumed.
    pub fn is_outdated(&self, world: &World) -> bool {
        self.revision != world.revision()
    }

    /// Resumes the polls that are due, or all of them if the world has changed, and returns those that are complete.
    pub fn resume(&mut self, world: &mut World, now: Now) -> Vec<(K, Handled)> {
        let has_changed = mem::replace(&mut self.revision, world.revision()) != world.revision();
        if !has_changed && self.parked.iter().all(|poll| poll.until > now.elapsed) {
            return Vec::new();
        }
        let mut complete = Vec::new();
        for Poll { key, until, parked, cycle } in mem::take(&mut self.parked) {
            if !has_changed && until > now.elapsed {
                self.parked.push(Poll { key, until, parked, cycle });
                continue;
            }
            match world.resume(now, parked) {
                Handled::Park { until, poll } => self.parked.push(Poll { key, until, parked: poll, cycle }),
                handled => complete.push((key, handled)),
            }
        }
        complete
    }
}
