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
//!
//! The network delivers first attempts late, after newer changes, and responds with hostile batches: an event that cannot be
//! read between others, cursors that are missing, empty or there twice, pages of gateways, problem documents with odd members.
//! The server may have a limit, into which many posts at once run; and the machine of the process is suspended, so that the clock
//! of the day moves on while the monotonic one stands still.
//!
//! # What it sees
//!
//! Each [`Defect`] between the machines and the network, in the clocks or in the server, is noticed in each run of the tests.
//!
//! Defects of the core itself are noticed, too. It was broken in each of these ways, one at a time, and one of the first 3,000
//! seeds noticed. (The seeds are not written down: each change of the simulator makes them others.)
//!
//! - an event comes with the checkpoint of its whole batch
//! - an event comes with the checkpoint before it
//! - the last event of a batch is dropped
//! - the cursor does not move
//! - the order of a batch is turned round
//! - an event that cannot be understood is left out
//! - a lease that ran out is forgotten about
//! - after a lease that ran out it goes on from now
//! - what was missed is not told
//! - a cursor that is too old ends the feed
//! - somebody's unsubscribe is taken for trouble
//! - a revoked key is taken for trouble
//! - a chat that is gone is taken for trouble
//! - no backoff
//! - backoff does not grow
//! - `Retry-After` is ignored
//! - failed attempts are counted for ever
//! - trouble is not told
//! - a wait is in the past
//! - a stop does not unsubscribe
//! - a stop polls once more
//! - a stop drops what had arrived
//! - a stop drops the answer that nobody has looked at
//! - a subscription that is being made is not ended by a stop
//! - a stale ticket is accepted
//! - asking again gives another ticket
//! - another attempt has another key
//! - a key of one's own is not used
//! - an operation never gives up
//! - an error forgets that an earlier attempt may have arrived
//! - the set does not wake a feed that is answered
//! - the set does not wake a feed that is stopped
//! - the set lets sleepers sleep on
//! - a share does not end at its time
//! - a share that was stopped goes on
//! - a share that the server ended goes on
//! - a share that began meanwhile is ended by the server's word
//! - a restored share begins anew
//! - a restored share that has ended is there again
//! - shares are not saved
//! - a checkpoint is not taken up
//! - a quiet feed gives no checkpoint
//! - a quiet feed gives a newer checkpoint only if something comes just then
//! - a server that does not wait is asked without a pause
//! - a deleted message is told though it is to be hidden

mod defect;
mod disk;
mod environment;
mod feed_driver;
mod feed_under_test;
mod invariants;
mod network;
mod oracle;
mod people;
mod process;
mod protocol;
mod random;
mod run;
mod scenario;
mod server;
mod shares;
mod violation;
mod workload;

use std::{
    ops::AddAssign,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

pub use self::{
    defect::Defect,
    violation::{Failure, SIMULATOR},
};
use self::{environment::Environment, violation::Trace};

/// How many of the last things that happened are told of a run that failed.
const TRACE_LINES: usize = 40;

/// What a run was like, or several together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// How many requests were sent.
    pub requests: usize,
    /// How much happened.
    pub events: usize,
    /// How many lives the bot had.
    pub incarnations: u64,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.events += other.events;
        self.incarnations += other.incarnations;
    }
}

/// Runs one seed. The failure says what had happened.
pub fn simulate(seed: u64) -> Result<Outcome, Box<Failure>> {
    match attempt(seed, 0) {
        Ok(outcome) => Ok(outcome),
        // The same once more, in words.
        Err(failure) => Err(attempt(seed, TRACE_LINES).err().unwrap_or(failure)),
    }
}

/// Runs one seed, and tells the last so many things that happened if it fails.
pub fn attempt(seed: u64, trace_lines: usize) -> Result<Outcome, Box<Failure>> {
    attempt_with(seed, trace_lines, Defect::None)
}

/// As [`attempt`], with a defect.
pub fn attempt_with(seed: u64, trace_lines: usize, defect: Defect) -> Result<Outcome, Box<Failure>> {
    let mut environment = Environment::new(seed, Trace::keeping(trace_lines), defect);
    match run::run(&mut environment) {
        Ok(()) => Ok(Outcome {
            requests: environment.exchanges.len(),
            events: environment.event_count(),
            incarnations: environment.incarnation.into(),
        }),
        Err(broken) => Err(Box::new(Failure::new(seed, broken, environment.trace))),
    }
}

/// Runs so many seeds, from the first one on, on so many threads; the failure with the least seed, if there is one.
pub fn simulate_all(first: u64, seeds: u64, threads: u64) -> Result<Outcome, Box<Failure>> {
    let next = AtomicU64::new(first);
    let end = first.saturating_add(seeds);
    let one_thread = || {
        let mut total = Outcome::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return Ok(total);
            }
            match simulate(seed) {
                Ok(outcome) => total += outcome,
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
