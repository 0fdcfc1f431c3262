//! The cases that a property is tried on.

use std::env;

use proptest::test_runner::{Config, RngSeed};

/// This many cases, the same in each run, so that a failure can be repeated. For others, set their number
/// by `PROPTEST_CASES`, and their seed by `PROPTEST_RNG_SEED`.
pub fn cases(number: u32) -> Config {
    let is_set = |name| env::var_os(name).is_some();
    let by_default = Config::default();
    Config {
        cases: if is_set("PROPTEST_CASES") { by_default.cases } else { number },
        rng_seed: if is_set("PROPTEST_RNG_SEED") { by_default.rng_seed } else { RngSeed::Fixed(7) },
        failure_persistence: None,
        ..by_default
    }
}
