//! The store in Redis: with a `redis-server`, and with a server of canned replies.
//!
//! Without a `redis-server` in `PATH`, the tests that need one are left out, and say so. With `TEAMWIRE_TEST_REDIS=1`,
//! that is a failure.

mod bots;
mod canned;
mod conformance;
mod errors;
mod outages;
mod relays;
mod server;
mod tls;

use std::{
    error::Error,
    iter::{once, successors},
    time::Duration,
};

use teamwire_core::claim::{Claim, ClaimRequest, Claimed, Member, Save};
use teamwire_redis::RedisStore;
use teamwire_std::claims::ClaimStore;

/// A member with a lease that does not expire during a test.
fn member(id: &str) -> Member {
    Member { fleet: "ops-bot".into(), id: id.into(), lease: Duration::from_secs(600) }
}

/// Returns the error of a renewal, with its causes.
#[track_caller]
fn failed(store: &mut RedisStore) -> (teamwire_core::claim::StoreErrorKind, String) {
    let error = store.renew(&member("a")).expect_err("the call fails");
    let causes = successors(error.source(), |&error| error.source());
    let texts = causes.map(|error| format!("{error} {error:?}"));
    let text = once(error.to_string()).chain(texts).collect::<Vec<_>>().join(": ");
    (error.kind, text)
}

/// Claims the feed `all_messages`.
#[track_caller]
fn claim(store: &mut RedisStore, id: &str) -> Claimed {
    store.renew(&member("a")).expect("the lease is renewed");
    let wanted = ClaimRequest { feed: "all_messages".into(), id: id.into() };
    store.claim(&member("a"), &[wanted], 1).expect("the store is there").remove(0)
}

/// Returns a save of a checkpoint with this number.
fn save(claim: &Claim, seq: u64) -> Save {
    let json = format!(r#"{{ "version": 1, "feed": "all_messages", "cursor": "{seq}" }}"#);
    Save { claim: claim.clone(), seq, checkpoint: serde_json::from_str(&json).expect("it is a checkpoint") }
}
