//! Control of fault injection.

use std::fmt;

use crate::server::{
    Shared,
    faults::{ArmedRule, Rule},
    rules::CloseMode,
};

/// Fault injection, returned by [`Sandbox::faults`](crate::Sandbox::faults).
///
/// Rules are tried in the order in which they were added; the first matching rule applies.
pub struct Faults<'s> {
    pub(crate) shared: &'s Shared,
}

impl Faults<'_> {
    /// Adds a rule, or a [`Fault`](crate::Fault) for the next request, and returns its id.
    pub fn add(&self, rule: impl Into<Rule>) -> u64 {
        let id = self.shared.rules.add(rule.into());
        self.shared.observed.changes.notify();
        id
    }

    /// Removes a rule. Returns false if there is none with this id, also if it has applied to all its requests.
    pub fn remove(&self, id: u64) -> bool {
        let is_removed = self.shared.rules.remove(id);
        self.shared.observed.changes.notify();
        is_removed
    }

    /// The rules that may still apply, in the order in which they are tried.
    pub fn list(&self) -> Vec<ArmedRule> {
        self.shared.rules.list()
    }

    /// Removes all rules, including those that close connections. An outage is not ended.
    pub fn clear(&self) {
        self.shared.rules.clear();
        self.shared.observed.changes.notify();
    }

    /// The number of requests that the rules will still apply to, without those of unlimited rules.
    pub fn remaining(&self) -> u32 {
        self.shared.rules.remaining()
    }

    /// Closes the connection after every nth response, announced by `Connection: close`.
    pub fn close_every_nth(&self, n: u64) {
        self.close_every(n, CloseMode::Announced);
    }

    /// Closes the connection after every nth response without announcement, as some proxies do.
    pub fn close_abruptly_every_nth(&self, n: u64) {
        self.close_every(n, CloseMode::Abrupt);
    }

    /// Stops closing connections after responses.
    pub fn close_never(&self) {
        self.shared.rules.close_every(None);
        self.shared.observed.changes.notify();
    }

    fn close_every(&self, n: u64, mode: CloseMode) {
        self.shared.rules.close_every(Some((n, mode)));
        self.shared.observed.changes.notify();
    }

    /// Starts or ends an outage: all connections are cut, and new ones as soon as they are accepted. All data is kept.
    ///
    /// It is in force when this returns: no request is executed, and no pending poll returns what happens from then on.
    pub fn set_down(&self, is_down: bool) {
        self.shared.set_down(is_down);
        self.shared.observed.changes.notify();
    }
}

impl fmt::Debug for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").finish_non_exhaustive()
    }
}
