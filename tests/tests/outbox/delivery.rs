//! Deliveries: outages, rejections, stops, crashes, and several at once.

use std::fs;

use teamwire_async_std::smol::Smol;
use teamwire_blocking::{Outbox, StopHandle};
use teamwire_test_support::Folder;
use teamwire_testing::{World, org};

use super::{MINUTE, add, on_both_adapters, open, texts};

on_both_adapters! {
    message_posted_before_a_crash_is_not_posted_again_and_its_id_is_known
    outage_keeps_the_order_and_the_next_deliveries_become_rarer
    rejected_message_blocks_nothing_and_is_reported_with_its_replies
    stop_and_deadline_leave_the_message_in_the_outbox
    outcome_that_cannot_be_saved_is_learned_again
    message_without_its_file_blocks_nothing
    outbox_is_changed_during_a_request
    outcome_of_a_removed_message_is_not_that_of_its_successor
    changes_of_the_closure_are_saved_with_the_outcome
}

mod scenarios {
    use std::time::Duration;

    use teamwire_core::{
        AlertType, Client, Draft, Error, ErrorKind,
        config::RetryPolicy,
        executor::Portable,
        model::{NewAttachment, Upload},
    };

    use super::*;

    pub(super) async fn message_posted_before_a_crash_is_not_posted_again_and_its_id_is_known<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let folder = Folder::new();
        let client = client.with_retry(RetryPolicy::NEVER);
        let outbox = open(&folder);
        let draft = Draft::text("Pump 3 is down").alert(AlertType::Alert);
        assert!(outbox.change(|messages| messages.add_with("alarm-7", org::LOBBY, draft, 7)).expect("saved"));
        world.whenever_posted(|world, _| world.down_for(MINUTE));
        let delivery = X::wait(outbox.deliver(&client, |_, key, _| panic!("{key}"))).await.expect("it waits");
        assert_eq!((delivery.posted, delivery.rejected, texts(world, org::LOBBY).len()), (0, 0, 1));
        assert!(delivery.failure.is_some_and(|error| error.outcome_unknown()));
        drop(outbox);

