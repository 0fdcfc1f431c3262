//! Runs the simulator; see `teamwire_simulation`.
//!
//! - `cargo test -p teamwire-simulation` runs 1,000 seeds; `TEAMWIRE_SEEDS` sets another number.
//! - `TEAMWIRE_SEED=123 cargo test -p teamwire-simulation -- one_seed --nocapture` replays one seed, with its last
//!   events if it fails.

use std::{env, thread};

use teamwire_simulation::{attempt, simulate, simulate_all};

/// Seeds that have found a fault, and the fault.
const REGRESSIONS: &[(u64, &str)] = &[
    (31, "an idle feed delivered no new checkpoint, unless the cursor moved in the response that made it due"),
    (249_093, "the simulator expected a newer checkpoint than that of the last event, which had the batch's cursor"),
    (86_733, "the simulator expected a newer checkpoint than that with which the process started"),
];

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} must be a number: {value:?}")))
}

#[test]
fn invariants_hold_for_all_seeds() {
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    if let Err(failure) = simulate_all(0, number("TEAMWIRE_SEEDS").unwrap_or(1_000), threads) {
        panic!("{failure}");
    }
}

#[test]
fn seeds_of_former_faults_pass() {
    for (seed, fault) in REGRESSIONS {
        if let Err(failure) = simulate(*seed) {
            panic!("{fault}\n{failure}");
        }
    }
}

#[test]
fn one_seed() {
    let seed = number("TEAMWIRE_SEED").unwrap_or(0);
    match attempt(seed, 40) {
        Ok(outcome) => assert!(outcome.requests > 0, "seed {seed} sent no request"),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn same_seed_gives_same_run() {
    for seed in 0..20 {
        let runs = [attempt(seed, 40), attempt(seed, 40)].map(|run| format!("{run:?}"));
        assert_eq!(runs[0], runs[1], "seed {seed}");
    }
}
