//! The report of a run that violates an invariant.

use std::{collections::VecDeque, fmt};

/// A violated invariant, with details.
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

/// A run that has violated an invariant.
#[derive(Debug)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// The violated invariant.
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
        writeln!(f, "seed {} violates the invariant: {}", self.seed, self.invariant)?;
        writeln!(f, "  {}", self.details)?;
        writeln!(f, "last events:")?;
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "to replay it:")?;
        write!(f, "  TEAMWIRE_SEED={} cargo test -p teamwire-simulation -- one_seed --nocapture", self.seed)
    }
}

/// The last events of a run as text. It stays empty at first; a run that fails is repeated with a trace.
#[derive(Debug, Default)]
pub(super) struct Trace {
    max_lines: usize,
    lines: VecDeque<String>,
}

impl Trace {
    /// Creates a trace that keeps the last `max_lines` lines.
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
