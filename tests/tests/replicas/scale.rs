//! The cost of 10,000 feeds over three replicas, on a virtual clock.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::DateTime;
use teamwire_core::{
    claim::{Call, ClaimStatus, Claimed, Member, Outcome, Replica, ReplicaStep},
    effect::{Moment, Now},
};
use teamwire_std::claims::{MemoryStore, perform};

use crate::process::checkpoint;

const FEEDS: usize = 10_000;
/// The default of a fleet.
const LEASE: Duration = Duration::from_secs(10);
/// Time of a call, in each direction.
const LATENCY: Duration = Duration::from_millis(2);
/// The time between two looks at the shares.
const LOOK: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);

/// A call on its way.
struct Flight {
    call: Call,
    sent: Now,
    outcome: Option<Outcome>,
    /// Time at which the store has it, or the member the outcome.
    due: Duration,
}

struct Process {
    replica: Replica,
    flight: Option<Flight>,
    /// Time at which the replica is asked for its next call.
    asks_at: Option<Duration>,
}

/// Processes and their store. Only calls take time.
struct World {
    time: Duration,
    store: MemoryStore,
    clock: Arc<AtomicU64>,
    feeds: Vec<String>,
    processes: Vec<Process>,
    started: usize,
    calls: BTreeMap<&'static str, usize>,
    /// Claims that were granted.
    granted: usize,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(AtomicU64::new(1 << 50));
        let of_store = Arc::clone(&clock);
        Self {
            time: Duration::ZERO,
            store: MemoryStore::with_clock(move || of_store.load(Ordering::SeqCst)),
            clock,
            feeds: (0..FEEDS).map(|number| format!("messages/chat-{number:05}")).collect(),
            processes: Vec::new(),
            started: 0,
            calls: BTreeMap::new(),
            granted: 0,
        }
    }

    fn start(&mut self) {
        self.started += 1;
        let member = Member { fleet: "fleet".into(), id: format!("m-{}", self.started), lease: LEASE };
        let mut replica = Replica::new(member);
        for feed in &self.feeds {
            assert!(replica.follow(feed, true), "it is followed once");
        }
        self.processes.push(Process { replica, flight: None, asks_at: Some(self.time) });
    }

    fn now(&self) -> Now {
        Now::new(Moment::from_epoch(self.time), DateTime::UNIX_EPOCH + self.time)
    }

    /// Lets time pass.
    fn run(&mut self, time: Duration) {
        let end = self.time + time;
        loop {
            let due = |process: &Process| process.flight.as_ref().map(|it| it.due).or(process.asks_at);
            let next = self.processes.iter().enumerate().filter_map(|(index, it)| Some((due(it)?, index))).min();
            let Some((due, index)) = next.filter(|(due, _)| *due <= end) else { break };
            self.pass(due);
            self.step(index);
        }
        self.pass(end);
    }

    fn pass(&mut self, until: Duration) {
        let passed = until.saturating_sub(self.time);
        self.clock.fetch_add(u64::try_from(passed.as_micros()).expect("it is short"), Ordering::SeqCst);
        self.time = self.time.max(until);
    }

    fn step(&mut self, index: usize) {
        let now = self.now();
        let process = &mut self.processes[index];
        if let Some(flight) = &mut process.flight
            && flight.outcome.is_none()
        {
            flight.outcome = Some(perform(&mut self.store, process.replica.member(), &flight.call));
            flight.due += LATENCY;
            return;
        }
        if let Some(Flight { sent, outcome: Some(outcome), .. }) = process.flight.take() {
            let granted = granted(&outcome);
            self.granted += granted.len();
            process.replica.handle(sent, now, outcome);
            for (feed, claim) in granted {
                process.replica.save(&feed, &claim, checkpoint(0));
            }
        }
        process.asks_at = match process.replica.next(now) {
            ReplicaStep::Call(call) => {
                *self.calls.entry(name(&call)).or_default() += 1;
                process.flight = Some(Flight { call, sent: now, outcome: None, due: self.time + LATENCY });
                None
            }
            ReplicaStep::Wait(until) => until.map(Moment::since_epoch),
            ReplicaStep::Left => None,
        };
    }

    /// Lets the process with this index leave.
    fn leave(&mut self, index: usize) {
        self.processes[index].replica.leave();
        self.processes[index].asks_at = Some(self.time);
    }

    /// Returns the number of feeds whose events each process may hand out.
    fn shares(&self) -> Vec<usize> {
        let now = self.now();
        let is_open = |process: &Process, feed: &str| {
            matches!(process.replica.status(feed, now), ClaimStatus::Held { is_open: true, .. })
        };
        let share = |process| self.feeds.iter().filter(|feed| is_open(process, feed)).count();
        self.processes.iter().map(share).collect()
    }

    fn is_shared(&self, expected: &[usize]) -> bool {
        let mut shares = self.shares();
        shares.sort_unstable();
        shares == expected
    }

    /// Lets time pass until the feeds are shared like this. Returns the time and the calls that it took.
    #[track_caller]
    fn run_until_shared(&mut self, expected: &[usize]) -> (Duration, usize) {
        let begun = self.time;
        self.calls.clear();
        while !self.is_shared(expected) {
            assert!(self.time < begun + 60 * SECOND, "{:?} instead of {expected:?}", self.shares());
            self.run(LOOK);
        }
        (self.time.saturating_sub(begun), self.calls.values().sum())
    }
}

