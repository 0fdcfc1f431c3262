//! Many feeds that replicas share, over sockets.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use teamwire_core::{ErrorKind, FeedEvent, FeedSet, Message, StopHandle, feed::FeedSetEvent, model::ThreadId};
use teamwire_std::fleet::{Fleet, FleetEvent};
use teamwire_tests::{
    executor_test,
    harness::{Blocking, Smol},
};

use crate::{
    bots::{FAILS, HANGS, LONG, World},
    many::{Settings, Shares},
};

const SHORT: Duration = Duration::from_millis(600);

fn settings(limit: usize) -> Settings {
    Settings { begins: true, limit, on_end: None }
}

/// Posts messages to each chat, and waits until they are handled: once, in order, by one bot per chat.
#[track_caller]
fn check_once(world: &World, chats: &[ThreadId], messages: usize) {
    for number in 0..messages {
        for tid in chats {
            world.say(tid.as_str(), &format!("{tid} {number}"));
        }
    }
    let mut handled = BTreeMap::<String, Vec<String>>::new();
    for _ in 0..chats.len() * messages {
        let (_, text, tries) = world.next();
        assert_eq!(tries, 1, "{text}");
        let (tid, number) = text.split_once(' ').expect("it is one of these");
        handled.entry(tid.to_owned()).or_default().push(number.to_owned());
    }
    let expected: Vec<_> = (0..messages).map(|number| number.to_string()).collect();
    assert_eq!(handled.len(), chats.len());
    assert!(handled.values().all(|numbers| *numbers == expected), "{handled:?}");
    assert!(world.is_quiet(Duration::from_millis(200)), "nothing is handled twice");
}

#[executor_test(adapters)]
fn replicas_share_the_feeds_and_a_share_moves_when_one_stops_or_joins<H: Shares>() {
    let world = World::new();
    let chats = world.chats(12);
    let (first, _) = world.share::<H>("a", &chats, settings(1), LONG);
    world.wait_for_shares(&chats, &[12]);
    let (second, _) = world.share::<Blocking>("b", &chats, settings(4), LONG);
    let (third, _) = world.share::<H>("c", &chats, settings(4), LONG);
    world.wait_for_shares(&chats, &[4, 4, 4]);
    check_once(&world, &chats, 5);
    first.stop().expect("it has followed the feeds");
    // Long before its lease expires, and although nothing was followed meanwhile.
    check_once(&world, &chats, 3);
    world.wait_for_shares(&chats, &[6, 6]);
    second.stop().expect("it has followed the feeds");
    check_once(&world, &chats, 3);
    third.stop().expect("it has followed the feeds");
}

#[executor_test(adapters)]
fn feeds_are_added_and_removed_while_they_are_followed<H: Shares>() {
    let world = World::new();
    let chats = world.chats(2);
    let client = world.client::<H>();
    let (sender, ends) = mpsc::channel();
    let on_end = Box::new(move |tid: &ThreadId, result| drop(sender.send((tid.clone(), result))));
    let (bot, feeds) = world.share::<H>("a", &[], Settings { begins: false, limit: 4, on_end: Some(on_end) }, LONG);
    feeds.insert(chats[0].clone(), H::feed(&client, &chats[0]));
    let (tid, result) = ends.recv_timeout(crate::bots::SOON).expect("it ends");
    let result: Result<(), teamwire_core::Error> = result;
    assert_eq!((tid, result.expect_err("it has no checkpoint").kind()), (chats[0].clone(), ErrorKind::Store));
    bot.stop().expect("all feeds have ended");

    let (bot, feeds) = world.share::<H>("a", &[], settings(4), LONG);
    for tid in &chats {
        feeds.insert_or_begin(tid.clone(), H::feed(&client, tid));
    }
    world.wait_for_shares(&chats, &[2]);
    feeds.insert(chats[1].clone(), H::feed(&client, &chats[1]));
    check_once(&world, &chats, 2);
    feeds.remove(chats[0].clone());
    world.wait_for_shares(&chats[1..], &[1]);
    world.say(chats[0].as_str(), "not followed");
    check_once(&world, &chats[1..], 2);
    feeds.insert(chats[0].clone(), H::feed(&client, &chats[0]));
    assert_eq!(world.next(), ("a", "not followed".into(), 1), "it resumes");
    check_once(&world, &chats, 2);
    bot.stop().expect("it has followed the feeds");
}

#[executor_test(adapters)]
fn event_that_fails_and_one_that_hangs_delay_only_their_feeds<H: Shares>() {
    let world = World::new();
    let chats = world.chats(3);
    let (bot, _) = world.share::<Blocking>("a", &chats, settings(4), LONG);
    world.wait_for_shares(&chats, &[3]);
    for (tid, text) in [(&chats[0], FAILS), (&chats[0], "after it"), (&chats[1], HANGS), (&chats[1], "behind it")] {
        world.say(tid.as_str(), text);
    }
    let mut handled: Vec<_> = (0..4).map(|_| world.next()).map(|(_, text, tries)| (text, tries)).collect();
    handled.sort_unstable();
    let expected = [("after it", 1), (FAILS, 1), (FAILS, 2), (HANGS, 1)];
    assert_eq!(handled, expected.map(|(text, tries)| (text.to_owned(), tries)));
    check_once(&world, &chats[2..], 3);
    world.release();
    assert_eq!(world.next(), ("a", "behind it".into(), 1));
    bot.stop().expect("it has followed the feeds");
    // Handlers of one task cannot hang without it; failures are the same.
    let (bot, _) = world.share::<H>("b", &chats, settings(1), LONG);
    world.wait_for_shares(&chats, &[3]);
    for (tid, text) in [(&chats[0], FAILS), (&chats[0], "after it"), (&chats[1], "another chat")] {
        world.say(tid.as_str(), text);
    }
    let mut handled: Vec<_> = (0..4).map(|_| world.next()).map(|(_, text, tries)| (text, tries)).collect();
    handled.sort_unstable();
    let expected = [("after it", 1), ("another chat", 1), (FAILS, 1), (FAILS, 2)];
    assert_eq!(handled, expected.map(|(text, tries)| (text.to_owned(), tries)));
    bot.stop().expect("it has followed the feeds");
}

