//! The changes of claims, as the observers of the clients receive them.

use std::time::Duration;

use teamwire_sandbox::org;
use teamwire_tests::{executor_test, harness::Blocking};

use crate::bots::{HANGS, LONG, Replicates, World};

const SHORT: Duration = Duration::from_millis(1_500);

#[executor_test(adapters)]
fn observer_receives_the_claims_of_its_client<H: Replicates>() {
    let world = World::new();
    let first = world.start::<H>("a", 1, SHORT, LONG);
    world.wait_for_start();
    let (held, unavailable) = ("all_messages: held, try 1", "all_messages: unavailable: the connection is cut");
    let (available, lost) = ("all_messages: available", "all_messages: lost");
    let released = "all_messages: released, unfinished: false";
    world.wait_for_claims("a", &[held]);
    first.cut(true);
    world.wait_for_claims("a", &[held, unavailable]);
    first.cut(false);
    world.wait_for_claims("a", &[held, unavailable, available]);
    first.cut(true);
    let second = world.start::<Blocking>("b", 1, SHORT, LONG);
    world.wait_for_claims("b", &["all_messages: held, try 2"]);
    first.cut(false);
    world.wait_for_claims("a", &[held, unavailable, available, unavailable, available, lost]);
    second.stop().expect("it has followed the feed");
    world.wait_for_claims("b", &["all_messages: held, try 2", released]);
    world.wait_for_claims(
        "a",
        &[held, unavailable, available, unavailable, available, lost, "all_messages: held, try 2"],
    );
    first.stop().expect("it has followed the feed");
}

#[executor_test(adapters)]
fn observer_receives_what_ends_the_feed<H: Replicates>() {
    let world = World::new();
    let bot = world.start::<H>("a", 4, SHORT, LONG);
    world.wait_for_start();
    world.wipe();
    bot.join().expect_err("its store is empty");
    let changes = ["all_messages: held, try 1", "all_messages: lost", "all_messages: failed: Store"];
    world.wait_for_claims("a", &changes);
}

#[executor_test(adapters)]
fn observer_receives_that_a_hanging_handler_costs_the_claim<H: Replicates>() {
    let world = World::new();
    let bot = world.start::<H>("a", 4, LONG, SHORT);
    world.wait_for_start();
    world.say(org::LOBBY, HANGS);
    world.wait_for_claims("a", &["all_messages: held, try 1", "all_messages: released, unfinished: true"]);
    world.release();
    bot.stop().expect("it has followed the feed");
}
