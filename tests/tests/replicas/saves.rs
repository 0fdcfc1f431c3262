//! The saves of a replica, one call at a time.

use std::{collections::BTreeSet, time::Duration};

use chrono::DateTime;
use teamwire_core::{
    claim::{Call, ClaimStatus, Member, Outcome, Replica, ReplicaStep, Save, Saved, StoreError},
    effect::{Moment, Now},
};
use teamwire_std::claims::{ClaimStore, MemoryStore, perform};

use crate::process::checkpoint;

const FEED: &str = "all_messages";

/// A replica, its store, and the time.
struct Single {
    replica: Replica,
    store: MemoryStore,
    now: Now,
}

impl Single {
    /// Returns a replica that holds the feed, whose start is not saved.
    fn new() -> Self {
        let member = Member { fleet: "fleet".into(), id: "m-1".into(), lease: Duration::from_secs(60) };
        let mut replica = Replica::new(member);
        assert!(replica.follow(FEED, true) && !replica.follow(FEED, true));
        let now = Now::new(Moment::from_epoch(Duration::from_secs(1)), DateTime::UNIX_EPOCH);
        let mut single = Self { replica, store: MemoryStore::new(), now };
        single.settle();
        single
    }

    /// Returns a replica whose feed has begun.
    fn begun() -> Self {
        let mut single = Self::new();
        single.save(1);
        single.settle();
        single
    }

    fn perform(&mut self, call: &Call) -> Outcome {
        let member = self.replica.member().clone();
        perform(&mut self.store, &member, call)
    }

    /// Performs the calls that are due.
    fn settle(&mut self) {
        while let ReplicaStep::Call(call) = self.replica.next(self.now) {
            let outcome = self.perform(&call);
            self.replica.handle(self.now, self.now, outcome);
        }
    }

    fn claim(&self) -> Option<String> {
        match self.replica.status(FEED, self.now) {
            ClaimStatus::Held { grant, .. } => Some(grant.claim.id.clone()),
            _ => None,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.replica.status(FEED, self.now), ClaimStatus::Held { is_open: true, .. })
    }

    fn save(&mut self, number: u64) {
        let claim = self.claim().expect("it holds the feed");
        self.replica.save(FEED, &claim, checkpoint(number));
    }

    fn next_save(&mut self) -> Save {
        match self.replica.next(self.now) {
            ReplicaStep::Call(Call::Save(mut saves)) => saves.remove(0),
            other => panic!("a save is due, not {other:?}"),
        }
    }

    /// Returns the number in the store.
    fn saved(&mut self) -> Option<u64> {
        let claim = self.claim().expect("it holds the feed");
        let wanted = teamwire_core::claim::ClaimRequest { feed: FEED.into(), id: claim };
        let member = self.replica.member().clone();
        let claimed = self.store.claim(&member, &[wanted], 0).expect("the store is there").remove(0);
        let teamwire_core::claim::Claimed::Held { checkpoint, .. } = claimed else { panic!("{claimed:?}") };
        let json = serde_json::to_value(checkpoint?).expect("it is JSON");
        json["cursor"].as_str().and_then(|cursor| cursor.parse().ok())
    }
}

#[test]
fn nothing_is_handed_out_before_the_start_is_saved() {
    let mut single = Single::new();
    assert!(single.claim().is_some() && !single.is_open());
    single.save(1);
    assert!(!single.is_open());
    single.settle();
    assert!(single.is_open());
    assert_eq!(single.saved(), Some(1));
}

#[test]
fn save_whose_outcome_is_unknown_is_repeated_with_its_number() {
    let mut single = Single::begun();
    single.save(2);
    let first = single.next_save();
    // It was performed, and its response is lost. Another checkpoint comes meanwhile.
    single.perform(&Call::Save(vec![first.clone()]));
    single.save(3);
    let failed = Outcome::Save(Err(StoreError::unavailable("the response is lost")));
    single.replica.handle(single.now, single.now, failed);
    assert!(matches!(single.replica.next(single.now), ReplicaStep::Wait(Some(_))), "it backs off");
    single.now.moment = single.now.moment.saturating_add(Duration::from_secs(1));
    assert_eq!(single.next_save(), first);
    single.settle();
    assert_eq!(single.saved(), Some(3));
}

