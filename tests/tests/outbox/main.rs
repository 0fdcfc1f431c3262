//! Messages that are posted once, across crashes.

mod days;
mod delivery;
mod follow;
mod follow_scripts;
mod follow_sockets;
mod messages;
mod retention;
mod sockets;
mod state;

use std::time::Duration;

use teamwire_blocking::{AlertType, Draft, Outbox, OutboxEvent, OutboxMessages, chrono::TimeDelta};
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

/// Reports reactions, and each alert without one after ten minutes, as replies.
fn report(messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>) {
    match event {
        OutboxEvent::Posted { key, message } if message.alert_type.is_some() => {
            messages.set_due(key, message.sent_at + TimeDelta::minutes(10));
        }
        OutboxEvent::Reacted { key, number, reaction } => {
            messages.set_due(key, None);
            let text = format!("{key}: {} {}", reaction.from_user.first_name, reaction.reaction_type);
            assert!(messages.add_reply(format!("{key}/{number}"), key, text), "the key is new");
        }
        OutboxEvent::Due { key } => {
            assert!(messages.add_reply(format!("{key}/due"), key, format!("{key}: no reaction")), "it is due once");
        }
        _ => {}
    }
}

fn add_alert(outbox: &Outbox<u32>, key: &str, chat: &str) {
    let alert = Draft::text(key).alert(AlertType::Alert);
    outbox.change(|messages| messages.add(key, chat, alert)).expect("saved");
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
