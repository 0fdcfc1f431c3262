//! The active rules, and when connections are closed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::request::Parts;

use super::faults::{ArmedRule, Fault, Rule};

/// The way a connection is closed after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseMode {
    /// Announced by `Connection: close`.
    Announced,
    /// Without announcement, as some proxies do.
    Abrupt,
}

#[derive(Debug, Default)]
struct State {
    /// The rules with their ids, in the order in which they were added.
    rules: Vec<(u64, Rule)>,
    last_id: u64,
    every: Option<(u64, CloseMode)>,
    responses: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Rules(Mutex<State>);

impl Rules {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule and returns its id, which is not used again.
    pub(crate) fn add(&self, rule: Rule) -> u64 {
        let mut state = self.state();
        state.last_id += 1;
        let id = state.last_id;
        state.rules.push((id, rule));
        id
    }

    /// Removes a rule. Returns false if there is none with this id, or if it is spent.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut state = self.state();
        let before = state.rules.len();
        state.rules.retain(|(it, _)| *it != id);
        state.rules.len() < before
    }

    /// The rules that may still apply, in the order in which they are tried.
    pub(crate) fn list(&self) -> Vec<ArmedRule> {
        self.state().rules.iter().map(|(id, rule)| rule.armed(*id)).collect()
    }

    /// The interval in responses at which connections are closed, if they are.
    pub(crate) fn closing(&self) -> Option<(u64, CloseMode)> {
        self.state().every
    }

    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.rules.clear();
        state.every = None;
    }

    /// The number of requests that the rules will still apply to, without those of unlimited rules.
    pub(crate) fn remaining(&self) -> u32 {
        self.state().rules.iter().map(|(_, rule)| rule.remaining()).fold(0, u32::saturating_add)
    }

    pub(crate) fn close_every(&self, every: Option<(u64, CloseMode)>) {
        let mut state = self.state();
        state.every = every;
        state.responses = 0;
    }

    /// Returns the fault of the first rule that applies to this request.
    pub(super) fn take(&self, parts: &Parts) -> Option<Fault> {
        let mut state = self.state();
        let fault = state.rules.iter_mut().find_map(|(_, rule)| rule.apply(parts));
        state.rules.retain(|(_, rule)| !rule.is_spent());
        fault
    }

    /// Counts a response, and returns how its connection is to be closed, if it is.
    pub(super) fn close_mode(&self) -> Option<CloseMode> {
        let mut state = self.state();
        state.responses += 1;
        let (every, mode) = state.every?;
        state.responses.is_multiple_of(every.max(1)).then_some(mode)
    }
}
