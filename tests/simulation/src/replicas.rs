//! Several processes of a bot that share feeds through a store of claims.
//!
//! The processes run the machines of the core: a `Replica`, and a `Following` and a feed for each topic. Their handlers
//! fail, take long and hang, and post replies with the keys of their events. Processes are killed, paused for longer
//! than the lease, replaced while they are paused, stopped and started; their clocks run at different speeds, and their
//! machines are suspended. Calls to the store are delayed or lost, and so are their responses; some arrive after their
//! caller has given up. The store is away, its clock is set, it fails over to a stale copy while some processes still
//! use the former one, and it is emptied.
//!
//! ```text
//!   people ──► World ◄── requests of feeds, posts ── processes ── calls ──► Store: current state, stale copy
//!                │                                       │                    │
//!                └─ log of messages ──► Promises ◄── events handed out, handled, and passed by checkpoints
//! ```
//!
//! - From its first checkpoint on, each event of a feed is handled, and no checkpoint passes one that is not. Those of
//!   a chat are handled in order after repeats are removed. A feed without a checkpoint begins only if that was asked
//!   for, and never after its process has seen one.
//! - Until the store loses something, its checkpoint never goes back, and only the claim that was granted last saves.
//! - Nothing is handed out after two thirds of the lease since the last successful renewal was sent. Unless a lease
//!   ends early, two processes never hand out events of a feed at the same time.
//! - A reply with the key of an event appears once.
//! - After the faults, every feed is followed and everything is handled within a limited time. If a process is killed,
//!   another one follows its feeds within the lease and two seconds; if it is stopped, within one second.

mod backend;
mod calls;
mod clock;
mod defect;
mod process;
mod promises;
mod run;
mod scenario;
mod store;

pub use self::defect::ReplicaDefect;
use crate::{
    Outcome, TRACE_LINES,
    violation::{Failure, Trace},
};

/// Runs one seed.
///
/// # Errors
///
/// The failure of the run, with its last events.
pub fn simulate(seed: u64) -> Result<Outcome, Box<Failure>> {
    match attempt_with(seed, 0, ReplicaDefect::None) {
        Ok(outcome) => Ok(outcome),
        // Repeat the run with a trace.
        Err(failure) => Err(attempt_with(seed, TRACE_LINES, ReplicaDefect::None).err().unwrap_or(failure)),
    }
}

/// Runs one seed with a deliberate defect.
///
/// # Errors
///
/// The failure of the run, with its last `trace_lines` events.
pub fn attempt_with(seed: u64, trace_lines: usize, defect: ReplicaDefect) -> Result<Outcome, Box<Failure>> {
    let mut trace = Trace::keeping(trace_lines);
    run::run(seed, &mut trace, defect).map_err(|broken| Box::new(Failure::new(seed, broken, trace)))
}

/// Runs `seeds` seeds, starting with `first`, on `threads` threads.
///
/// # Errors
///
/// The failure with the lowest seed among those that were found.
pub fn simulate_all(first: u64, seeds: u64, threads: u64) -> Result<Outcome, Box<Failure>> {
    crate::all_seeds(first, seeds, threads, simulate)
}
