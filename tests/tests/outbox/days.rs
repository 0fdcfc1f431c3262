//! Random days of a bot: outages, gaps, crashes and slow chats, with reactions at any time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use teamwire_async_std::smol::Smol;
use teamwire_blocking::{Outbox, StopHandle};
use teamwire_core::{Client, executor::Portable};
use teamwire_test_support::{Folder, Rng};
use teamwire_testing::{World, org};

use super::{MINUTE, add_alert, open, report};

const DAYS: u64 = 6;
/// Faults and alerts of a day.
const FAULTS: u64 = 12;
const ALERTS: u64 = 8;
/// The last fault is over by then.
const END: Duration = Duration::from_secs(26 * 3_600);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The outbox and the stop handle of the process that runs.
type Process = Arc<Mutex<(Outbox<u32>, StopHandle)>>;

fn start(folder: &Folder, process: &Process) -> (Outbox<u32>, StopHandle) {
    *lock(process) = (open(folder), StopHandle::new());
    lock(process).clone()
}

/// Minutes of a day.
fn minutes(rng: &mut Rng) -> Duration {
    MINUTE * u32::try_from(rng.below(24 * 60)).expect("a day is short")
}

/// Each alert is posted once. Two people may react to it, at once or up to 40 minutes later.
fn plan(world: &World, rng: &mut Rng, process: &Process) -> BTreeMap<String, Vec<(&'static str, Duration)>> {
    let mut reactions = BTreeMap::new();
    for number in 0..ALERTS {
        let key = format!("alarm-{number}");
        let (chat, members) =
            [(org::LOBBY, [org::ANNA, org::BEN]), (org::NOTICES, [org::BEN, org::DAVID])][rng.index(2)];
        let (process, added) = (Arc::clone(process), key.clone());
        world.at(minutes(rng), move |_| add_alert(&lock(&process).0, &added, chat));
        let mut planned = Vec::new();
        for uid in members {
            if rng.below(3) > 0 {
                planned.push((uid, Duration::from_secs(rng.below(8) * rng.below(300))));
            }
        }
        reactions.insert(key, planned);
    }
    let planned = reactions.clone();
    world.whenever_posted(move |world, message| {
        let key = message.text.as_ref().filter(|_| message.alert_type.is_some());
        for (uid, after) in key.and_then(|key| planned.get(key)).into_iter().flatten() {
            let (tid, mid, uid) = (message.tid.clone(), message.mid.clone(), *uid);
            world.after(*after, move |world| {
                world.act(uid, |person| person.react(&tid, &mid, "ok")).expect("the chat is open");
            });
        }
    });
    for _ in 0..FAULTS {
        let (time, length, process) =
            (minutes(rng), MINUTE * (1 + u32::try_from(rng.below(40)).expect("it is small")), Arc::clone(process));
        let chat = [org::LOBBY, org::NOTICES][rng.index(2)];
        // With the first, the server acts on a request before its timeout, but its response is late.
        let latency = Duration::from_secs([12, 3_600][rng.index(2)]);
        match rng.below(5) {
            0 => world.at(time, move |world| world.down_for(length)),
            1 => world.at(time, |world| world.administer(|server, _| server.expire_cursors())),
            2 => world.at(time, |world| world.administer(teamwire_sandbox::world::World::expire_leases)),
            3 => world.at(time, move |_| lock(&process).1.stop()),
            _ => world.at(time, move |world| {
                world.latency_in(chat, latency);
                world.after(length, move |world| world.latency_in(chat, Duration::ZERO));
            }),
        }
    }
    reactions
}

/// Runs one process after the other, until the end.
async fn live<X: Portable>(world: &World, client: Client<X>, folder: &Folder, process: &Process) {
    let ending = Arc::clone(process);
    world.at(END, move |_| lock(&ending).1.stop());
    // Some posts are followed by a crash, before the bot knows their ids.
    let (crashes, crashing) = (Mutex::new(0), Arc::clone(process));
    world.whenever_posted(move |_, _| {
        *lock(&crashes) += 1;
        if *lock(&crashes) % 5 == 0 {
            lock(&crashing).1.stop();
        }
    });
    while world.elapsed() < END {
        let (outbox, stop) = lock(process).clone();
        X::wait(outbox.follow(&client.stopped_by(&stop), report)).await.expect("it is stopped");
        start(folder, process);
    }
}

/// Each alert is posted once, each reaction is reported once, and an alert is due if nobody has reacted in time.
fn check(world: &World, seed: u64, reactions: &BTreeMap<String, Vec<(&'static str, Duration)>>) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for text in [org::LOBBY, org::NOTICES].into_iter().flat_map(|chat| world.texts(chat)).flatten() {
        *counts.entry(text).or_default() += 1;
    }
    let (mut expected, mut optional) = (0, 0);
    let mut has_once = |text: String| {
        expected += 1;
        assert_eq!(counts.get(&text), Some(&1), "seed {seed}, {text}: {counts:#?}");
    };
    for (key, reactions) in reactions {
        has_once(key.clone());
        for (uid, _) in reactions {
            let name = BTreeMap::from([(org::ANNA, "Anna"), (org::BEN, "Ben"), (org::DAVID, "David")])[uid];
            has_once(format!("{key}: {name} ok"));
        }
        let due = format!("{key}: no reaction");
        match reactions.iter().map(|(_, after)| *after).min() {
            // It would be due only if the post itself took so long, as reactions are counted from its first attempt.
            Some(first) if first < MINUTE * 10 => assert_eq!(counts.get(&due), None, "seed {seed}, {due}"),
            None => has_once(due),
            Some(_) => optional += counts.get(&due).copied().unwrap_or_default(),
        }
    }
    assert_eq!(counts.values().sum::<usize>(), expected + optional, "seed {seed}: {counts:#?}");
}

#[test]
fn every_reaction_is_reported_once_whatever_happens() {
    for seed in 0..DAYS {
        for is_async in [false, true] {
            let (world, folder, mut rng) = (World::new(seed), Folder::new(), Rng::new(seed));
            let process: Process = Arc::new(Mutex::new((open(&folder), StopHandle::new())));
            let reactions = plan(&world, &mut rng, &process);
            if is_async {
                world.run(live(&world, world.client::<Smol>(), &folder, &process));
            } else {
                teamwire_blocking::block_on(live(&world, world.blocking(), &folder, &process));
            }
            check(&world, seed, &reactions);
        }
    }
}
