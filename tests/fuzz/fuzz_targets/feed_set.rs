//! Any actions on a set of feeds, in any order: each feed takes its steps in a valid order, and ends once.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use teamwire_fuzz::{Action, FeedSetModel, limited};

#[derive(Arbitrary, Debug)]
struct Input {
    actions: Vec<Action>,
}

fuzz_target!(|input: Input| {
    // Except for its strings, an action is larger than its input.
    let length = input.actions.iter().map(Action::byte_len).sum();
    limited(length, || {
        let mut model = FeedSetModel::default();
        input.actions.iter().for_each(|action| model.perform(action));
        model.finish();
    });
});
