//! What a run that breaks a promise ends with.

use std::{collections::VecDeque, fmt};

/// A promise that was broken, and how.
#[derive(Debug)]
pub(super) struct Violation {
    pub(super) invariant: &'static str,
    pub(super) details: String,
}

/// The invariant of the simulator itself: a violation is a fault of the simulation, not of the code under test.
pub const SIMULATOR: &str = "the simulation is consistent";

pub(super) fn violation<T>(invariant: &'static str, details: impl FnOnce() -> String) -> Result<T, Violation> {
    Err(Violation { invariant, details: details() })
}

/// A run in which a promise was broken.
#[derive(Debug)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// The promise.
    pub invariant: &'static str,
    details: String,
    trace: VecDeque<String>,
}

impl Failure {
    pub(super) fn new(seed: u64, violation: Violation, trace: Trace) -> Self {
        Self { seed, invariant: violation.invariant, details: violation.details, trace: trace.lines }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} broke the promise: {}", self.seed, self.invariant)?;
        writeln!(f, "  {}", self.details)?;
        writeln!(f, "what had happened:")?;
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "to see it again:")?;
        write!(f, "  TEAMWIRE_SEED={} cargo test -p teamwire-simulation -- one_seed --nocapture", self.seed)
    }
}

/// The last things that happened, in words. A run writes none; one that failed is run again to be told.
#[derive(Debug, Default)]
pub(super) struct Trace {
    max_lines: usize,
    lines: VecDeque<String>,
}

impl Trace {
    /// One that keeps so many lines.
    pub(super) fn keeping(max_lines: usize) -> Self {
        Self { max_lines, lines: VecDeque::new() }
    }

    pub(super) fn log(&mut self, line: impl FnOnce() -> String) {
        if self.max_lines == 0 {
            return;
        }
        if self.lines.len() == self.max_lines {
            self.lines.pop_front();
        }
        self.lines.push_back(line());
    }
}
