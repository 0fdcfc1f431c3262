//! The number of calls to the store, which is the same on every store. The guide on replicas has them in a table.

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
    claim::{
        Call, ClaimRequest, ClaimStatus, Claimed, Member, Release, Replica, ReplicaStep, Save, Saved, StoreError, View,
    },
    effect::{Moment, Now},
};
use teamwire_std::claims::{ClaimStore, MemoryStore, perform};

use crate::process::checkpoint;

const FEED: &str = "all_messages";
/// The default of a fleet.
const LEASE: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

/// A store that counts its calls.
struct Counted {
    store: MemoryStore,
    calls: BTreeMap<&'static str, u32>,
}

impl Counted {
    fn count(&mut self, call: &'static str) -> &mut MemoryStore {
        *self.calls.entry(call).or_default() += 1;
        &mut self.store
    }
}

impl ClaimStore for Counted {
    fn renew(&mut self, member: &Member) -> Result<View, StoreError> {
        self.count("renew").renew(member)
    }

    fn claim(&mut self, member: &Member, wanted: &[ClaimRequest], at_most: usize) -> Result<Vec<Claimed>, StoreError> {
        self.count("claim").claim(member, wanted, at_most)
    }

    fn save(&mut self, member: &Member, saves: &[Save]) -> Result<Vec<Saved>, StoreError> {
        self.count("save").save(member, saves)
    }

    fn release(&mut self, member: &Member, releases: &[Release]) -> Result<(), StoreError> {
        self.count("release").release(member, releases)
    }

    fn leave(&mut self, member: &Member) -> Result<(), StoreError> {
        self.count("leave").leave(member)
    }
}

/// Replicas and their store, on a virtual clock. A call takes no time.
struct Fleet {
    replicas: Vec<Replica>,
    store: Counted,
    clock: Arc<AtomicU64>,
    time: Duration,
    handled: u64,
}

impl Fleet {
    /// Returns a fleet of this size, one of whose members has begun the feed.
    fn start(replicas: usize) -> Self {
        let clock = Arc::new(AtomicU64::new(1 << 50));
        let now = Arc::clone(&clock);
        let store = MemoryStore::with_clock(move || now.load(Ordering::SeqCst));
        let store = Counted { store, calls: BTreeMap::new() };
        let mut fleet = Self { replicas: Vec::new(), store, clock, time: Duration::ZERO, handled: 0 };
        for _ in 0..replicas {
            fleet.add();
        }
        fleet.run(Duration::ZERO);
        fleet.handle();
        fleet.run(MINUTE);
        fleet.take_calls();
        fleet
    }

    fn add(&mut self) {
        let id = format!("m-{}-{}", self.replicas.len(), self.time.as_millis());
        let mut replica = Replica::new(Member { fleet: "fleet".into(), id, lease: LEASE });
        assert!(replica.follow(FEED, true), "it is followed once");
        self.replicas.push(replica);
    }

    fn now(&self) -> Now {
        Now::new(Moment::from_epoch(self.time), DateTime::UNIX_EPOCH + self.time)
    }

    /// Performs the calls that are due within this time.
    fn run(&mut self, time: Duration) {
        let end = self.time + time;
        loop {
            let (now, mut next) = (self.now(), end);
            for replica in &mut self.replicas {
                let member = replica.member().clone();
                let until = loop {
                    match replica.next(now) {
                        ReplicaStep::Call(call) => replica.handle(now, now, perform(&mut self.store, &member, &call)),
                        ReplicaStep::Wait(until) => break until,
                        ReplicaStep::Left => break None,
                    }
                };
                let until = until.map(|until| until.saturating_duration_since(Moment::EPOCH));
                next = next.min(until.unwrap_or(end));
            }
            if self.time == end {
                return;
            }
            let passed = u64::try_from(next.saturating_sub(self.time).as_micros()).expect("it is short");
            self.clock.fetch_add(passed, Ordering::SeqCst);
            self.time = next;
        }
    }

    /// Returns the position of the replica that holds the feed.
    fn holder(&self) -> usize {
        let holds = |replica: &Replica| matches!(replica.status(FEED, self.now()), ClaimStatus::Held { .. });
        self.replicas.iter().position(holds).expect("one of them holds it")
    }

    /// Handles an event.
    fn handle(&mut self) {
        let (holder, now) = (self.holder(), self.now());
        let ClaimStatus::Held { grant, .. } = self.replicas[holder].status(FEED, now) else { return };
        let claim = grant.claim.id.clone();
        self.replicas[holder].save(FEED, &claim, checkpoint(self.handled));
        self.handled += 1;
    }

    /// Returns the number of calls since the last time, by their names.
    fn take_calls(&mut self) -> Vec<(&'static str, u32)> {
        std::mem::take(&mut self.store.calls).into_iter().collect()
    }
}

#[test]
fn idle_replica_renews_its_lease_three_times_per_lease() {
    let mut fleet = Fleet::start(1);
    fleet.run(MINUTE);
    assert_eq!(fleet.take_calls(), [("renew", 18)]);
}

#[test]
fn replicas_that_wait_look_at_the_members_twice_a_second() {
    let mut fleet = Fleet::start(3);
    fleet.run(MINUTE);
    assert_eq!(fleet.take_calls(), [("claim", 2 * 6), ("renew", 18 + 2 * 120)]);
}

#[test]
fn each_event_is_saved_and_those_of_the_same_moment_together() {
    for replicas in [1, 3] {
        let mut fleet = Fleet::start(replicas);
        for _ in 0..10 {
            fleet.handle();
            fleet.run(Duration::from_millis(1));
        }
        let saves = |calls: Vec<_>| calls.into_iter().find_map(|(name, count)| (name == "save").then_some(count));
        assert_eq!(saves(fleet.take_calls()), Some(10), "one by one");
        fleet.handle();
        let (holder, now) = (fleet.holder(), fleet.now());
        let member = fleet.replicas[holder].member().clone();
        let ReplicaStep::Call(call @ Call::Save(_)) = fleet.replicas[holder].next(now) else { panic!("a save is due") };
        // While the first is on its way.
        for _ in 0..99 {
            fleet.handle();
        }
        let outcome = perform(&mut fleet.store, &member, &call);
        fleet.replicas[holder].handle(now, now, outcome);
        fleet.run(Duration::from_millis(1));
        assert_eq!(saves(fleet.take_calls()), Some(2), "a hundred at once");
    }
}

#[test]
fn start_takes_two_calls_and_a_stop_two() {
    let mut fleet = Fleet::start(1);
    fleet.replicas[0].leave();
    fleet.run(Duration::ZERO);
    assert_eq!(fleet.take_calls(), [("leave", 1), ("release", 1)]);
    fleet.replicas.clear();
    fleet.add();
    fleet.run(Duration::ZERO);
    assert_eq!(fleet.take_calls(), [("claim", 1), ("renew", 1)]);
}
