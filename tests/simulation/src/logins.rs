//! Operations of one session whose login expires at random times.
//!
//! Operations start at random times. Some are dropped, and some are not polled for a while, in which time their replies
//! arrive late or are handled without a poll. Requests and responses are lost, also those of the login.
//!
//! - At most one login is in flight. One whose operation has not been polled for twice the timeout does not count.
//! - The login of an operation that is dropped is taken over at once.
//! - Nothing is sent without a token of the server, and a refused token is not sent again.
//! - No operation fails because of an expiry, unless two tokens expired while it was sent.
//! - An operation that is sent once is performed at most once, and one that may have been performed says so.
//! - All operations end.

mod defect;
mod network;
mod protocol;
mod server;
mod session;

use std::thread;

pub use self::defect::LoginDefect;
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
    match attempt_with(seed, 0, LoginDefect::None) {
        Ok(outcome) => Ok(outcome),
        // Repeat the run with a trace.
        Err(failure) => Err(attempt_with(seed, TRACE_LINES, LoginDefect::None).err().unwrap_or(failure)),
    }
}

/// Runs one seed with a deliberate defect.
///
/// # Errors
///
/// The failure of the run, with its last `trace_lines` events.
pub fn attempt_with(seed: u64, trace_lines: usize, defect: LoginDefect) -> Result<Outcome, Box<Failure>> {
    let mut trace = Trace::keeping(trace_lines);
    session::run(seed, &mut trace, defect).map_err(|broken| Box::new(Failure::new(seed, broken, trace)))
}

/// Runs `seeds` seeds, starting with `first`.
///
/// # Errors
///
/// The failure with the lowest seed among those that were found.
pub fn simulate_all(first: u64, seeds: u64) -> Result<Outcome, Box<Failure>> {
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    crate::all_seeds(first, seeds, threads, simulate)
}
