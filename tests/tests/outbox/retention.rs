//! Messages that are removed once they are not used any more, and the time at which posted ones are due.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use teamwire_blocking::{Outbox, OutboxEvent, OutboxMessages, StopHandle};
use teamwire_core::{Client, executor::Portable};
use teamwire_test_support::Folder;
use teamwire_testing::{World, org};

use super::{MINUTE, add, add_alert, on_both_adapters, open, texts};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

on_both_adapters! {
    repeated_message_is_posted_once_and_others_are_removed_after_their_time
    every_use_of_a_message_prolongs_its_time
    waiting_and_due_messages_are_kept
    time_without_the_loop_does_not_count
    second_loop_does_not_count_the_time_again
    short_retention_has_short_steps
    message_is_due_after_its_post
}

fn keys(outbox: &Outbox<u32>) -> Vec<String> {
    outbox.messages().iter().map(|it| it.key.to_owned()).collect()
}

/// Follows the outbox, without reports, up to this time of the world.
async fn follow_until<X: Portable>(world: &World, client: &Client<X>, outbox: &Outbox<u32>, time: Duration) {
    let stop = StopHandle::new();
    let client = client.stopped_by(&stop);
    world.at(time, move |_| stop.stop());
    X::wait(outbox.follow(&client, |_, _| {})).await.expect("it is stopped");
}

/// Changes the outbox at this time of the world.
fn change_at(
    world: &World,
    outbox: &Outbox<u32>,
    time: Duration,
    change: impl FnOnce(&mut OutboxMessages<u32>) + Send + 'static,
) {
    let outbox = outbox.clone();
    world.at(time, move |_| outbox.change(change).expect("saved"));
}

mod scenarios {
    use super::*;

