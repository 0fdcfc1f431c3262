//! Replicas over sockets, on a store in a folder.

use std::{
    sync::mpsc::{self, Sender},
    thread,
    time::Duration,
};

use teamwire_core::{
    Client, Error, ErrorKind, FeedEvent, StopHandle,
    claim::{Member, Saved},
};
use teamwire_sandbox::org;
use teamwire_std::{claims::ClaimStore, fleet::Fleet};
use teamwire_tests::{executor_test, harness::Blocking};

use crate::bots::{FAILS, HANGS, LONG, Replicates, SOON, World};

const SHORT: Duration = Duration::from_millis(600);

#[executor_test(adapters)]
fn one_of_three_replicas_handles_each_message<H: Replicates>() {
    let world = World::new();
    let chats = ["one", "two", "three"].map(|title| world.chat(title));
    let bots = [
        world.start::<H>("a", 1, LONG, LONG),
        world.start::<Blocking>("b", 4, LONG, LONG),
        world.start::<H>("c", 8, LONG, LONG),
    ];
    let holder = world.wait_for_start();
    for number in 0..10 {
        for tid in &chats {
            world.say(tid, &format!("{tid} {number}"));
        }
    }
    let handled: Vec<_> = (0..30).map(|_| world.next()).collect();
    assert!(handled.iter().all(|(name, _, tries)| *name == holder && *tries == 1), "{handled:?}");
    for tid in &chats {
        let texts = handled.iter().map(|(_, text, _)| text.as_str()).filter(|text| text.starts_with(tid.as_str()));
        let expected: Vec<_> = (0..10).map(|number| format!("{tid} {number}")).collect();
        assert_eq!(texts.collect::<Vec<_>>(), expected);
    }
    for bot in bots {
        bot.stop().expect("it has followed the feed");
    }
    assert!(world.is_quiet(Duration::ZERO), "nothing is handled twice");
}

#[executor_test(adapters)]
fn replica_that_stops_is_replaced_at_once<H: Replicates>() {
    let world = World::new();
    let mut bots =
        vec![("a", world.start::<H>("a", 1, LONG, LONG)), ("b", world.start::<Blocking>("b", 4, LONG, LONG))];
    let holder = world.wait_for_start();
    let at = bots.iter().position(|(name, _)| *name == holder).expect("it is one of them");
    bots.remove(at).1.stop().expect("it has followed the feed");
    world.say(org::LOBBY, "while nothing is followed");
    // Long before its lease expires.
    let (name, text, tries) = world.next();
    assert_eq!((name != holder, &*text, tries), (true, "while nothing is followed", 1));
    bots.remove(0).1.stop().expect("it has followed the feed");
    // The next process resumes where the last one has ended.
    world.say(org::LOBBY, "while no process runs");
    let bot = world.start::<H>("c", 2, LONG, LONG);
    assert_eq!(world.next(), ("c", "while no process runs".into(), 1));
    bot.stop().expect("it has followed the feed");
}

#[executor_test(adapters)]
fn replica_whose_store_is_away_hands_nothing_out_and_is_replaced<H: Replicates>() {
    let world = World::new();
    let first = world.start::<H>("a", 4, SHORT, LONG);
    assert_eq!(world.wait_for_start(), "a");
    first.cut(true);
    thread::sleep(2 * SHORT);
    world.say(org::LOBBY, "1");
    assert!(world.is_quiet(SHORT), "its lease has expired");
    let second = world.start::<Blocking>("b", 1, SHORT, LONG);
    assert_eq!(world.wait_for("1").0, "b");
    first.cut(false);
    world.say(org::LOBBY, "2");
    assert_eq!(world.wait_for("2").0, "b");
    second.stop().expect("it has followed the feed");
    world.say(org::LOBBY, "3");
    assert_eq!(world.wait_for("3").0, "a", "it continues");
    first.stop().expect("it has followed the feed");
}

#[executor_test(adapters)]
fn replica_continues_when_its_store_is_back<H: Replicates>() {
    let world = World::new();
    let bot = world.start::<H>("a", 4, SHORT, LONG);
    world.wait_for_start();
    bot.cut(true);
    thread::sleep(2 * SHORT);
    world.say(org::LOBBY, "1");
    assert!(world.is_quiet(SHORT), "its lease has expired");
    bot.cut(false);
    assert_eq!(world.next(), ("a", "1".into(), 1), "nothing is repeated");
    bot.stop().expect("it has followed the feed");
}

#[executor_test(adapters)]
fn event_that_fails_comes_again_and_only_its_chat_waits<H: Replicates>() {
    for limit in [1, 4] {
        let world = World::new();
        let (bad, good) = (world.chat("bad"), world.chat("good"));
        let bot = world.start::<H>("a", limit, LONG, LONG);
        world.wait_for_start();
        for (tid, text) in [(&bad, FAILS), (&bad, "after it"), (&good, "another chat")] {
            world.say(tid, text);
        }
        let handled: Vec<_> = (0..4).map(|_| world.next()).map(|(_, text, tries)| (text, tries)).collect();
        let expected = [(FAILS, 1), ("another chat", 1), (FAILS, 2), ("after it", 1)];
        assert_eq!(handled, expected.map(|(text, tries)| (text.to_owned(), tries)));
        bot.stop().expect("it has followed the feed");
    }
}

