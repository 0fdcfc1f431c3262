//! The simulator's runs. See `teamwire_simulation`.
//!
//! - `cargo test -p teamwire-simulation`: 1,000 seeds; `TEAMWIRE_SEEDS=10000` for more.
//! - `TEAMWIRE_SEED=123 cargo test -p teamwire-simulation -- one_seed --nocapture`: one of them, in words.

use std::{env, thread};

use teamwire_simulation::{attempt, simulate, simulate_all};

/// Seeds that found something, and what.
const FOUND: &[(u64, &str)] =
    &[(31, "a quiet feed gave no newer checkpoint, unless the cursor moved with the answer that made it due")];

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value:?}")))
}

#[test]
fn whatever_happens_every_promise_of_the_feeds_is_kept() {
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    if let Err(failure) = simulate_all(0, number("TEAMWIRE_SEEDS").unwrap_or(1_000), threads) {
        panic!("{failure}");
    }
}

#[test]
fn what_was_found_once_stays_found() {
    for (seed, what) in FOUND {
        if let Err(failure) = simulate(*seed) {
            panic!("{what}\n{failure}");
        }
    }
}

#[test]
fn one_seed() {
    let seed = number("TEAMWIRE_SEED").unwrap_or(0);
    match attempt(seed, 40) {
        Ok(outcome) => assert!(outcome.requests > 0, "seed {seed} sent nothing"),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..20 {
        let runs = [attempt(seed, 40), attempt(seed, 40)].map(|run| format!("{run:?}"));
        assert_eq!(runs[0], runs[1], "seed {seed}");
    }
}
