//! Expectations and responses of scripts that name operations: each request matches its own expectation and no other,
//! each response keeps to the contract, and all that is rendered is read back.

mod details;
mod errors;
mod protocols;
mod rendering;
mod requests;
mod responses;

use std::fmt::Debug;

use teamwire_core::{
    Client, Script,
    effect::Exchange,
    executor::Manual,
    flow::Flow,
    machine::Step,
    script::{Expect, Respond},
};
use teamwire_tests::operations::{ENTROPY, config, now};

/// Returns a client whose machines are driven by the test.
fn by_hand() -> Client<Manual> {
    Client::new(Manual::new(config(), ENTROPY, now()))
}

/// Returns the first request of an operation.
#[track_caller]
fn first<T: Debug>(flow: &mut (impl Flow<Output = T> + ?Sized)) -> Exchange {
    match flow.poll(now()) {
        Step::Send(_, exchange) => *exchange,
        step => panic!("it begins with {step:?}"),
    }
}

/// Returns `true` if the request matches the expectation.
fn is_expected(exchange: &Exchange, expect: impl Into<Expect>) -> bool {
    !Script::new().always(expect, Respond::status(500)).is_done(exchange)
}
