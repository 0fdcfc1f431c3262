use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use teamwire_std::{MAX_CONNECTION_AGE, trusts_connection};

/// Time before which idle connections are not reused: after one of them turned out to be dead, the others that were
/// idle by then most likely are as well. A restart of a server, or of a firewall, rarely affects one connection alone.
#[derive(Clone, Debug, Default)]
pub(super) struct IdleCutoff(Arc<Mutex<Option<Instant>>>);

impl IdleCutoff {
    /// Excludes all connections that are idle since then or longer.
    pub(super) fn raise(&self, then: Instant) {
        let mut latest = self.lock();
        *latest = latest.max(Some(then));
    }

    fn get(&self) -> Option<Instant> {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// History of a connection, which decides whether it can be reused.
#[derive(Debug)]
pub(super) struct ConnectionHistory {
    opened: Instant,
    /// Time at which it was opened, or last found to be open.
    checked: Instant,
    idle_since: Option<Instant>,
    idle_cutoff: IdleCutoff,
}

impl ConnectionHistory {
    /// Creates the history of a new connection.
    pub(super) fn new(idle_cutoff: IdleCutoff) -> Self {
        let opened = Instant::now();
        Self { opened, checked: opened, idle_since: None, idle_cutoff }
    }

    /// Returns the time since when the connection is idle; `None` during an exchange.
    pub(super) const fn idle_since(&self) -> Option<Instant> {
        self.idle_since
    }

    /// Sets the time since when the connection is idle; `None` during an exchange.
    pub(super) const fn set_idle_since(&mut self, then: Option<Instant>) {
        self.idle_since = then;
    }

    /// Returns whether it is too old, or likely dead.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.opened) >= MAX_CONNECTION_AGE
            || self.idle_since.is_some_and(|since| self.idle_cutoff.get().is_some_and(|then| since <= then))
    }

    /// Returns whether this exchange may reuse it unchecked.
    pub(super) fn is_trusted(&self, replaces_stale_connection: bool, now: Instant) -> bool {
        trusts_connection(replaces_stale_connection, self.checked, self.idle_cutoff.get(), now)
    }

    /// Records that it was found to be open.
    pub(super) const fn set_checked(&mut self, now: Instant) {
        self.checked = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_gets_old_however_busy_it_is() {
        let history = ConnectionHistory::new(IdleCutoff::default());
        assert!(!history.is_stale(history.opened + MAX_CONNECTION_AGE / 2));
        assert!(history.is_stale(history.opened + MAX_CONNECTION_AGE));
    }

    #[test]
    fn suspect_is_what_was_idle_by_then() {
        let idle_cutoff = IdleCutoff::default();
        let mut history = ConnectionHistory::new(idle_cutoff.clone());
        let idle_since = history.opened;
        history.set_idle_since(Some(idle_since));
        assert!(!history.is_stale(idle_since));
        idle_cutoff.raise(idle_since);
        assert!(history.is_stale(idle_since));
        history.set_idle_since(Some(idle_since + MAX_CONNECTION_AGE / 2));
        assert!(!history.is_stale(idle_since), "it has served an exchange since");
    }
}
