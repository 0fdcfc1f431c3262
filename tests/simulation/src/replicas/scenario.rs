//! The scenario of a run, drawn from its seed at the beginning.

use std::time::Duration;

use teamwire_sandbox::world::org;

use super::ReplicaDefect;
use crate::random::Random;

/// The topic of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    AllMessages,
    Messages(&'static str),
}

impl Topic {
    /// Returns `true` if the feed has the messages of this chat.
    pub(super) fn covers(self, tid: &str) -> bool {
        match self {
            Self::AllMessages => true,
            Self::Messages(of) => of == tid,
        }
    }
}

const TOPICS: [Topic; 3] = [Topic::AllMessages, Topic::Messages(org::LOBBY), Topic::Messages(org::NOTICES)];

/// A fault that comes from outside a process and its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A process is killed.
    Kill,
    /// A process is stopped gracefully, and started again.
    Stop,
    /// A process is paused, as by SIGSTOP. Its clocks go on.
    Pause,
    /// The machine of a process is suspended: its monotonic clock stands still.
    Suspend,
    /// The wall clock of a process is set.
    SetWallClock,
    /// Another process is started.
    Start,
    /// The server is away.
    ServerOutage,
    /// The store is away, or is restarted.
    StoreOutage,
    /// The clock of the store is set back.
    SetStoreBack,
    /// The clock of the store is set forward: leases expire early.
    SetStoreForward,
    /// The store is replaced by a stale copy of it.
    Failover,
    /// As that, but some processes use the former store for a while.
    Split,
    /// The store is emptied.
    Wipe,
}

/// The decisions that hold for a whole run.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) topics: Vec<Topic>,
    pub(super) processes: usize,
    pub(super) lease: Duration,
    pub(super) handler_timeout: Duration,
    pub(super) fault_phase: Duration,
    pub(super) faults: Vec<Fault>,
    /// Maximum time between two faults, and between two messages, in milliseconds.
    pub(super) max_fault_pause_ms: u64,
    pub(super) max_post_pause_ms: u64,
    /// Calls to the store of a thousand that are lost, whose response is lost, and that arrive after their timeout.
    pub(super) lost_permille: u64,
    pub(super) unanswered_permille: u64,
    pub(super) late_permille: u64,
    /// Maximum latency of a call to the store and of its response, in milliseconds.
    pub(super) max_store_latency_ms: u64,
    /// Requests to the server of a thousand that are lost, or whose response is.
    pub(super) server_fault_permille: u64,
    /// Handlers of a thousand that fail, take long, hang, and in which the process is killed.
    pub(super) failing_permille: u64,
    pub(super) slow_permille: u64,
    pub(super) hanging_permille: u64,
    pub(super) crash_permille: u64,
    /// Set if each process asks for a beginning; otherwise only the first one does, and after the store was emptied.
    pub(super) always_begins: bool,
    /// Set if all processes ask for a beginning at the start of the run.
    pub(super) all_begin: bool,
    /// Maximum deviation of the speed of clocks, in thousandths.
    pub(super) max_drift_permille: u64,
}

impl Scenario {
    pub(super) fn draw(random: &mut Random, defect: ReplicaDefect) -> Self {
        let mut topics: Vec<_> = TOPICS.into_iter().filter(|_| random.chance(500)).collect();
        if topics.is_empty() {
            topics.push(*random.pick(&TOPICS));
        }
        let lease = Duration::from_secs(*random.pick(&[2, 3, 3, 10]));
        let mut scenario = Self {
            topics,
            processes: usize::try_from(random.within(2..=5)).unwrap_or_default(),
            lease,
            handler_timeout: Duration::from_secs(*random.pick(&[5, 8, 30])),
            fault_phase: Duration::from_secs(random.within(15..=60)),
            faults: faults(random),
            max_fault_pause_ms: *random.pick(&[1_000, 4_000, 4_000, 10_000]),
            max_post_pause_ms: *random.pick(&[300, 2_000, 2_000, 6_000]),
            lost_permille: *random.pick(&[0, 20, 100]),
            unanswered_permille: *random.pick(&[0, 20, 100]),
            late_permille: *random.pick(&[0, 20, 100]),
            max_store_latency_ms: *random.pick(&[1, 20, 200]),
            server_fault_permille: *random.pick(&[0, 20, 200]),
            failing_permille: *random.pick(&[0, 0, 50, 200]),
            slow_permille: *random.pick(&[0, 50, 200]),
            hanging_permille: *random.pick(&[0, 0, 5, 20]),
            crash_permille: *random.pick(&[0, 0, 10, 30]),
            always_begins: random.chance(200),
            all_begin: random.chance(500),
            max_drift_permille: *random.pick(&[0, 1, 100]),
        };
        if defect == ReplicaDefect::BeginsAfterWipe {
            // Otherwise it would be right.
            scenario.always_begins = false;
        }
        scenario
    }

    /// Returns `true` if two processes can never hand out events of a feed at the same time: no lease ends early, and
    /// the store loses no claim.
    pub(super) fn is_exclusive(&self) -> bool {
        use Fault::{Failover, SetStoreForward, SetWallClock, Split, Wipe};
        ![SetStoreForward, Failover, Split, Wipe, SetWallClock].iter().any(|fault| self.faults.contains(fault))
    }
}

/// Draws the faults of a run.
fn faults(random: &mut Random) -> Vec<Fault> {
    const COMMON: [Fault; 8] = [
        Fault::Kill,
        Fault::Stop,
        Fault::Pause,
        Fault::Suspend,
        Fault::Start,
        Fault::ServerOutage,
        Fault::StoreOutage,
        Fault::SetStoreBack,
    ];
    const RARE: [Fault; 5] = [Fault::SetWallClock, Fault::SetStoreForward, Fault::Failover, Fault::Split, Fault::Wipe];
    let mut faults: Vec<_> = COMMON.into_iter().filter(|_| random.chance(500)).collect();
    if random.chance(600) {
        faults.extend(RARE.into_iter().filter(|_| random.chance(300)));
    }
    // A process cannot notice that its machine was suspended for a time by which its wall clock was set back.
    if faults.contains(&Fault::SetWallClock) {
        faults.retain(|fault| *fault != Fault::Suspend);
    }
    faults
}
