use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join;
use teamwire_blocking::{ErrorKind, FeedEvent, FeedOptions, StopHandle};
use teamwire_testing::{World, org};

use crate::{MINUTE, SECOND, client};

#[test]
fn scheduled_actions_happen_in_order_while_the_bot_waits() {
    let world = World::new(1);
    let log = Arc::new(Mutex::new(Vec::new()));
    for (time, name) in [(2, "b"), (1, "a"), (2, "c"), (9, "d")] {
        let log = Arc::clone(&log);
        world.at(SECOND * time, move |world| log.lock().unwrap().push((world.elapsed(), name)));
    }
    world.blocking().sleep(SECOND * 5).unwrap();
    assert_eq!(*log.lock().unwrap(), [(SECOND, "a"), (SECOND * 2, "b"), (SECOND * 2, "c")]);
    assert_eq!(world.elapsed(), SECOND * 5);
    world.run(client(&world).sleep(SECOND * 5)).unwrap();
    assert_eq!(log.lock().unwrap().last(), Some(&(SECOND * 9, "d")));
    assert_eq!(world.elapsed(), SECOND * 10);
}

#[test]
fn scheduled_actions_that_are_due_come_before_the_first_request() {
    let titles = |act: fn(&World) -> String| {
        let world = World::new(1);
        world.at(Duration::ZERO, |world| {
            world.act(org::ANNA, |anna| anna.rename(org::LOBBY, "Hall")).unwrap();
        });
        act(&world)
    };
    assert_eq!(titles(|world| world.blocking().chats().chat(org::LOBBY).get().unwrap().title().to_owned()), "Hall");
    assert_eq!(
        titles(|world| {
            let client = client(world);
            world.run(client.chats().chat(org::LOBBY).get()).unwrap().title().to_owned()
        }),
        "Hall"
    );
}

#[test]
fn scheduled_action_can_use_a_client_and_others() {
    let world = World::new(1);
    let bot = world.blocking();
    world.at(SECOND, move |world| {
        bot.sleep(SECOND * 2).unwrap();
        bot.chats().chat(org::LOBBY).post("from an action").unwrap();
        let client = client(world);
        world.run(client.chats().chat(org::LOBBY).post("from its run")).unwrap();
        world.after(SECOND, |world| world.act(org::ANNA, |anna| anna.post(org::LOBBY, "from Anna").map(drop)).unwrap());
    });
    world.blocking().sleep(SECOND * 10).unwrap();
    let texts: Vec<_> = world.texts(org::LOBBY).into_iter().flatten().collect();
    assert_eq!(texts, ["from an action", "from its run", "from Anna"]);
    assert_eq!(world.elapsed(), SECOND * 10);
}

#[test]
fn people_are_noticed_at_once_by_long_polls() {
    let world = World::new(1);
    world.at(MINUTE, |world| drop(world.act(org::ANNA, |anna| anna.post(org::LOBBY, "now"))));
    let mut events = world.blocking().chats().new_messages(FeedOptions::from_now());
    let text = events.find_map(|event| match event.unwrap() {
        FeedEvent::Update { item, .. } => item.text,
        _ => None,
    });
    assert_eq!((text.as_deref(), world.elapsed()), (Some("now"), MINUTE));
}

#[test]
fn people_can_act_in_a_joined_future() {
    let world = World::new(1);
    let (bot, clock) = (client(&world), client(&world));
    let follow = async {
        let mut events = bot.chats().new_messages(FeedOptions::from_now());
        while let Some(event) = events.next().await {
            if let FeedEvent::Update { item, .. } = event.unwrap() {
                return (item.text, world.elapsed());
            }
        }
        panic!("the feed has ended");
    };
    let act = async {
        clock.sleep(MINUTE * 3).await.unwrap();
        world.act(org::BEN, |ben| ben.post(org::NOTICES, "from Ben")).unwrap();
    };
    let ((text, at), ()) = world.run(join(follow, act));
    assert_eq!((text.as_deref(), at), (Some("from Ben"), MINUTE * 3));
}

#[test]
fn stop_ends_waits_at_its_time() {
    for is_async in [false, true] {
        let (world, stop) = (World::new(1), StopHandle::new());
        let end = stop.clone();
        world.at(SECOND * 7, move |_| end.stop());
        let result = if is_async {
            world.run(client(&world).stopped_by(&stop).sleep(MINUTE))
        } else {
            world.blocking().stopped_by(&stop).sleep(MINUTE)
        };
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(world.elapsed(), SECOND * 7);
    }
}

#[test]
fn latency_is_the_time_of_a_request() {
    for is_async in [false, true] {
        let world = World::new(1);
        world.latency(SECOND);
        if is_async {
            world.run(client(&world).contacts().me()).unwrap();
        } else {
            world.blocking().contacts().me().unwrap();
        }
        assert_eq!(world.elapsed(), SECOND);
    }
}

#[test]
fn feeds_are_driven_without_threads() {
    let world = World::new(1);
    let bot = world.blocking();
    let mut set = teamwire_blocking::FeedSet::new();
    for tid in [org::LOBBY, org::NOTICES] {
        set.insert(tid, bot.chats().chat(tid).new_messages(FeedOptions::from_now()).into_feed());
    }
    world.at(MINUTE, |world| drop(world.act(org::BEN, |ben| ben.post(org::NOTICES, "one"))));
    world.at(MINUTE * 2, |world| drop(world.act(org::BEN, |ben| ben.post(org::LOBBY, "two"))));
    let mut seen = Vec::new();
    for (tid, event) in bot.executor().drive(set, 1).unwrap() {
        if let teamwire_blocking::feed::FeedSetEvent::Event(FeedEvent::Update { item, .. }) = event {
            seen.push((tid, item.text.unwrap(), world.elapsed()));
        }
        if seen.len() == 2 {
            break;
        }
    }
    assert_eq!(seen, [(org::NOTICES, "one".into(), MINUTE), (org::LOBBY, "two".into(), MINUTE * 2)]);
}
