//! Runs the scenario of several replicas; see `teamwire_simulation::replicas`.
//!
//! - `TEAMWIRE_SEEDS` sets the number of seeds, 400 without it.
//! - `TEAMWIRE_SEED=123 cargo test -p teamwire-simulation --test replicas -- one_seed --nocapture` replays one seed.
//!   `TEAMWIRE_TRACE` sets the number of its last events that are shown, 40 without it.

use std::{env, thread};

use teamwire_simulation::{
    SIMULATOR,
    replicas::{ReplicaDefect, attempt_with, simulate, simulate_all},
};

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} must be a number: {value:?}")))
}

#[test]
fn promises_hold_for_all_seeds() {
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    if let Err(failure) = simulate_all(0, number("TEAMWIRE_SEEDS").unwrap_or(400), threads) {
        panic!("{failure}");
    }
}

#[test]
fn one_seed() {
    let seed = number("TEAMWIRE_SEED").unwrap_or(0);
    let lines = usize::try_from(number("TEAMWIRE_TRACE").unwrap_or(40)).expect("a number of lines");
    match attempt_with(seed, lines, ReplicaDefect::None) {
        Ok(outcome) => assert!(outcome.requests > 0, "seed {seed} sent no request"),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn same_seed_gives_same_run() {
    for seed in 0..20 {
        let runs = [(); 2].map(|()| format!("{:?}", attempt_with(seed, 40, ReplicaDefect::None)));
        assert_eq!(runs[0], runs[1], "seed {seed}");
    }
}

#[test]
fn every_defect_is_caught() {
    for defect in ReplicaDefect::ALL {
        let caught = (0..2_000).find_map(|seed| attempt_with(seed, 0, *defect).err());
        let failure = caught.unwrap_or_else(|| panic!("{defect:?} is not noticed"));
        assert_ne!(failure.invariant, SIMULATOR, "{defect:?}: {failure}");
        assert!(simulate(failure.seed).is_ok(), "{defect:?} is not the reason: {failure}");
    }
}
