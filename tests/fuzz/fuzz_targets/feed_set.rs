//! Anything that can happen to a set of feeds, in any order: each feed keeps the order of its steps, and ends once.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use teamwire_fuzz::{Act, Course, limited};

#[derive(Arbitrary, Debug)]
struct Input {
    acts: Vec<Act>,
}

fuzz_target!(|input: Input| {
    // What an act consists of is more than what it was made of, but for texts.
    let length = input.acts.iter().map(Act::length).sum();
    limited(length, || {
        let mut course = Course::default();
        input.acts.iter().for_each(|act| course.perform(act));
        course.end();
    });
});
