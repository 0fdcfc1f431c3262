//! Outages: they cut all connections.

use tokio::sync::watch;

/// The outages of a sandbox. It changes only while the world is locked, so that each request is executed either before
/// an outage or not at all.
#[derive(Debug, Default)]
pub(crate) struct Outages(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    is_down: bool,
    /// The number of outages so far.
    count: u64,
}

/// The number of outages before a connection was accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutagesBefore(u64);

impl Outages {
    pub(super) fn set_down(&self, is_down: bool) {
        self.0.send_modify(|state| {
            state.count += u64::from(is_down && !state.is_down);
            state.is_down = is_down;
        });
    }

    /// Returns the number of outages so far; `None` during one.
    pub(super) fn before(&self) -> Option<OutagesBefore> {
        let state = self.0.borrow();
        (!state.is_down).then_some(OutagesBefore(state.count))
    }

    /// Returns true if an outage has cut this connection, even if it has ended since.
    pub(super) fn have_cut(&self, connection: OutagesBefore) -> bool {
        self.0.borrow().count != connection.0
    }

    /// Waits until an outage cuts this connection.
    pub(super) async fn cut(&self, connection: OutagesBefore) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|state| state.count != connection.0).await;
    }
}