        X::wait(client.sleep(MINUTE)).await.expect("it is not stopped");
        let outbox = open(&folder);
        assert_eq!(outbox.messages().waiting(), 1);
        let mut mid = None;
        let delivery = X::wait(outbox.deliver(&client, |messages, key, outcome| {
            let message = outcome.expect("the server works");
            mid = Some(message.mid.clone());
            let entry = messages.entry(key).expect("it is in the outbox");
            assert_eq!((entry.mid, entry.sent_at), (mid.as_ref(), Some(message.sent_at)));
        }))
        .await
        .expect("the server works");
        assert_eq!((delivery.posted, delivery.retry_after), (1, None));
        assert_eq!(texts(world, org::LOBBY), ["Pump 3 is down"]);
        for messages in [outbox.messages(), open(&folder).messages()] {
            let mid = mid.as_ref().expect("it is known");
            assert_eq!((messages.entry_of(mid), messages.waiting()), (messages.entry("alarm-7"), 0));
        }
    }

    pub(super) async fn outage_keeps_the_order_and_the_next_deliveries_become_rarer<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let (folder, client) = (Folder::new(), client.with_retry(RetryPolicy::NEVER));
        let outbox = open(&folder);
        for key in ["a", "b", "c"] {
            add(&outbox, key, org::LOBBY);
        }
        world.down_for(MINUTE);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let delivery = X::wait(outbox.deliver(&client, |_, key, _| panic!("{key}"))).await.expect("they wait");
            assert!(delivery.failure.is_some_and(|error| error.is_transient()));
            waits.push(delivery.retry_after.map_or(0, |time| time.as_secs()));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        X::wait(client.sleep(MINUTE)).await.expect("it is not stopped");

        world.whenever_posted(|world, _| world.after(Duration::ZERO, |world| world.down_for(MINUTE)));
        world.latency(Duration::from_millis(100));
        let mut keys = Vec::new();
        loop {
            let delivery = X::wait(outbox.deliver(&client, |_, key, _| keys.push(key.to_owned()))).await;
            let Some(wait) = delivery.expect("they wait").retry_after else { break };
            X::wait(client.sleep(wait)).await.expect("it is not stopped");
        }
        assert_eq!([keys, texts(world, org::LOBBY)], [["a", "b", "c"]; 2]);
    }

    pub(super) async fn rejected_message_blocks_nothing_and_is_reported_with_its_replies<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let folder = Folder::new();
        let outbox = open(&folder);
        world.act(org::ANNA, |anna| anna.close(org::LOBBY)).expect("she is an admin");
        add(&outbox, "a", org::LOBBY);
        add(&outbox, "b", org::NOTICES);
        outbox
            .change(|messages| {
                assert!(messages.add_reply("a/1", "a", "reply") && messages.add_reply("a/2", "a/1", "reply"));
                assert!(messages.add_reply("b/1", "b", "reply"));
            })
            .expect("saved");
        let (mut rejected, mut posted) = (Vec::new(), Vec::new());
        let settled = X::wait(outbox.deliver(&client, |_, key, outcome| match outcome {
            Ok(message) => posted.push((key.to_owned(), message.reply_to.clone())),
            Err(error) => rejected.push((key.to_owned(), error.kind())),
        }));
        let delivery = settled.await.expect("the server works");
        assert_eq!((delivery.posted, delivery.rejected), (2, 3));
        assert_eq!(rejected, ["a", "a/1", "a/2"].map(|key| (key.to_owned(), ErrorKind::Conflict)));
        assert_eq!(posted.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["b", "b/1"]);
        let messages = open(&folder).messages();
        let mid = messages.entry("b").and_then(|entry| entry.mid);
        assert_eq!(posted[1].1.as_ref(), mid);
        assert!(messages.entry("a/2").is_some_and(|entry| entry.is_rejected && entry.sent_at.is_none()));
        assert!(!add(&outbox, "a", org::NOTICES), "it is not added again");
    }

    pub(super) async fn stop_and_deadline_leave_the_message_in_the_outbox<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let (folder, stop) = (Folder::new(), StopHandle::new());
        let outbox = open(&folder);
        add(&outbox, "a", org::LOBBY);
        world.down_for(MINUTE * 5);
        let hurried = client.with_retry(RetryPolicy::within(MINUTE * 10)).with_deadline(MINUTE);
        let delivery = X::wait(outbox.deliver(&hurried, |_, key, _| panic!("{key}"))).await.expect("it waits");
        assert!(delivery.failure.is_some_and(|error| error.is_transient()) && delivery.retry_after.is_some());
        assert!(world.elapsed() <= MINUTE, "{:?}", world.elapsed());

        X::wait(client.sleep(MINUTE * 5)).await.expect("it is not stopped");
        let end = stop.clone();
        world.latency(Duration::from_millis(100));
        world.whenever_posted(move |_, _| end.stop());
        let stopped = client.stopped_by(&stop);
        let error = X::wait(outbox.deliver(&stopped, |_, key, _| panic!("{key}"))).await.expect_err("it is stopped");
        assert_eq!((error.kind(), outbox.messages().waiting()), (ErrorKind::Cancelled, 1));
        let delivery = X::wait(outbox.deliver(&client, |_, _, _| {})).await.expect("the server works");
        assert_eq!((delivery.posted, texts(world, org::LOBBY).len()), (1, 1));
    }

    pub(super) async fn outcome_that_cannot_be_saved_is_learned_again<X: Portable>(world: &World, client: Client<X>) {
        let folder = Folder::new();
        let (path, outbox) = (folder.path("outbox"), open(&folder));
        add(&outbox, "a", org::LOBBY);
        let of_hook = path.clone();
        world.whenever_posted(move |_, _| {
            fs::remove_file(&of_hook).expect("it is there");
            fs::create_dir(&of_hook).expect("nothing is in the way");
        });
        let error = X::wait(outbox.deliver(&client, |_, _, _| {})).await.expect_err("it is a folder");
        assert_eq!((error.kind(), outbox.messages().waiting()), (ErrorKind::File, 1));
        fs::remove_dir(&path).expect("it is empty");
        let delivery = X::wait(outbox.deliver(&client, |_, _, _| {})).await.expect("the server works");
        assert_eq!((delivery.posted, texts(world, org::LOBBY).len()), (1, 1));
        assert_eq!(open(&folder).messages().waiting(), 0);
    }

    pub(super) async fn message_without_its_file_blocks_nothing<X: Portable>(world: &World, client: Client<X>) {
        let folder = Folder::new();
        let outbox = open(&folder);
        fs::create_dir(folder.path("folder")).expect("nothing is in the way");
        for name in ["missing", "folder"] {
            let draft = Draft::text(name).attach(NewAttachment::file(Upload::from_path(folder.path(name))));
            assert!(outbox.change(|messages| messages.add(name, org::LOBBY, draft)).expect("saved"));
        }
        add(&outbox, "a", org::LOBBY);
        let mut outcomes = Vec::new();
        let delivery = X::wait(outbox.deliver(&client, |_, key, outcome| {
            outcomes.push((key.to_owned(), outcome.map(drop).map_err(Error::kind)));
        }));
        let delivery = delivery.await.expect("the server works");
        assert_eq!((delivery.posted, delivery.rejected), (1, 2));
        let rejected = |key: &str| (key.to_owned(), Err(ErrorKind::File));
        assert_eq!(outcomes, [rejected("missing"), rejected("folder"), ("a".to_owned(), Ok(()))]);
        assert_eq!(texts(world, org::LOBBY), ["a"]);
    }

    pub(super) async fn outbox_is_changed_during_a_request<X: Portable>(world: &World, client: Client<X>) {
        let folder = Folder::new();
        let outbox = open(&folder);
        add(&outbox, "a", org::LOBBY);
        let of_hook = outbox.clone();
        world.whenever_posted(move |world, _| {
            let key = format!("of the time {:?}", world.elapsed());
            add(&of_hook, &key, org::NOTICES);
        });
        let delivery = X::wait(outbox.deliver(&client, |_, _, _| {})).await.expect("the server works");
        assert_eq!((delivery.posted, texts(world, org::NOTICES)), (2, vec!["of the time 0ns".to_owned()]));
    }

    pub(super) async fn outcome_of_a_removed_message_is_not_that_of_its_successor<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let folder = Folder::new();
        let outbox = open(&folder);
        add(&outbox, "a", org::LOBBY);
        let of_hook = outbox.clone();
        world.whenever_posted(move |_, _| {
            let replaced = of_hook.change(|messages| messages.remove("a") && messages.add("a", org::LOBBY, "new"));
            assert!(replaced.expect("saved"));
        });
        let mut outcomes = Vec::new();
        let delivery = X::wait(outbox.deliver(&client, |_, key, outcome| {
            outcomes.push((key.to_owned(), outcome.map(drop).map_err(Error::kind)));
        }));
        let delivery = delivery.await.expect("the server works");
        assert_eq!((delivery.posted, delivery.rejected), (0, 1));
        assert_eq!(outcomes, [("a".to_owned(), Err(ErrorKind::IdempotencyMismatch))]);
        assert!(open(&folder).messages().entry("a").is_some_and(|entry| entry.is_rejected));
    }

    pub(super) async fn changes_of_the_closure_are_saved_with_the_outcome<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let folder = Folder::new();
        let outbox = open(&folder);
        outbox.change(|messages| messages.add_with("a", org::LOBBY, "hello", 1)).expect("saved");
        let delivery = X::wait(outbox.deliver(&client, |messages, key, outcome| {
            assert!(outcome.is_ok());
            messages.update(key, |data| *data += 1);
            if key == "a" {
                assert!(messages.add_reply("b", key, "again"));
            }
        }));
        assert_eq!(delivery.await.expect("the server works").posted, 2);
        assert_eq!(texts(world, org::LOBBY), ["hello", "again"]);
        let messages = open(&folder).messages();
        assert_eq!(
            messages.iter().map(|it| (it.key, it.data.copied())).collect::<Vec<_>>(),
            [("a", Some(2)), ("b", None)]
        );
        let added = X::wait(outbox.change_on(&client, |messages| messages.add("c", org::LOBBY, "c")));
        assert!(added.await.expect("saved"));
        assert_eq!(open(&folder).messages().waiting(), 1);
    }
}

