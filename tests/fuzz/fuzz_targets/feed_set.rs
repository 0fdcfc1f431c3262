//! Anything that can happen to a set of feeds, in any order: each feed keeps the order of its steps, and ends once.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use teamwire_fuzz::{Action, FeedSetModel, limited};

#[derive(Arbitrary, Debug)]
struct Input {
    actions: Vec<Action>,
}

fuzz_target!(|input: Input| {
    // What an act consists of is more than what it was made of, but for texts.
    let length = input.actions.iter().map(Action::byte_len).sum();
    limited(length, || {
        let mut model = FeedSetModel::default();
        input.actions.iter().for_each(|action| model.perform(action));
        model.finish();
    });
});
