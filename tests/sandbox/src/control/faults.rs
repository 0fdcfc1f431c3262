//! Asking for a bad day.

use std::fmt;

use crate::server::{Shared, faults::Rule, rules::CloseMode};

/// What goes wrong: [`Sandbox::faults`](crate::Sandbox::faults).
///
/// Rules are tried in the order in which they were added; the first that fits a request befalls it.
pub struct Faults<'s> {
    pub(crate) shared: &'s Shared,
}

impl Faults<'_> {
    /// Adds a rule; or a [`Fault`](crate::Fault), for the next request whichever it is.
    pub fn add(&self, rule: impl Into<Rule>) {
        self.shared.rules.add(rule.into());
    }

    /// Forgets all rules, and closes no more connections. An outage goes on.
    pub fn clear(&self) {
        self.shared.rules.clear();
    }

    /// How many requests the rules are still waiting for; those that stand for ever do not count.
    pub fn remaining(&self) -> u32 {
        self.shared.rules.remaining()
    }

    /// Closes the connection after every nth answer, announced by `Connection: close`.
    pub fn close_every_nth(&self, n: u64) {
        self.shared.rules.close_every(Some((n, CloseMode::Announced)));
    }

    /// Closes the connection after every nth answer without a word, as a proxy does that has lost its patience.
    pub fn close_abruptly_every_nth(&self, n: u64) {
        self.shared.rules.close_every(Some((n, CloseMode::Abrupt)));
    }

    /// Begins or ends an outage: all connections are cut, and new ones as soon as they are made. The state is kept.
    pub fn set_down(&self, is_down: bool) {
        self.shared.down.send_replace(is_down);
    }
}

impl fmt::Debug for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").finish_non_exhaustive()
    }
}