#[test]
fn saves_coalesce_and_one_that_is_saved_is_not_saved_again() {
    let mut single = Single::begun();
    for number in 2..9 {
        single.save(number);
    }
    assert_eq!(single.next_save().checkpoint, checkpoint(8));
    single.settle();
    single.save(8);
    assert!(matches!(single.replica.next(single.now), ReplicaStep::Wait(_)));
}

#[test]
fn earlier_checkpoint_does_not_replace_one_that_the_bot_saves_itself() {
    for is_sent in [false, true] {
        let mut single = Single::begun();
        single.save(2);
        let sent = is_sent.then(|| single.next_save());
        let claim = single.claim().expect("it holds the feed");
        let seq = single.replica.reserve(FEED, &claim).expect("it holds the feed");
        let ClaimStatus::Held { grant, .. } = single.replica.status(FEED, single.now) else {
            panic!("it holds the feed")
        };
        let own = Save { claim: grant.claim.clone(), seq, checkpoint: checkpoint(3) };
        let member = single.replica.member().clone();
        assert_eq!(single.store.save(&member, &[own]).expect("the store is there"), [Saved::Yes]);
        if sent.is_none() {
            // Before the bot has reported it.
            single.settle();
        }
        single.replica.saved(FEED, &claim, checkpoint(3));
        single.settle();
        assert_eq!(single.saved(), Some(3));
    }
}

#[test]
fn claim_of_another_gets_no_save() {
    let mut single = Single::begun();
    single.replica.save(FEED, "m-1.0", checkpoint(9));
    assert_eq!(single.replica.reserve(FEED, "m-1.0"), None);
    single.settle();
    assert_eq!(single.saved(), Some(1));
}

#[test]
fn replica_that_leaves_saves_and_releases_first() {
    let mut single = Single::begun();
    single.save(2);
    single.replica.leave();
    let mut calls = Vec::new();
    while let ReplicaStep::Call(call) = single.replica.next(single.now) {
        let outcome = single.perform(&call);
        single.replica.handle(single.now, single.now, outcome);
        calls.push(call);
    }
    assert!(matches!(&calls[..], [Call::Save(_), Call::Release(_), Call::Leave]), "{calls:?}");
    assert_eq!(single.replica.next(single.now), ReplicaStep::Left);
}

#[test]
fn replica_gives_up_leaving_when_its_lease_has_passed() {
    let mut single = Single::begun();
    single.save(2);
    single.replica.leave();
    let mut calls = 0;
    loop {
        match single.replica.next(single.now) {
            ReplicaStep::Call(_) => {
                calls += 1;
                let failed = Outcome::Save(Err(StoreError::unavailable("it is away")));
                single.replica.handle(single.now, single.now, failed);
            }
            ReplicaStep::Wait(until) => single.now.moment = until.expect("it retries"),
            ReplicaStep::Left => break,
        }
    }
    let took = single.now.moment.since_epoch();
    assert!(took >= Duration::from_secs(60) && took < Duration::from_secs(90) && calls > 3, "{took:?} {calls}");
}

#[test]
fn feeds_that_save_all_the_time_do_not_hold_up_the_others() {
    const FEEDS: usize = 1_201;
    let member = Member { fleet: "fleet".into(), id: "m-1".into(), lease: Duration::from_secs(60) };
    let mut replica = Replica::new(member);
    let feeds: Vec<_> = (0..FEEDS).map(|number| format!("feed {number}")).collect();
    assert!(feeds.iter().all(|feed| replica.follow(feed, true)));
    let now = Now::new(Moment::from_epoch(Duration::from_secs(1)), DateTime::UNIX_EPOCH);
    let mut single = Single { replica, store: MemoryStore::new(), now };
    single.settle();
    let mut saved = BTreeSet::new();
    for number in 1..=3 {
        for feed in &feeds {
            let ClaimStatus::Held { grant, .. } = single.replica.status(feed, now) else { panic!("it holds {feed}") };
            let claim = grant.claim.id.clone();
            single.replica.save(feed, &claim, checkpoint(number));
        }
        let ReplicaStep::Call(call) = single.replica.next(now) else { panic!("a save is due") };
        let Call::Save(saves) = &call else { panic!("a save is due, not {call:?}") };
        saved.extend(saves.iter().map(|save| save.claim.feed.clone()));
        let outcome = single.perform(&call);
        single.replica.handle(now, now, outcome);
    }
    assert_eq!(saved.len(), FEEDS);
}
