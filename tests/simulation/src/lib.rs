//! Runs the core's machines against the sandbox's world, on a virtual clock and through a hostile network.
//!
//! One seed determines a run: the feeds, the actions of people and of the bot, the delivery of each exchange, revoked
//! keys, expired leases and cursors, and crashes of the process. There is no other input, so the same seed gives the
//! same run. To replay a seed, and to see the last events before it failed:
//!
//! ```sh
//! TEAMWIRE_SEED=123 cargo test -p teamwire-simulation -- one_seed --nocapture
//! ```
//!
//! ```text
//!   people ──► World ◄──► network: delays, losses, duplicates ◄──► machines ◄── the bot's code and disk
//!                │                                                    │
//!              Oracle: all changes ──────────────────── FeedInvariants: allowed and required steps
//! ```
//!
//! A run has two phases. The first has faults and crashes. In the second there are none: every change has to be
//! delivered, every pending message posted, and every feed has to end.
//!
//! The network delivers requests late, after newer changes. It returns corrupt batches (undecodable items; missing,
//! empty or repeated cursors), pages of gateways, and problem documents with malformed members. The server may have a
//! rate limit, which bursts of posts exceed. The machine of the process is suspended, in which time its wall clock
//! advances and its monotonic clock stands still.
//!
//! # Modules
//!
//! - `run` has the phases of a run; `environment` its clock, event queue and exchanges; `scenario` what its seed
//!   decides at the start.
//! - `process` is one process of the bot: `feed_driver` drives its feeds (`feed_under_test`), `workload` has its
//!   operations, `shares` its location shares, `disk` what it saves.
//! - `network` delivers exchanges, `server` handles them, `people` act in the chats.
//! - [`logins`] is another scenario: many operations, and a login that expires. [`replicas`] is a third one: several
//!   processes that share feeds through a store.
//! - `oracle` records all changes, `protocol` decodes requests and replies, and `invariants` checks each feed by both.
//!   A `violation` ends the run.
//!
//! # Defects that the invariants notice
//!
//! The tests check that each [`Defect`] between the machines and the network, in the clocks or in the server violates
//! an invariant.
//!
//! The invariants also notice defects of the core. Each of these was made on its own, and violated an invariant on one
//! of the first 3,000 seeds. (The seeds are not listed, as they change with the simulator.)
//!
//! - an event has the checkpoint of its whole batch
//! - an event has the checkpoint before it
//! - the last event of a batch is dropped
//! - the cursor does not advance
//! - the events of a batch are reversed
//! - an event that cannot be decoded is skipped
//! - an expired lease is ignored
//! - after an expired lease, the feed continues from the current position
//! - a gap is not reported
//! - an expired cursor ends the feed
//! - an unsubscribed feed is retried
//! - a revoked key is retried
//! - a deleted chat is retried
//! - there is no backoff
//! - the backoff does not grow
//! - `Retry-After` is ignored
//! - the number of failed attempts is never reset
//! - failures are not reported
//! - a wait ends in the past
//! - a stop does not unsubscribe
//! - a stopped feed polls once more
//! - a stop drops events that have arrived
//! - a stop drops a response that has not been decoded yet
//! - a stop does not end a subscription that is being created
//! - an obsolete ticket is accepted
//! - a request that is polled again gets another ticket
//! - a retry has another idempotency key
//! - the bot's own idempotency key is not used
//! - an operation is retried without a limit
//! - an error does not report that an earlier attempt may have arrived
//! - the feed set does not wake a feed that has got a response
//! - the feed set does not wake a feed that is stopped
//! - the feed set does not wake a feed whose sleep is over
//! - a share does not expire
//! - a stopped share stays active
//! - a share that the server has ended stays active
//! - a response ends a share that has begun since the request
//! - a restored share lasts for its whole duration again
//! - a restored share is active although it has expired
//! - shares are not saved
//! - a checkpoint is not used
//! - a quiet feed reports no checkpoint
//! - a quiet feed reports a newer checkpoint only with an event
//! - a server that does not support long polls is polled without pauses
//! - a deleted message is reported although it has to be hidden

mod defect;
mod disk;
mod environment;
mod feed_driver;
mod feed_under_test;
mod invariants;
pub mod logins;
mod network;
mod oracle;
mod people;
mod process;
mod protocol;
mod random;
pub mod replicas;
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

/// Number of events in the trace of a failed run.
const TRACE_LINES: usize = 40;

/// Totals of one run, or of several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Number of requests.
    pub requests: usize,
    /// Number of changes and disruptions.
    pub events: usize,
    /// Number of processes that the bot had.
    pub incarnations: u64,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.events += other.events;
        self.incarnations += other.incarnations;
    }
}

/// Runs one seed.
///
/// # Errors
///
/// The failure of the run, with its last events.
pub fn simulate(seed: u64) -> Result<Outcome, Box<Failure>> {
    match attempt(seed, 0) {
        Ok(outcome) => Ok(outcome),
        // Repeat the run with a trace.
        Err(failure) => Err(attempt(seed, TRACE_LINES).err().unwrap_or(failure)),
    }
}

/// Runs one seed.
///
/// # Errors
///
/// The failure of the run, with its last `trace_lines` events.
pub fn attempt(seed: u64, trace_lines: usize) -> Result<Outcome, Box<Failure>> {
    attempt_with(seed, trace_lines, Defect::None)
}

/// Same as [`attempt`], with a deliberate defect.
///
/// # Errors
///
/// Same as [`attempt`].
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

/// Runs `seeds` seeds, starting with `first`, on `threads` threads.
///
/// # Errors
///
/// The failure with the lowest seed among those that were found.
pub fn simulate_all(first: u64, seeds: u64, threads: u64) -> Result<Outcome, Box<Failure>> {
    all_seeds(first, seeds, threads, simulate)
}

fn all_seeds(
    first: u64,
    seeds: u64,
    threads: u64,
    simulate: impl Fn(u64) -> Result<Outcome, Box<Failure>> + Sync,
) -> Result<Outcome, Box<Failure>> {
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
            match thread.join().expect("runs do not panic") {
                Ok(outcome) => total += outcome,
                Err(failure) => failures.push(failure),
            }
        }
        failures.into_iter().min_by_key(|failure| failure.seed).map_or(Ok(total), Err)
    })
}
