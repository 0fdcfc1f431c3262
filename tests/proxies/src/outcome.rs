//! The result of one scenario with one adapter.

use teamwire_core::Error;

use crate::tally::Tally;

/// Most logins that were made with a wrong password.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Logins {
    /// By one call.
    pub(crate) call: usize,
    /// By one feed.
    pub(crate) feed: usize,
}

/// Counts of a scenario, and each expectation that failed.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Calls of the bot.
    pub(crate) calls: usize,
    /// Messages that a feed delivered.
    pub(crate) messages: usize,
    pub(crate) tally: Tally,
    /// `None` if all passwords were right.
    pub(crate) logins: Option<Logins>,
    pub(crate) failures: Vec<String>,
    /// Measurements.
    pub(crate) notes: Vec<String>,
}

impl Outcome {
    /// A scenario that could not be run.
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

    /// Counts a call that is to succeed, and returns its result.
    pub(crate) fn call<T>(&mut self, name: &str, result: Result<T, Error>) -> Option<T> {
        self.calls += 1;
        result.map_err(|error| self.fail(format!("{name}: {error}"))).ok()
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.failures.is_empty() && self.tally.is_clean()
    }
}
