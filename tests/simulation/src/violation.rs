//! What a run that breaks a promise ends with.

use std::{collections::VecDeque, fmt};

/// A promise that was broken, and how.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) promise: &'static str,
    pub(super) how: String,
}

pub(super) fn broken<T>(promise: &'static str, how: impl FnOnce() -> String) -> Result<T, Broken> {
    Err(Broken { promise, how: how() })
}

/// A run in which a promise was broken.
#[derive(Debug)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// The promise.
    pub promise: &'static str,
    how: String,
    trace: VecDeque<String>,
}

impl Failure {
    pub(super) fn new(seed: u64, broken: Broken, trace: Trace) -> Self {
        Self { seed, promise: broken.promise, how: broken.how, trace: trace.lines }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} broke the promise: {}", self.seed, self.promise)?;
        writeln!(f, "  {}", self.how)?;
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
    length: usize,
    lines: VecDeque<String>,
}

impl Trace {
    /// One that keeps so many lines.
    pub(super) fn of(length: usize) -> Self {
        Self { length, lines: VecDeque::new() }
    }

    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        if self.length == 0 {
            return;
        }
        if self.lines.len() == self.length {
            self.lines.pop_front();
        }
        self.lines.push_back(line());
    }
}
