//! The faults of a run.

use teamwire_test_support::Rng;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A replica is killed, and started again.
    Kill(Who),
    /// All replicas are.
    KillAll,
    /// A replica is stopped by the operating system, and continues after its lease has expired.
    Pause(Who),
    /// A replica is stopped gracefully, and started again.
    Release(Who),
    /// All replicas are, one after the other.
    Roll,
    /// The connection of a replica to the store is cut until after its lease.
    Cut(Who),
    /// The same, but neither end notices. What was sent arrives later.
    Silence(Who),
    /// The store is unavailable to all for longer than the lease.
    StoreAway,
    /// A replica is killed meanwhile.
    StoreAwayAndKill(Who),
    /// The store is killed, and started again with its append-only file.
    StoreRestart,
    /// The store is replaced by a copy that lacks the last changes.
    FailOver,
    /// The backend cuts all connections.
    Outage,
}

/// A replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The one that holds the feed.
    Holder,
    /// One that waits.
    Other,
}

use Fault::{
    Cut, FailOver, Kill, KillAll, Outage, Pause, Release, Roll, Silence, StoreAway, StoreAwayAndKill, StoreRestart,
};
use Who::{Holder, Other};

/// The faults on any store.
const ANY: [Fault; 14] = [
    Kill(Holder),
    Kill(Other),
    KillAll,
    Pause(Holder),
    Pause(Other),
    Release(Holder),
    Release(Other),
    Roll,
    Cut(Holder),
    Cut(Other),
    StoreAway,
    StoreAwayAndKill(Holder),
    FailOver,
    Outage,
];
/// Those on a server only.
const ON_A_SERVER: [Fault; 3] = [Silence(Holder), Silence(Other), StoreRestart];

/// Draws faults: all kinds in a random order, then all again.
pub(super) fn draw(random: &mut Rng, count: usize, is_server: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    while faults.len() < count {
        let mut kinds = ANY.to_vec();
        kinds.extend(ON_A_SERVER.iter().filter(|_| is_server));
        while !kinds.is_empty() {
            faults.push(kinds.swap_remove(random.index(kinds.len())));
        }
    }
    faults.truncate(count);
    faults
}