    pub(super) async fn repeated_message_is_posted_once_and_others_are_removed_after_their_time<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let folder = Folder::new();
        let outbox = open(&folder).with_retention(DAY);
        let rejected = outbox.change(|messages| messages.add("rejected", "no-such-chat", "hello"));
        assert!(rejected.expect("saved"));
        for key in ["repeated", "once"] {
            add_alert(&outbox, key, org::LOBBY);
        }
        for time in (0..=10).map(|time| HOUR * 20 * time) {
            let outbox = outbox.clone();
            world.at(time, move |_| assert!(!add(&outbox, "repeated", org::LOBBY), "it is known"));
        }
        follow_until(world, &client, &outbox, HOUR * 24).await;
        assert_eq!(keys(&outbox), ["rejected", "repeated", "once"], "they are kept for a day");
        // An hour is not counted, as the loop has been restarted.
        follow_until(world, &client, &outbox, HOUR * 27).await;
        assert_eq!(keys(&outbox), ["repeated"]);
        follow_until(world, &client, &outbox, HOUR * 200).await;
        assert_eq!(keys(&outbox), ["repeated"]);
        assert_eq!(texts(world, org::LOBBY), ["repeated", "once"]);
        follow_until(world, &client, &outbox, HOUR * 227).await;
        assert_eq!((keys(&outbox), keys(&open(&folder))), (Vec::new(), Vec::new()));
        // Without a retention, nothing is removed.
        let outbox = open(&folder);
        add(&outbox, "kept", org::LOBBY);
        follow_until(world, &client, &outbox, DAY * 20).await;
        assert_eq!(keys(&outbox), ["kept"]);
    }

    pub(super) async fn every_use_of_a_message_prolongs_its_time<X: Portable>(world: &World, client: Client<X>) {
        let outbox = Outbox::in_memory().with_retention(DAY);
        for key in ["none", "replied", "updated", "reacted", "due", "set"] {
            add_alert(&outbox, key, org::LOBBY);
        }
        outbox.change(|messages| messages.add_with("updated with data", org::LOBBY, "hello", 1)).expect("saved");
        change_at(world, &outbox, MINUTE, |messages| {
            messages.set_due_after("due", HOUR * 20);
            messages.set_due_after("set", HOUR * 50);
        });
        let reacted = outbox.clone();
        world.at(HOUR * 20, move |world| {
            let mid = reacted.messages().entry("reacted").and_then(|it| it.mid.cloned()).expect("it is posted");
            world.act(org::ANNA, |anna| anna.react(org::LOBBY, mid.as_str(), "ok")).expect("the chat is open");
        });
        change_at(world, &outbox, HOUR * 20, |messages| {
            messages.add_reply("reply", "replied", "hello");
            messages.update("updated with data", |data| *data += 1);
            // It has no data, and nothing changes.
            messages.update("updated", |data| *data += 1);
            messages.set_due("set", None);
        });
        follow_until(world, &client, &outbox, HOUR * 30).await;
        let used = ["replied", "reacted", "due", "set", "updated with data", "reply"];
        assert_eq!(keys(&outbox), used);
        follow_until(world, &client, &outbox, HOUR * 43).await;
        assert_eq!(keys(&outbox), used, "for a day since then");
        follow_until(world, &client, &outbox, HOUR * 48).await;
        assert_eq!(keys(&outbox), [""; 0]);
    }

    pub(super) async fn waiting_and_due_messages_are_kept<X: Portable>(world: &World, client: Client<X>) {
        let outbox = Outbox::in_memory().with_retention(DAY);
        add_alert(&outbox, "due", org::LOBBY);
        outbox.change(|messages| messages.set_due_after("due", DAY * 5)).expect("saved");
        world.at(HOUR, |world| world.down_for(DAY * 4));
        change_at(world, &outbox, HOUR * 2, |messages| assert!(messages.add("waiting", org::LOBBY, "hello")));
        follow_until(world, &client, &outbox, DAY * 4).await;
        assert_eq!((keys(&outbox), outbox.messages().waiting()), (vec!["due".to_owned(), "waiting".to_owned()], 1));
        follow_until(world, &client, &outbox, DAY * 5 + HOUR * 12).await;
        assert_eq!(keys(&outbox), ["due"], "it was due at the end of the fifth day");
        follow_until(world, &client, &outbox, DAY * 7).await;
        assert_eq!(keys(&outbox), [""; 0]);
    }

    /// After an outage of the host, a monitor has the time to repeat what still fires.
    pub(super) async fn time_without_the_loop_does_not_count<X: Portable>(world: &World, client: Client<X>) {
        let folder = Folder::new();
        add(&open(&folder), "a", org::LOBBY);
        follow_until(world, &client, &open(&folder).with_retention(DAY), HOUR * 12).await;
        X::wait(client.sleep(DAY * 9)).await.expect("it is not stopped");
        let restarted = DAY * 9 + HOUR * 12;
        let outbox = open(&folder).with_retention(DAY);
        follow_until(world, &client, &outbox, restarted + HOUR * 11).await;
        assert_eq!(keys(&outbox), ["a"]);
        follow_until(world, &client, &outbox, restarted + HOUR * 17).await;
        assert_eq!(keys(&outbox), [""; 0]);
    }

    pub(super) async fn second_loop_does_not_count_the_time_again<X: Portable>(world: &World, client: Client<X>) {
        let outbox = Outbox::in_memory().with_retention(DAY);
        add(&outbox, "a", org::LOBBY);
        let mut loops = Vec::new();
        for time in [DAY, HOUR * 23] {
            let stop = StopHandle::new();
            let client = client.stopped_by(&stop);
            world.at(time, move |_| stop.stop());
            loops.push(client);
        }
        // The blocking adapter runs one after the other.
        let (first, second) = (outbox.follow(&loops[0], |_, _| {}), outbox.follow(&loops[1], |_, _| {}));
        let (first, second) = smol::future::zip(X::wait(first), X::wait(second)).await;
        first.and(second).expect("they are stopped");
        assert_eq!(keys(&outbox), ["a"]);
        follow_until(world, &client, &outbox, HOUR * 28).await;
        assert_eq!(keys(&outbox), [""; 0]);
    }

    pub(super) async fn short_retention_has_short_steps<X: Portable>(world: &World, client: Client<X>) {
        for (number, retention, end) in [(1, MINUTE * 8, MINUTE * 11), (2, Duration::ZERO, Duration::from_secs(3))] {
            let outbox = Outbox::in_memory().with_retention(retention);
            add(&outbox, &format!("a{number}"), org::LOBBY);
            let start = world.elapsed();
            follow_until(world, &client, &outbox, start + retention).await;
            assert_eq!(outbox.messages().iter().count(), 1, "{retention:?}");
            follow_until(world, &client, &outbox, start + end).await;
            assert_eq!(outbox.messages().iter().count(), 0, "{retention:?}");
        }
    }

    pub(super) async fn message_is_due_after_its_post<X: Portable>(world: &World, client: Client<X>) {
        let folder = Folder::new();
        let outbox = open(&folder);
        for key in ["a", "cleared", "never", "replaced"] {
            add_alert(&outbox, key, org::LOBBY);
        }
        let change = |messages: &mut OutboxMessages<u32>| {
            for key in ["a", "cleared", "replaced", "unknown"] {
                messages.set_due_after(key, MINUTE * 10);
            }
            messages.set_due_after("never", Duration::MAX);
            messages.set_due("cleared", None);
            messages.set_due("replaced", None);
            messages.set_due_after("replaced", MINUTE * 30);
        };
        outbox.change(change).expect("saved");
        world.down_for(HOUR);
        // Another process posts them.
        let (outbox, stop, times) = (open(&folder), StopHandle::new(), Arc::new(Mutex::new(Vec::new())));
        let client = client.stopped_by(&stop);
        world.at(HOUR * 9, move |_| stop.stop());
        change_at(world, &outbox, HOUR * 3, |messages| messages.set_due_after("cleared", HOUR * 3));
        let handler = |messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| {
            if let OutboxEvent::Due { key } = event {
                let sent_at = messages.entry(key).and_then(|it| it.sent_at).expect("it is posted");
                let passed = (client.now().utc - sent_at).to_std().expect("it is later");
                times.lock().expect("no panic").push((key.to_owned(), passed.as_secs() / 60));
            }
        };
        X::wait(outbox.follow(&client, handler)).await.expect("it is stopped");
        let expected = [("a", 10), ("replaced", 30), ("cleared", 180)].map(|(key, minutes)| (key.to_owned(), minutes));
        assert_eq!(*times.lock().expect("no panic"), expected);
        let messages = outbox.messages();
        assert!(messages.iter().all(|it| it.sent_at.is_some_and(|at| at >= client.now().utc - HOUR * 8)));
        assert_eq!(messages.entry("never").and_then(|it| it.due_at), None);
    }
}