#[executor_test(adapters)]
fn handler_that_hangs_costs_the_claim<H: Replicates>() {
    let world = World::new();
    let first = world.start::<H>("a", 4, LONG, SHORT);
    world.wait_for_start();
    world.say(org::LOBBY, HANGS);
    assert_eq!(world.next(), ("a", HANGS.into(), 1));
    let second = world.start::<Blocking>("b", 4, SHORT, LONG);
    assert_eq!(world.wait_for(HANGS), ("b", HANGS.into(), 2));
    world.release();
    first.stop().expect("it has followed the feed");
    second.stop().expect("it has followed the feed");
}

#[executor_test(adapters)]
fn feed_without_a_checkpoint_is_not_begun_unless_that_is_asked_for<H: Replicates>() {
    let mut world = World::new();
    let fleet = Fleet::builder("bots").lease(SHORT).join(world.store()).expect("it can join");
    let client = world.client::<H>();
    let error = H::iterate(&fleet, &client, |_| true).expect_err("there is no checkpoint");
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("all_messages"), "{error}");
    drop(fleet);
    // Also not after the loss of the store, by a process that has seen one.
    let bot = world.start::<H>("a", 4, SHORT, LONG);
    world.wait_for_start();
    world.wipe();
    world.say(org::LOBBY, "1");
    let error = bot.join().expect_err("its store is empty");
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
}

#[executor_test(adapters)]
fn loop_of_its_own_handles_events_and_gets_dropped_ones_again<H: Replicates>() {
    let world = World::new();
    let bot = world.start::<Blocking>("a", 4, LONG, LONG);
    world.wait_for_start();
    bot.stop().expect("it has followed the feed");
    for text in ["1", "2", "3"] {
        world.say(org::LOBBY, text);
    }
    let client = world.client::<H>();
    let fleet = Fleet::builder("bots").lease(LONG).join(world.store()).expect("it can join");
    let member = Member { fleet: "bots".into(), id: fleet.members().1, lease: LONG };
    let mut seen = Vec::new();
    H::iterate(&fleet, &client, |event| {
        let Some(message) = event.item() else { return true };
        let text = message.text.clone().unwrap_or_default();
        seen.push((text.clone(), event.tries(), event.key("reply")));
        match (&*text, event.tries()) {
            ("2", 1) => drop(event),
            ("3", _) => {
                let save = event.to_save().expect("all before it are handled");
                assert_eq!(Some(&save.checkpoint), event.checkpoint());
                let saved = world.store().save(&member, &[save]).expect("the store is there");
                assert_eq!(saved, [Saved::Yes]);
                event.saved_by_me();
                return false;
            }
            _ => event.handled(),
        }
        true
    })
    .expect("it follows the feed");
    let texts: Vec<_> = seen.iter().map(|(text, tries, _)| (text.as_str(), *tries)).collect();
    assert_eq!(texts, [("1", 1), ("2", 1), ("2", 2), ("3", 1)]);
    assert_eq!(seen[1].2, seen[2].2, "the key is that of the event");
    assert_ne!(seen[0].2, seen[1].2);
    drop(fleet);
    world.say(org::LOBBY, "4");
    let fleet = Fleet::builder("bots").lease(LONG).join(world.store()).expect("it can join");
    let mut first = None;
    H::iterate(&fleet, &client, |event| {
        assert!(!matches!(&*event, FeedEvent::Gap(_)), "nothing is missed");
        first = event.item().and_then(|message| message.text.clone());
        event.handled();
        first.is_none()
    })
    .expect("it follows the feed");
    assert_eq!(first.as_deref(), Some("4"), "the bot has saved the one before");
}

#[executor_test(adapters)]
fn replica_that_stops_leaves_no_subscription_behind<H: Replicates>() {
    check_subscription::<H>(H::serve_reactions);
}

#[executor_test(adapters)]
fn replica_that_stops_leaves_no_subscription_of_a_set_behind<H: Replicates>() {
    check_subscription::<H>(H::serve_set_of_reactions);
}

/// Handles reactions on an executor.
type Serve<X> = fn(&Fleet, &Client<X>, Sender<String>) -> Result<(), Error>;

/// Checks that the subscription to reactions is ended when the replica stops.
fn check_subscription<H: Replicates>(serve: Serve<H::X>) {
    const UNSUBSCRIBE: &str = "DELETE /v1/reactions/subscriptions/{id}";
    let world = World::new();
    let (ben, stop) = (world.sandbox.as_person(org::BEN), StopHandle::new());
    let (sender, handled) = mpsc::channel();
    let fleet = Fleet::builder("bots").lease(LONG).join(world.store()).expect("it can join");
    let client = world.client::<H>().stopped_by(&stop);
    let serving = thread::spawn(move || serve(&fleet, &client, sender));
    // Reactions before the start of the feed are not delivered.
    let is_handled = (0..SOON.as_millis() / 50).any(|_| {
        let alert = ben.post_alert(org::LOBBY, "Pump 3 is down", "alert").expect("he is a member");
        world.sandbox.as_person(org::ANNA).react(org::LOBBY, &alert, "ok").expect("she is a member");
        handled.recv_timeout(Duration::from_millis(50)).is_ok()
    });
    assert!(is_handled, "the feed starts");
    assert_eq!(world.sandbox.handled_count(UNSUBSCRIBE), 0);
    stop.stop();
    serving.join().expect("it does not panic").expect("it has followed the feed");
    assert_eq!(world.sandbox.handled_count(UNSUBSCRIBE), 1);
}
