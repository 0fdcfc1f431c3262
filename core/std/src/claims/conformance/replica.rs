//! Replicas that use a store under test.

use std::time::Duration;

use teamwire_core::{
    Checkpoint,
    claim::{Claim, ClaimRequest, Claimed, Member, Release, Save, Saved},
};

use super::subject::Subject;
use crate::claims::ClaimStore;

/// A lease that does not expire during a test.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// A test with an empty store.
pub(super) type Test<S> = fn(&S);

/// A connection of a member.
pub(super) struct Replica<S> {
    pub(super) store: S,
    pub(super) member: Member,
}

impl<S: ClaimStore> Replica<S> {
    /// Connects, and joins the fleet.
    pub(super) fn join(subject: &impl Subject<Store = S>, id: &str) -> Self {
        Self::connect(subject, id, LONG).joined_now()
    }

    /// Same as [`join`](Self::join), with a lease that [`expire`] ends.
    pub(super) fn join_briefly<B: Subject<Store = S>>(subject: &B, id: &str) -> Self {
        Self::connect(subject, id, B::LEASE).joined_now()
    }

    pub(super) fn connect(subject: &impl Subject<Store = S>, id: &str, lease: Duration) -> Self {
        let member = Member { fleet: "fleet".into(), id: id.into(), lease };
        Self { store: subject.connect(), member }
    }

    pub(super) fn joined_now(mut self) -> Self {
        self.renew();
        self
    }

    /// Returns the active members.
    pub(super) fn renew(&mut self) -> Vec<String> {
        self.store.renew(&self.member).expect("the lease is renewed").members
    }

    pub(super) fn joined(&mut self) -> u64 {
        self.store.renew(&self.member).expect("the lease is renewed").joined
    }

    pub(super) fn claim(&mut self, feed: &str, id: &str) -> Claimed {
        let mut claimed = self.claim_all(&[(feed, id)], 1);
        assert_eq!(claimed.len(), 1, "{feed} is either granted or taken: {claimed:?}");
        claimed.remove(0)
    }

    pub(super) fn claim_all(&mut self, feeds: &[(&str, &str)], at_most: usize) -> Vec<Claimed> {
        let wanted = feeds.iter().map(|(feed, id)| ClaimRequest { feed: (*feed).into(), id: (*id).into() });
        let wanted: Vec<_> = wanted.collect();
        self.store.claim(&self.member, &wanted, at_most).expect("the store is there")
    }

    /// Claims a feed that is free.
    #[track_caller]
    pub(super) fn granted(&mut self, feed: &str, id: &str) -> Granted {
        match self.claim(feed, id) {
            Claimed::Held { claim, checkpoint, seq, tries } => {
                assert_eq!((&*claim.feed, &*claim.id), (feed, id));
                Granted { claim, checkpoint: checkpoint.as_ref().map(number), seq, tries }
            }
            taken @ Claimed::Taken { .. } => panic!("{feed} should be granted, but: {taken:?}"),
        }
    }

    /// Claims a feed that another member holds. Returns the claim and the id of that member.
    #[track_caller]
    pub(super) fn refused(&mut self, feed: &str, id: &str) -> (Claim, String, Option<u64>) {
        match self.claim(feed, id) {
            Claimed::Taken { claim, by, checkpoint } => (claim, by, checkpoint.as_ref().map(number)),
            held @ Claimed::Held { .. } => panic!("{feed} should be taken, but: {held:?}"),
        }
    }

    pub(super) fn save(&mut self, claim: &Claim, seq: u64, number: u64) -> Saved {
        let save = Save { claim: claim.clone(), seq, checkpoint: checkpoint(number) };
        let saved = self.store.save(&self.member, &[save]).expect("the store is there");
        assert_eq!(saved.len(), 1, "each save has a result");
        saved[0]
    }

    pub(super) fn release(&mut self, claim: &Claim, is_unfinished: bool) {
        let release = Release { claim: claim.clone(), is_unfinished };
        self.store.release(&self.member, &[release]).expect("the store is there");
    }

    pub(super) fn leave(&mut self) {
        self.store.leave(&self.member).expect("the store is there");
    }
}

/// A claim that was granted, with the number of its checkpoint.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) claim: Claim,
    pub(super) checkpoint: Option<u64>,
    pub(super) seq: u64,
    pub(super) tries: u32,
}

/// Lets short leases expire.
pub(super) fn expire<S: Subject>(subject: &S) {
    subject.pass(S::LEASE + S::LEASE / 2);
}

/// Returns a checkpoint with this number as its cursor.
pub(super) fn checkpoint(number: u64) -> Checkpoint {
    let json = format!(r#"{{ "version": 1, "feed": "all_messages", "cursor": "{number}" }}"#);
    serde_json::from_str(&json).expect("it is a checkpoint")
}

pub(super) fn number(checkpoint: &Checkpoint) -> u64 {
    let json = serde_json::to_value(checkpoint).expect("a checkpoint is JSON");
    json["cursor"].as_str().and_then(|cursor| cursor.parse().ok()).expect("its cursor is a number")
}
