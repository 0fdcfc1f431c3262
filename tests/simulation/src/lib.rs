//! The core's machines against the sandbox's world, on a virtual clock, through a hostile network.
//!
//! A run is made from one seed: which feeds are followed and how, who posts, reacts, moves and deletes, what the network
//! does to each exchange, when keys are revoked, leases and cursors run out, the process dies. Nothing else has a say: the
//! same seed gives the same run, so that a seed that breaks a promise can be looked at as often as one likes.
//!
//! ```text
//!   people ──► World ◄──► network: delays, losses, repeats, lies ◄──► machines ◄── the user's code, and its disk
//!                │                                                       │
//!              Truth: what happened ─────────── Watch: what may be said, and what must
//! ```
//!
//! A storm in which all this happens is followed by a calm in which everything must come right: all that happened is told,
//! all that was to be posted is, and all feeds end as they should.

mod broken;
mod chore;
mod disk;
mod drive;
mod executor;
mod followed;
mod heard;
mod network;
mod people;
mod plan;
mod process;
mod random;
mod run;
mod server;
mod shares;
mod truth;
mod universe;
mod watch;

use std::{
    ops::AddAssign,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

pub use self::broken::Failure;
use self::{broken::Trace, universe::Universe};

/// How many of the last things that happened are told of a run that failed.
const TOLD: usize = 40;

/// What a run was like, or several together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// How many requests were sent.
    pub requests: usize,
    /// How much happened.
    pub happened: usize,
    /// How many lives the bot had.
    pub lives: u64,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.happened += other.happened;
        self.lives += other.lives;
    }
}

/// Runs one seed. The failure says what had happened.
pub fn simulate(seed: u64) -> Result<Outcome, Box<Failure>> {
    match attempt(seed, 0) {
        Ok(outcome) => Ok(outcome),
        // The same once more, in words.
        Err(failure) => Err(attempt(seed, TOLD).err().unwrap_or(failure)),
    }
}

/// Runs one seed, and tells the last so many things that happened if it fails.
pub fn attempt(seed: u64, told: usize) -> Result<Outcome, Box<Failure>> {
    let mut universe = Universe::new(seed, Trace::of(told));
    match run::run(&mut universe) {
        Ok(()) => Ok(Outcome {
            requests: universe.transits.len(),
            happened: universe.happened(),
            lives: universe.life.into(),
        }),
        Err(broken) => Err(Box::new(Failure::new(seed, broken, universe.trace))),
    }
}

/// Runs so many seeds, from the first one on, on so many threads; the failure with the least seed, if there is one.
pub fn simulate_all(first: u64, seeds: u64, threads: u64) -> Result<Outcome, Box<Failure>> {
    let next = AtomicU64::new(first);
    let end = first.saturating_add(seeds);
    let one_thread = || {
        let mut all = Outcome::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return Ok(all);
            }
            match simulate(seed) {
                Ok(outcome) => all += outcome,
                Err(failure) => {
                    next.store(end, Ordering::Relaxed);
                    return Err(failure);
                }
            }
        }
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one_thread)).collect();
        let mut total = Outcome::default();
        let mut failures = Vec::new();
        for thread in all {
            match thread.join().expect("a run does not panic") {
                Ok(outcome) => total += outcome,
                Err(failure) => failures.push(failure),
            }
        }
        failures.into_iter().min_by_key(|failure| failure.seed).map_or(Ok(total), Err)
    })
}
