use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Waker},
    thread,
};

use teamwire_blocking::FeedOptions;
use teamwire_testing::{World, org};

use crate::{SECOND, client};

/// Returns the message of the panic.
#[track_caller]
fn panic_of(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).expect("a message")
}

#[test]
fn wait_for_nothing_panics() {
    let world = World::new(1);
    world.at(SECOND, |_| {});
    let message = panic_of(|| world.run(pending()));
    assert!(message.contains("after 1s for something that never happens"), "{message}");
}

#[test]
fn bot_that_is_never_stopped_panics() {
    let world = World::new(1);
    let message = panic_of(|| drop(world.blocking().chats().new_messages(FeedOptions::from_now()).last()));
    assert!(message.contains("run for 30 days after the last scheduled action"), "{message}");
    let world = World::new(1);
    let client = client(&world);
    let message = panic_of(|| {
        world.run(async {
            loop {
                client.sleep(SECOND * 3600).await.unwrap();
            }
        });
    });
    assert!(message.contains("run for 30 days after the last scheduled action"), "{message}");
}

#[test]
fn future_outside_of_run_panics() {
    let world = World::new(1);
    let client = client(&world);
    let message = panic_of(|| {
        let _ = client.contacts().me().as_mut().poll(&mut Context::from_waker(Waker::noop()));
    });
    assert!(message.contains("outside of `World::run`"), "{message}");
}

#[test]
fn second_thread_that_waits_panics() {
    let world = World::new(1);
    let client = world.blocking();
    world.at(SECOND, move |_| {
        let second = thread::spawn(move || panic_of(|| client.sleep(SECOND).unwrap()));
        let message = second.join().unwrap();
        assert!(message.contains("two threads wait"), "{message}");
    });
    world.blocking().sleep(SECOND * 2).unwrap();
}

#[test]
fn world_cannot_be_used_within_an_action() {
    let world = World::new(1);
    let message = panic_of(|| world.act(org::ANNA, |_| drop(world.texts(org::LOBBY))));
    assert!(message.contains("do not use the world in their closures"), "{message}");
}

#[test]
fn dropped_futures_leave_nothing_behind() {
    let world = World::new(1);
    let client = client(&world);
    world.run(async {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(client.contacts().me().as_mut().poll(&mut cx).is_pending());
        assert!(client.sleep(SECOND).as_mut().poll(&mut cx).is_pending());
    });
    let message = panic_of(|| world.run(pending()));
    assert!(message.contains("after 0ns for something"), "{message}");
}
