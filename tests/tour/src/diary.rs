//! What happened: one entry for each operation.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use teamwire_core::Error;
use teamwire_sandbox::Sandbox;

/// The entries of one telling.
pub(crate) struct Diary {
    /// The adapter through which it was told.
    pub(crate) adapter: &'static str,
    pub(crate) entries: Vec<Entry>,
    /// Whether it has an end.
    pub(crate) is_whole: bool,
}

/// What came of one operation.
pub(crate) struct Entry {
    /// Its name in the Python SDK.
    pub(crate) operation: &'static str,
    pub(crate) requests: usize,
    /// What came of it, in words; or the error.
    pub(crate) result: Result<String, String>,
    pub(crate) took: Duration,
}

impl Diary {
    pub(crate) const fn new(adapter: &'static str) -> Self {
        Self { adapter, entries: Vec::new(), is_whole: true }
    }

    pub(crate) const fn broke_off(&mut self) {
        self.is_whole = false;
    }

    /// Performs an operation, and notes what came of it in words.
    pub(crate) fn note<T, W: Display>(
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
            Ok(answer) => (Ok(words(&answer).to_string()), Ok(answer)),
            Err(error) => (Err(error.to_string()), Err(error)),
        };
        self.entries.push(Entry { operation, requests, result: entry, took });
        result
    }
}
