//! A suite for implementations of [`ClaimStore`], to be called by a test.
//!
//! ```no_run
//! use teamwire_std::claims::{MemoryStore, conformance::{self, Subject}};
//!
//! struct Shared(MemoryStore);
//!
//! impl Subject for Shared {
//!     type Store = MemoryStore;
//!
//!     fn connect(&self) -> MemoryStore {
//!         self.0.clone()
//!     }
//!
//!     fn wipe(&self) {
//!         self.0.wipe();
//!     }
//! }
//!
//! conformance::check(|| Shared(MemoryStore::new()));
//! ```

mod claims;
mod contention;
mod members;
mod saves;

use std::{thread, time::Duration};

use teamwire_core::{
    Checkpoint,
    claim::{Claim, Claimed, Member, Release, Save, Saved, Wanted},
};

use super::ClaimStore;

/// A store under test. It is empty when it is created.
pub trait Subject: Sync {
    /// The type of the store.
    type Store: ClaimStore;

    /// A lease that expires during a test. It has to be much longer than a few calls take.
    const LEASE: Duration = Duration::from_secs(1);

    /// Returns a new connection to the store.
    fn connect(&self) -> Self::Store;

    /// Removes everything from the store, as a loss of its data does.
    fn wipe(&self);

    /// Lets this time pass on the clock of the store. By default, the thread sleeps.
    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    /// Sets the clock of the store back. Returns `false`, the default, if that is not possible: the test is left out.
    fn set_clock_back(&self, time: Duration) -> bool {
        let _ = time;
        false
    }
}

/// Checks a store. `make` returns a new, empty store.
///
/// # Panics
///
/// Panics if the store breaks a requirement.
pub fn check<S: Subject>(make: impl Fn() -> S) {
    for test in members::tests().into_iter().chain(claims::tests()).chain(saves::tests()).chain(contention::tests()) {
        test(&make());
    }
}

/// A lease that does not expire during a test.
const LONG: Duration = Duration::from_secs(60);

/// A test with an empty store.
type Test<S> = fn(&S);

/// A connection of a member.
struct Replica<S> {
    store: S,
    member: Member,
}

impl<S: ClaimStore> Replica<S> {
    /// Connects, and joins the fleet.
    fn join(subject: &impl Subject<Store = S>, id: &str) -> Self {
        Self::connect(subject, id, LONG).joined_now()
    }

    /// Same as [`join`](Self::join), with a lease that [`expire`] ends.
    fn join_briefly<B: Subject<Store = S>>(subject: &B, id: &str) -> Self {
        Self::connect(subject, id, B::LEASE).joined_now()
    }

    fn connect(subject: &impl Subject<Store = S>, id: &str, lease: Duration) -> Self {
        let member = Member { fleet: "fleet".into(), id: id.into(), lease };
        Self { store: subject.connect(), member }
    }

    fn joined_now(mut self) -> Self {
        self.beat();
        self
    }

    /// Returns the living members.
    fn beat(&mut self) -> Vec<String> {
        self.store.beat(&self.member).expect("the lease is renewed").members
    }

    fn joined(&mut self) -> u64 {
        self.store.beat(&self.member).expect("the lease is renewed").joined
    }

    fn claim(&mut self, feed: &str, id: &str) -> Claimed {
        let mut claimed = self.claim_all(&[(feed, id)], 1);
        assert_eq!(claimed.len(), 1, "{feed} is either granted or taken: {claimed:?}");
        claimed.remove(0)
    }

    fn claim_all(&mut self, feeds: &[(&str, &str)], at_most: usize) -> Vec<Claimed> {
        let wanted = feeds.iter().map(|(feed, id)| Wanted { feed: (*feed).into(), id: (*id).into() });
        let wanted: Vec<_> = wanted.collect();
        self.store.claim(&self.member, &wanted, at_most).expect("the store is there")
    }

    /// Claims a feed that is free.
    #[track_caller]
    fn granted(&mut self, feed: &str, id: &str) -> Granted {
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
    fn refused(&mut self, feed: &str, id: &str) -> (Claim, String, Option<u64>) {
        match self.claim(feed, id) {
            Claimed::Taken { claim, by, checkpoint } => (claim, by, checkpoint.as_ref().map(number)),
            held @ Claimed::Held { .. } => panic!("{feed} should be taken, but: {held:?}"),
        }
    }

    fn save(&mut self, claim: &Claim, seq: u64, number: u64) -> Saved {
        let save = Save { claim: claim.clone(), seq, checkpoint: checkpoint(number) };
        let saved = self.store.save(&self.member, &[save]).expect("the store is there");
        assert_eq!(saved.len(), 1, "each save has a result");
        saved[0]
    }

    fn release(&mut self, claim: &Claim, is_unfinished: bool) {
        let release = Release { claim: claim.clone(), is_unfinished };
        self.store.release(&self.member, &[release]).expect("the store is there");
    }

    fn leave(&mut self) {
        self.store.leave(&self.member).expect("the store is there");
    }
}

/// A claim that was granted, with the number of its checkpoint.
#[derive(Debug)]
struct Granted {
    claim: Claim,
    checkpoint: Option<u64>,
    seq: u64,
    tries: u32,
}

/// Lets short leases expire.
fn expire<S: Subject>(subject: &S) {
    subject.pass(S::LEASE + S::LEASE / 2);
}

/// Returns a checkpoint with this number as its cursor.
fn checkpoint(number: u64) -> Checkpoint {
    let json = format!(r#"{{ "version": 1, "feed": "all_messages", "cursor": "{number}" }}"#);
    serde_json::from_str(&json).expect("it is a checkpoint")
}

fn number(checkpoint: &Checkpoint) -> u64 {
    let json = serde_json::to_value(checkpoint).expect("a checkpoint is JSON");
    json["cursor"].as_str().and_then(|cursor| cursor.parse().ok()).expect("its cursor is a number")
}
