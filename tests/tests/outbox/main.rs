//! Messages that are posted once, across crashes.

mod delivery;
mod messages;
mod reactions;
mod sockets;
mod state;

use std::time::Duration;

use teamwire_blocking::Outbox;
use teamwire_test_support::Folder;
use teamwire_testing::World;

const MINUTE: Duration = Duration::from_secs(60);

fn open(folder: &Folder) -> Outbox<u32> {
    Outbox::open(folder.path("outbox")).expect("it can be read")
}

/// The keys and the data, 0 without.
fn data(outbox: &Outbox<u32>) -> Vec<(String, u32)> {
    let messages = outbox.messages();
    messages.iter().map(|entry| (entry.key.to_owned(), entry.data.copied().unwrap_or_default())).collect()
}

fn add(outbox: &Outbox<u32>, key: &str, chat: &str) -> bool {
    outbox.change(|messages| messages.add(key, chat, key)).expect("saved")
}

fn texts(world: &World, tid: &str) -> Vec<String> {
    world.texts(tid).into_iter().flatten().collect()
}

/// Runs a scenario over a virtual world, with the clients of both adapters.
macro_rules! on_both_adapters {
    ($($(#[$doc:meta])* $scenario:ident)+) => {
        $(
            $(#[$doc])*
            #[test]
            fn $scenario() {
                let world = teamwire_testing::World::new(7);
                teamwire_blocking::block_on(scenarios::$scenario(&world, world.blocking()));
                let world = teamwire_testing::World::new(7);
                world.run(scenarios::$scenario(&world, world.client::<teamwire_async_std::smol::Smol>()));
            }
        )+
    };
}
use on_both_adapters;
