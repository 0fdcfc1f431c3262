//! The loop of a bot beside other users of its outbox, and after responses that are not those of the backend.

use std::time::Duration;

use serde_json::json;
use teamwire_blocking::{Outbox, OutboxEvent, OutboxMessages, StopHandle, chrono::TimeDelta};
use teamwire_core::{
    Client, Script,
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
};
use teamwire_testing::{World, org};

use super::{MINUTE, add_alert, report, texts};

/// The outcome of a delivery elsewhere would not reach the handler.
#[test]
fn delivery_is_left_to_the_loop() {
    let world = World::new(7);
    let (outbox, stop) = (Outbox::in_memory(), StopHandle::new());
    let client = world.client::<teamwire_async_std::smol::Smol>().stopped_by(&stop);
    world.at(MINUTE * 20, move |_| stop.stop());
    let another = async {
        client.sleep(MINUTE).await?;
        add_alert(&outbox, "a", org::LOBBY);
        let delivery = outbox.deliver(&client, |_, _, _| panic!("the loop delivers")).await?;
        assert_eq!(delivery.posted, 0);
        assert!(delivery.retry_after.is_some());
        Ok(())
    };
    world.run(async {
        let (followed, delivered) = smol::future::zip(outbox.follow(&client, report), another).await;
        followed.and(delivered).expect("the loop is stopped");
    });
    assert_eq!(texts(&world, org::LOBBY), ["a", "a: no reaction"]);
    // Afterwards, others deliver.
    add_alert(&outbox, "b", org::LOBBY);
    let client = world.blocking();
    assert_eq!(outbox.deliver(&client, |_, _, _| {}).expect("it is posted").posted, 1);
}

/// A proxy, or a server that is being replaced, returns a page of its own.
#[test]
fn page_of_a_proxy_does_not_end_the_loop() {
    let page = |status| Respond::status(status).body("text/html", "<html>not here</html>");
    // Each poll of the feed ends a wait of the loop.
    let polls = (0..12).map(|at| {
        let reactions = [sample::reaction(&format!("r{at}"), "unknown", "c1", "ok")];
        respond::reaction_updates(reactions, &format!("k{at}")).delay(Duration::from_secs(20))
    });
    let script = Script::new()
        .on(expect::subscribe_reactions(), [respond::subscription("s1", "start")])
        .on(expect::reaction_updates(), polls)
        .on(expect::post("c1"), [page(404), page(200), page(403), respond::message(sample::alert("m1", "c1", "a"))])
        .on(expect::reactions("c1", "m1"), [page(404), respond::empty_list().times(99)]);
    let outbox = Outbox::in_memory();
    add_alert(&outbox, "a", "c1");
    let mut failures = 0;
    let handler = |messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| {
        failures += usize::from(matches!(&event, OutboxEvent::Retrying { error } if error.may_recover()));
        report(messages, event);
    };
    outbox.follow(&Client::new(script.clone()), handler).expect("the feed ends with the script");
    assert_eq!((failures, outbox.messages().waiting()), (4, 0));
}

/// Otherwise, an escalation would say that nobody has reacted.
#[test]
fn reaction_that_cannot_be_decoded_is_reported() {
    let undecodable = || json!({"rid": "r1", "mid": "m1", "tid": "c1"});
    let script = Script::new()
        .on(expect::subscribe_reactions(), [respond::subscription("s1", "start")])
        .on(expect::reaction_updates(), [respond::reaction_updates([undecodable()], "k1")])
        .on(expect::post("c1"), [respond::message(sample::alert("m1", "c1", "a"))])
        .on(expect::reactions("c1", "m1"), [respond::reactions([undecodable()]).times(99)]);
    let outbox = Outbox::in_memory();
    add_alert(&outbox, "a", "c1");
    let mut reported = Vec::new();
    let handler = |_: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| {
        if let OutboxEvent::Undecoded { item } = event {
            reported.push(item.json.contains("m1"));
        }
    };
    outbox.follow(&Client::new(script.clone()), handler).expect("the feed ends with the script");
    assert!(reported.len() >= 2 && reported.iter().all(|is_it| *is_it), "{reported:?}");
    assert!(outbox.messages().iter().all(|entry| entry.reactions.is_empty()));
}

/// A handler that makes such a message due again does not make the loop spin.
#[test]
fn unavailable_message_that_is_made_due_again_leaves_pauses() {
    let (world, outbox) = (World::new(7), Outbox::in_memory());
    add_alert(&outbox, "a", org::NOTICES);
    let client = world.blocking();
    outbox.follow(&stopped_at(&world, &client, MINUTE), report).expect("it is stopped");
    client.chats().chat(org::NOTICES).leave().expect("it may");
    let mut unavailable = 0;
    let handler = |messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| {
        if let OutboxEvent::Unavailable { key, .. } = event {
            unavailable += 1;
            messages.set_due(key, client.now().utc - TimeDelta::hours(1));
        }
    };
    outbox.follow(&stopped_at(&world, &client, MINUTE * 2), handler).expect("it is stopped");
    assert!((50..70).contains(&unavailable), "once a second: {unavailable}");
}

fn stopped_at(world: &World, client: &teamwire_blocking::Client, time: Duration) -> teamwire_blocking::Client {
    let stop = StopHandle::new();
    let client = client.stopped_by(&stop);
    world.at(time, move |_| stop.stop());
    client
}
