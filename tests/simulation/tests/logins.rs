//! Runs the scenario of a login that expires; see `teamwire_simulation::logins`.
//!
//! - `TEAMWIRE_SEEDS` sets the number of seeds, 2,000 without it.
//! - `TEAMWIRE_SEED=123 cargo test -p teamwire-simulation --test logins -- one_seed --nocapture` replays one seed.

use std::env;

use teamwire_simulation::{
    SIMULATOR,
    logins::{LoginDefect, attempt_with, simulate, simulate_all},
};

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} must be a number: {value:?}")))
}

#[test]
fn invariants_hold_for_all_seeds() {
    if let Err(failure) = simulate_all(0, number("TEAMWIRE_SEEDS").unwrap_or(2_000)) {
        panic!("{failure}");
    }
}

#[test]
fn one_seed() {
    let seed = number("TEAMWIRE_SEED").unwrap_or(0);
    match simulate(seed) {
        Ok(outcome) => assert!(outcome.requests > 0, "seed {seed} sent no request"),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn same_seed_gives_same_run() {
    for seed in 0..20 {
        let runs = [(); 2].map(|()| format!("{:?}", attempt_with(seed, 40, LoginDefect::None)));
        assert_eq!(runs[0], runs[1], "seed {seed}");
    }
}

#[test]
fn every_defect_is_caught() {
    for defect in LoginDefect::ALL {
        let caught = (0..500).find_map(|seed| attempt_with(seed, 0, *defect).err());
        let failure = caught.unwrap_or_else(|| panic!("{defect:?} is not noticed"));
        assert_ne!(failure.invariant, SIMULATOR, "{defect:?}: {failure}");
        assert!(simulate(failure.seed).is_ok(), "{defect:?} is not the reason: {failure}");
    }
}
