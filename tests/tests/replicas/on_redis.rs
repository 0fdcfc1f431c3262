//! Replicas over sockets, on a store in Redis.

use std::time::Duration;

use teamwire_core::ErrorKind;
use teamwire_sandbox::org;
use teamwire_tests::{executor_test, harness::Blocking};

use crate::bots::{LONG, Replicates, World};

/// Calls to the store end within a quarter of it.
const SHORT: Duration = Duration::from_secs(2);

#[executor_test(adapters)]
fn replicas_handle_each_message_and_replace_each_other<H: Replicates>() {
    let Some(world) = World::on_redis() else { return };
    let chats = ["one", "two", "three"].map(|title| world.chat(title));
    let mut bots = vec![
        ("a", world.start::<H>("a", 1, LONG, LONG)),
        ("b", world.start::<Blocking>("b", 4, LONG, LONG)),
        ("c", world.start::<H>("c", 8, LONG, LONG)),
    ];
    let mut holder = world.wait_for_start();
    while !bots.is_empty() {
        for number in 0..5 {
            for tid in &chats {
                world.say(tid, &format!("{tid} {number}"));
            }
        }
        let handled: Vec<_> = (0..15).map(|_| world.next()).collect();
        assert!(handled.iter().all(|(name, _, tries)| *name == holder && *tries == 1), "{handled:?}");
        for tid in &chats {
            let texts = handled.iter().map(|(_, text, _)| text.as_str()).filter(|text| text.starts_with(tid.as_str()));
            let expected: Vec<_> = (0..5).map(|number| format!("{tid} {number}")).collect();
            assert_eq!(texts.collect::<Vec<_>>(), expected);
        }
        let at = bots.iter().position(|(name, _)| *name == holder).expect("it is one of them");
        bots.remove(at).1.stop().expect("it has followed the feed");
        if !bots.is_empty() {
            // Long before its lease expires.
            world.say(org::LOBBY, "the holder has stopped");
            holder = world.wait_for("the holder has stopped").0;
        }
    }
    assert!(world.is_quiet(Duration::ZERO), "nothing is handled twice");
}

#[executor_test(adapters)]
fn replica_that_is_cut_off_is_replaced_and_one_whose_store_is_emptied_ends<H: Replicates>() {
    let Some(mut world) = World::on_redis() else { return };
    let first = world.start::<H>("a", 4, SHORT, LONG);
    assert_eq!(world.wait_for_start(), "a");
    let second = world.start::<Blocking>("b", 1, SHORT, LONG);
    first.cut(true);
    world.claims.wait_for("b", &["all_messages: held, try 2"]);
    world.say(org::LOBBY, "1");
    assert_eq!(world.wait_for("1").0, "b");
    first.cut(false);
    second.stop().expect("it has followed the feed");
    world.say(org::LOBBY, "2");
    assert_eq!(world.wait_for("2").0, "a", "it continues");
    world.wipe();
    let error = first.join().expect_err("its store is empty");
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
}