/// Both post what waits, and so does one in the middle of a post of another.
#[test]
fn one_delivery_runs_at_a_time() {
    let (world, outbox) = (World::new(7), Outbox::<u32>::in_memory());
    let client = world.blocking();
    for key in ["a", "b"] {
        add(&outbox, key, org::LOBBY);
    }
    let (of_hook, another) = (outbox.clone(), client.clone());
    world.whenever_posted(move |_, _| {
        let delivery = of_hook.deliver(&another, |_, key, _| panic!("{key}")).expect("nothing is sent");
        assert!((delivery.posted, delivery.retry_after) == (0, Some(MINUTE / 60)) && delivery.failure.is_none());
    });
    let delivery = outbox.deliver(&client, |_, _, _| {}).expect("the server works");
    assert_eq!((delivery.posted, texts(&world, org::LOBBY).len()), (2, 2));

    let (world, outbox) = (World::new(7), Outbox::<u32>::in_memory());
    let client = world.client::<Smol>();
    for key in ["a", "b"] {
        add(&outbox, key, org::LOBBY);
    }
    world.run(async {
        let deliver = || async { outbox.deliver(&client, |_, _, _| {}).await.expect("the server works").posted };
        assert_eq!(smol::future::zip(deliver(), deliver()).await, (2, 0));
    });
    assert_eq!(texts(&world, org::LOBBY).len(), 2);
}

#[test]
fn delivery_that_is_dropped_leaves_the_next_one_its_messages() {
    let (world, outbox) = (World::new(7), Outbox::<u32>::in_memory());
    let client = world.client::<Smol>();
    add(&outbox, "a", org::LOBBY);
    world.latency(MINUTE / 60);
    world.run(async {
        let delivery = outbox.deliver(&client, |_, key, _| panic!("{key}"));
        let dropped = async {
            delivery.await.expect("it is dropped before");
        };
        let time = async { client.sleep(MINUTE / 80).await.expect("it is not stopped") };
        smol::future::or(dropped, time).await;
        assert_eq!((texts(&world, org::LOBBY).len(), outbox.messages().waiting()), (1, 1));
        let delivery = outbox.deliver(&client, |_, _, _| {}).await.expect("the server works");
        assert_eq!(delivery.posted, 1);
    });
    assert_eq!(texts(&world, org::LOBBY).len(), 1);
}
