//! Three replicas as processes, on blocking, async-std and smol, which share a feed through a store while they are
//! killed, paused, cut off, stopped and restarted, and while store and backend fail.
//!
//! A replica is this program, started as another process. It replies to each message, and records what it has handled,
//! and what the store has granted and saved. The promises are checked by these records.
//!
//! `TEAMWIRE_FAULTS` sets the number of faults, with 20 messages each, and `TEAMWIRE_SEED` draws others.

mod checks;
mod faults;
mod records;
mod relay;
mod replica;
mod run;
mod stores;
mod world;

use std::env;

use self::{replica::EXECUTORS, stores::Store};

/// Each kind of fault about once.
const FAULTS: usize = 14;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().expect("it is a number"))
}

fn run(test: &'static str, store: impl FnOnce() -> Option<Store>) {
    // In the process of a replica, this test runs the replica.
    if replica::run_if_replica() {
        return;
    }
    let faults = number("TEAMWIRE_FAULTS").map_or(FAULTS, |faults| faults.try_into().expect("it is small"));
    let seed = number("TEAMWIRE_SEED").unwrap_or(1);
    if let Some(store) = store() {
        run::run(test, seed, faults, store);
    }
}

#[test]
fn replicas_keep_their_promises_on_files() {
    run("processes::replicas_keep_their_promises_on_files", || Some(Store::files(EXECUTORS.len())));
}

#[test]
fn replicas_keep_their_promises_on_redis() {
    run("processes::replicas_keep_their_promises_on_redis", || Store::redis(EXECUTORS.len()));
}
