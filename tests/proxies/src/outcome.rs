//! The result of one scenario with one adapter.

use teamwire_core::Error;

use crate::tally::Tally;

/// Maximum number of logins with a wrong password.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Logins {
    /// By one call.
    pub(crate) call: usize,
    /// By one feed.
    pub(crate) feed: usize,
}

/// The counts of a scenario, and its failed expectations.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Number of calls of the bot.
    pub(crate) calls: usize,
    /// Number of messages that a feed has delivered.
    pub(crate) messages: usize,
    pub(crate) tally: Tally,
    /// `None` if the scenario has no wrong password.
    pub(crate) logins: Option<Logins>,
    pub(crate) failures: Vec<String>,
    /// Measurements.
    pub(crate) notes: Vec<String>,
}

impl Outcome {
    /// Creates the outcome of a scenario that could not be run.
    pub(crate) fn not_run(why: &str) -> Self {
        Self { failures: vec![format!("not run: {why}")], ..Self::default() }
    }

    pub(crate) fn fail(&mut self, failure: impl Into<String>) {
        self.failures.push(failure.into());
    }

    pub(crate) fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.fail(otherwise());
        }
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Counts a call that has to succeed, and returns its output.
    pub(crate) fn call<T>(&mut self, name: &str, result: Result<T, Error>) -> Option<T> {
        self.calls += 1;
        result.map_err(|error| self.fail(format!("{name}: {error}"))).ok()
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.failures.is_empty() && self.tally.is_clean()
    }
}
