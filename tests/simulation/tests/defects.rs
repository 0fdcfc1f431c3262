//! Checks the simulator itself: each deliberate defect violates an invariant on one of the first seeds.

use teamwire_simulation::{Defect, SIMULATOR, attempt_with};

const SEEDS: u64 = 2_000;

#[test]
fn every_defect_is_caught() {
    let mut unnoticed = Vec::new();
    for defect in Defect::ALL {
        match (0..SEEDS).find_map(|seed| attempt_with(seed, 0, *defect).err()) {
            Some(failure) => assert_ne!(failure.invariant, SIMULATOR, "{defect:?}: {failure}"),
            None => unnoticed.push(defect),
        }
    }
    assert!(unnoticed.is_empty(), "defects not noticed within {SEEDS} seeds: {unnoticed:?}");
}
