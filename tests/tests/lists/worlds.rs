//! Lists in a virtual world: the time for a page and that for the items before it are the same.

use std::time::Duration;

use teamwire_async_std::AsyncStdRuntime;
use teamwire_testing::{World, org};

const SECOND: Duration = Duration::from_secs(1);
/// The time for an item: a page of 100 takes as long as its request.
const WORK: Duration = Duration::from_millis(10);

/// A world with three full pages of messages, in which a request takes a second.
fn world() -> World {
    let world = World::new(7);
    for number in 0..300 {
        world.act(org::ANNA, |anna| anna.post(org::LOBBY, &number.to_string())).expect("Anna is in the lobby");
    }
    world.latency(SECOND);
    world
}

#[test]
fn iterator_requests_pages_while_items_are_worked_on() {
    let world = world();
    let client = world.blocking();
    let mut count = 0;
    for message in client.chats().chat(org::LOBBY).messages_iter(None) {
        message.expect("the server works");
        client.sleep(WORK).expect("there is no deadline");
        count += 1;
    }
    assert_eq!((count, world.elapsed()), (300, 4 * SECOND), "only the first page is waited for");
}

#[test]
fn stream_requests_pages_while_items_are_worked_on() {
    let world = world();
    let client = world.client::<AsyncStdRuntime>();
    let count = world.run(async {
        let (chat, mut count) = (client.chats().chat(org::LOBBY), 0);
        let mut messages = chat.messages_iter(None);
        while let Some(message) = messages.next().await {
            message.expect("the server works");
            client.sleep(WORK).await.expect("there is no deadline");
            count += 1;
        }
        count
    });
    assert_eq!((count, world.elapsed()), (300, 4 * SECOND), "only the first page is waited for");
}
