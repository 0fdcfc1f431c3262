//! The record of a run: one entry for each operation.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use teamwire_core::Error;
use teamwire_sandbox::Sandbox;

/// The entries of one run.
pub(crate) struct Report {
    /// The adapter that was used.
    pub(crate) adapter: &'static str,
    pub(crate) entries: Vec<Entry>,
    /// True if the story ran to its end.
    pub(crate) is_complete: bool,
}

/// The outcome of one operation.
pub(crate) struct Entry {
    /// Its name in the Python SDK.
    pub(crate) operation: &'static str,
    pub(crate) requests: usize,
    /// A short text, or the error.
    pub(crate) result: Result<String, String>,
    pub(crate) took: Duration,
}

impl Report {
    pub(crate) const fn new(adapter: &'static str) -> Self {
        Self { adapter, entries: Vec::new(), is_complete: true }
    }

    pub(crate) const fn stopped_early(&mut self) {
        self.is_complete = false;
    }

    /// Performs an operation and records its outcome, put into words by `words`.
    pub(crate) fn record<T, W: Display>(
        &mut self,
        sandbox: &Sandbox,
        operation: &'static str,
        perform: impl FnOnce() -> Result<T, Error>,
        words: impl FnOnce(&T) -> W,
    ) -> Result<T, Error> {
        let before = sandbox.transcript().len();
        let start = Instant::now();
        let result = perform();
        let took = start.elapsed();
        let requests = sandbox.transcript().len() - before;
        let (entry, result) = match result {
            Ok(output) => (Ok(words(&output).to_string()), Ok(output)),
            Err(error) => (Err(error.to_string()), Err(error)),
        };
        self.entries.push(Entry { operation, requests, result: entry, took });
        result
    }
}