#[test]
fn event_that_is_due_again_waits_for_room_while_the_task_runs_another_handler() {
    let world = World::new();
    let chats = world.chats(2);
    let (bot, _) = world.share::<Blocking>("a", &chats, settings(1), LONG);
    world.wait_for_shares(&chats, &[2]);
    bot.stop().expect("it has followed the feeds");
    world.say(chats[0].as_str(), FAILS);
    let stop = StopHandle::new();
    let (store, client) = (world.store(), world.client::<Smol>().stopped_by(&stop));
    let (handler, all) = (world.handler("b"), chats.clone());
    let bot = thread::spawn(move || {
        let fleet = Fleet::builder("bots").lease(LONG).join(store)?;
        let mut set = FeedSet::new();
        for tid in &all {
            set.insert(tid.clone(), Smol::feed(&client, tid));
        }
        let handle = |_, event: FleetEvent<Message>| {
            let handler = Arc::clone(&handler);
            async move {
                if event.item().is_some_and(|message| message.text.as_deref() == Some("slow")) {
                    smol::Timer::after(Duration::from_secs(2)).await;
                }
                handler(&event)
            }
        };
        smol::block_on(fleet.follow(client.executor().drive(set)).for_each_concurrent(1, handle))
    });
    assert_eq!(world.next(), ("b", FAILS.into(), 1));
    world.say(chats[1].as_str(), "slow");
    let mut handled = [world.next(), world.next()];
    handled.sort_unstable();
    assert_eq!(handled, [("b", FAILS.into(), 2), ("b", "slow".into(), 1)]);
    stop.stop();
    bot.join().expect("the bot does not panic").expect("it has followed the feeds");
}

#[executor_test(adapters)]
fn shares_of_a_replica_whose_store_is_away_go_to_the_others<H: Shares>() {
    let world = World::new();
    let chats = world.chats(6);
    let (first, _) = world.share::<H>("a", &chats, settings(4), SHORT);
    let (second, _) = world.share::<Blocking>("b", &chats, settings(1), SHORT);
    world.wait_for_shares(&chats, &[3, 3]);
    first.cut(true);
    world.wait_for_shares(&chats, &[6]);
    first.cut(false);
    world.wait_for_shares(&chats, &[3, 3]);
    first.stop().expect("it has followed the feeds");
    second.stop().expect("it has followed the feeds");
}

#[executor_test(adapters)]
fn loop_of_its_own_handles_events_of_all_feeds<H: Shares>() {
    let world = World::new();
    let chats = world.chats(3);
    let (bot, _) = world.share::<Blocking>("a", &chats, settings(1), LONG);
    world.wait_for_shares(&chats, &[3]);
    bot.stop().expect("it has followed the feeds");
    for tid in &chats {
        for text in ["1", "2"] {
            world.say(tid.as_str(), text);
        }
    }
    let (client, unknown) = (world.client::<H>(), ThreadId::from("unknown"));
    let fleet = Fleet::builder("bots").lease(LONG).join(world.store()).expect("it can join");
    let (mut seen, mut keys, mut has_failed) = (Vec::new(), Vec::new(), false);
    let all: Vec<_> = chats.iter().chain([&unknown]).cloned().collect();
    H::iterate_chats(&fleet, &client, &all, |(tid, event)| {
        let event = match event {
            FeedSetEvent::Event(event) => event,
            FeedSetEvent::Ended(result) => {
                let error = result.expect_err("it has no checkpoint");
                assert_eq!((tid, error.kind()), (unknown.clone(), ErrorKind::Store));
                has_failed = true;
                return true;
            }
            _ => return true,
        };
        assert!(!matches!(&*event, FeedEvent::Gap(_)), "nothing is missed");
        let Some(message) = event.item() else { return true };
        let (text, tries) = (message.text.clone().unwrap_or_default(), event.tries());
        assert_eq!(message.tid, tid);
        seen.push((tid.clone(), text.clone(), tries));
        if text == "2" && tries == 1 {
            keys.push((tid, event.key("reply")));
            drop(event);
        } else {
            if text == "2" {
                assert!(keys.contains(&(tid, event.key("reply"))), "the key is that of the event");
            }
            event.handled();
        }
        seen.len() < 9
    });
    assert!(has_failed);
    for tid in chats {
        let of_chat = seen.iter().filter(|(chat, ..)| *chat == tid).map(|(_, text, tries)| (text.as_str(), *tries));
        assert_eq!(of_chat.collect::<Vec<_>>(), [("1", 1), ("2", 1), ("2", 2)]);
    }
}