/// Returns the feeds whose claims were granted, and the ids of these.
fn granted(outcome: &Outcome) -> Vec<(String, String)> {
    let Outcome::Claim(Ok(claimed)) = outcome else { return Vec::new() };
    let is_held = |claimed: &&Claimed| matches!(claimed, Claimed::Held { .. });
    claimed.iter().filter(is_held).map(|it| (it.claim().feed.clone(), it.claim().id.clone())).collect()
}

fn name(call: &Call) -> &'static str {
    match call {
        Call::Renew => "renew",
        Call::Claim(..) => "claim",
        Call::Save(_) => "save",
        Call::Release(_) => "release",
        Call::Leave => "leave",
    }
}

/// Also printed, for the table in `docs/guide/replicas.md`: run it with `--nocapture`.
#[test]
fn ten_thousand_feeds_are_shared_by_three_replicas() {
    let mut world = World::new();
    let measured = |what: &str, (time, calls): (Duration, usize), limit: Duration| {
        eprintln!("{what}: {:.1} s, {calls} calls", time.as_secs_f64());
        assert!(time <= limit, "{what}: {time:?}");
    };
    let thirds = [3_333, 3_333, 3_334];
    (0..3).for_each(|_| world.start());
    measured("three start", world.run_until_shared(&thirds), 2 * SECOND);
    world.run(2 * LEASE);

    world.start();
    measured("a fourth one starts", world.run_until_shared(&[2_500; 4]), 5 * SECOND);
    world.run(LEASE);
    world.leave(0);
    measured("one stops", world.run_until_shared(&[0, 3_333, 3_333, 3_334]), SECOND);
    world.processes.remove(0);
    world.start();
    world.run_until_shared(&[2_500; 4]);
    world.run(LEASE);
    world.processes.remove(1);
    measured("one dies", world.run_until_shared(&thirds), LEASE + 2 * SECOND);

    world.run(2 * LEASE);
    let granted = std::mem::take(&mut world.granted);
    world.calls.clear();
    world.run(100 * SECOND);
    assert!(granted >= FEEDS && world.granted == 0, "nothing moves without a reason");
    let calls: usize = world.calls.values().sum();
    eprintln!(
        "nothing happens: {:.1} calls a second, {:?}",
        Duration::from_millis(calls as u64 * 10).as_secs_f64(),
        world.calls
    );
    assert!(calls <= 700, "{:?}", world.calls);
}
