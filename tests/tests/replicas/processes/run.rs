//! A run: faults, one after the other, while messages are posted.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use super::{
    checks,
    faults::{self, Fault, Who},
    records::{Record, now},
    relay::Network,
    replica::LEASE,
    stores::Store,
    world::World,
};

/// Messages that are posted before, and during a fault.
const BEFORE: usize = 12;
const DURING: usize = 8;
/// Longer than the lease.
const LONG: Duration = LEASE.saturating_mul(3).checked_div(2).expect("it is not zero");
/// Time of an outage of the backend, in which several polls and posts fail.
const OUTAGE: Duration = Duration::from_millis(300);

/// Runs replicas on a store with this number of faults, and checks all that has happened.
pub(super) fn run(test: &'static str, seed: u64, count: usize, store: Store) {
    let begun = Instant::now();
    let is_redis = store.is_redis();
    let mut world = World::start(test, seed, store);
    for fault in faults::draw(&mut world.random, count, is_redis) {
        world.post(BEFORE);
        // At any point of their handling.
        let handled = world.posted.len() - world.random.index(BEFORE + 1);
        world.wait_for_handled(handled);
        world.faults.push((now(), fault));
        apply(&mut world, fault);
        world.wait_for_all();
    }
    checks::wait_for_checkpoint(&mut world);
    world.stop();
    let repeats = checks::check(&world);
    let report = format!(
        "{test}: {} messages, {count} faults, {repeats} repeats in {:?}; take-over {}; after a release {}\n",
        world.posted.len(),
        begun.elapsed(),
        checks::summary(&world.takeovers.after_failures),
        checks::summary(&world.takeovers.after_releases),
    );
    // Not by a macro, whose output is not shown for tests that pass.
    drop(io::stderr().write_all(report.as_bytes()));
}

fn apply(world: &mut World, fault: Fault) {
    match fault {
        Fault::Kill(who) => during(world, who, |world, number| world.kill(&[number]), |_, _| {}),
        Fault::KillAll => {
            world.kill(&[0, 1, 2]);
            world.post(DURING);
        }
        Fault::Pause(who) => {
            during(
                world,
                who,
                |world, number| world.signal(number, "STOP"),
                |world, number| {
                    world.signal(number, "CONT");
                },
            );
        }
        Fault::Cut(who) => cut(world, who, Network::Cut),
        Fault::Silence(who) => cut(world, who, Network::Silent),
        Fault::Release(who) => {
            let number = world.choose(who);
            release(world, number);
            world.post(DURING);
        }
        Fault::Roll => {
            for number in 0..world.replicas.len() {
                release(world, number);
                world.post(DURING / world.replicas.len());
            }
        }
        Fault::StoreAway => {
            world.store.set_available(false);
            world.post(DURING);
            pass(world, LONG);
            world.store.set_available(true);
        }
        Fault::StoreAwayAndKill(who) => {
            world.store.set_available(false);
            world.post(DURING);
            let number = world.choose(who);
            world.kill(&[number]);
            pass(world, LONG);
            world.store.set_available(true);
        }
        Fault::StoreRestart => {
            world.post(DURING);
            world.store.restart();
        }
        Fault::FailOver => {
            world.store.replicate();
            let saves =
                |world: &World| world.lines.iter().filter(|line| matches!(line.record, Record::Saved { .. })).count();
            let before = saves(world);
            world.post(DURING);
            world.wait_until("a save that the copy lacks", |world| saves(world) > before);
            let begun = now();
            world.store.fail_over();
            world.failovers.push((begun, now()));
        }
        Fault::Outage => {
            world.sandbox.faults().set_down(true);
            world.post(DURING);
            pass(world, OUTAGE);
            world.sandbox.faults().set_down(false);
        }
    }
}

/// Lets a fault of a replica last until another one has taken over, if it is the one that holds the feed. Otherwise,
/// the others are not affected.
fn during(world: &mut World, who: Who, begin: impl FnOnce(&mut World, usize), end: impl FnOnce(&mut World, usize)) {
    let number = world.choose(who);
    let (name, since) = (world.name(number), now());
    begin(world, number);
    world.post(DURING);
    match who {
        Who::Holder => {
            let time = world.wait_for_another(&name, since);
            world.takeovers.after_failures.push(time);
        }
        Who::Other => world.wait_for_all(),
    }
    end(world, number);
}

fn cut(world: &mut World, who: Who, network: Network) {
    let restore = |world: &mut World, number| world.store.set_network(number, Network::Works);
    during(world, who, |world, number| world.store.set_network(number, network), restore);
}

/// Stops a replica gracefully, and starts it again.
fn release(world: &mut World, number: usize) {
    let is_holder = world.choose(Who::Holder) == number;
    let (name, since) = (world.name(number), now());
    world.restart(number);
    if is_holder {
        let time = world.wait_for_another(&name, since);
        world.takeovers.after_releases.push(time);
    }
}

/// Lets time pass.
fn pass(world: &mut World, time: Duration) {
    let begun = Instant::now();
    world.wait_until("time passes", |_| begun.elapsed() >= time);
}
