//! Properties of replicas in worlds with faults.

use std::time::Duration;

use crate::{
    network::Faults,
    world::{LEASE, World},
};

const SECOND: Duration = Duration::from_secs(1);
/// Time within which a dead member's feeds are served again.
const TAKE_OVER: Duration = Duration::from_secs(5);

fn world(seed: u64, feeds: usize, processes: usize) -> World {
    let mut world = World::new(seed, feeds);
    for _ in 0..processes {
        world.start();
    }
    world.run_until(TAKE_OVER, "every feed is served", World::is_served);
    world
}

#[test]
fn every_event_is_handled_in_order_whatever_fails() {
    let seeds: usize = std::env::var("TEAMWIRE_SEEDS").ok().and_then(|it| it.parse().ok()).unwrap_or(60);
    let (mut resumes, mut repeats) = (0, 0);
    for seed in 0..seeds {
        let feeds = 1 + seed % 4;
        let mut world = world(seed as u64, feeds, 3);
        world.faults = Faults { lost: 5, unanswered: 5, late: 3 };
        world.backend.hanging = 5;
        // A clock of the store that is set forward makes leases expire early: see the promises.
        world.is_exclusive = seed % 2 == 0;
        for _ in 0..40 {
            let index = world.random.index(world.processes.len());
            match world.random.below(8) {
                0 => {
                    world.kill(index);
                    world.start();
                }
                1 => world.processes[index].replica.leave(),
                2 => world.processes[index].paused_until = world.time + LEASE * 2,
                3 => {
                    // An outage of the store.
                    let faults = std::mem::replace(&mut world.faults, Faults { lost: 100, ..Faults::default() });
                    world.run(LEASE);
                    world.faults = faults;
                }
                4 if !world.is_exclusive => world.set_store_clock(|now| now + 60_000_000),
                5 => world.set_store_clock(|now| now - 60_000_000),
                _ => {}
            }
            for _ in 0..5 {
                world.post();
            }
            let time = Duration::from_millis(world.random.below(2_000));
            world.run(time);
            let time = world.time;
            for index in (0..world.processes.len()).rev() {
                if world.processes[index].has_left(time) {
                    world.kill(index);
                    world.start();
                }
            }
        }
        world.faults = Faults::default();
        world.backend.hanging = 0;
        world.run_until(60 * SECOND, &format!("seed {seed}: everything is handled"), World::is_complete);
        resumes += world.backend.resumes;
        repeats += world.backend.repeats;
    }
    // Otherwise the faults are too harmless.
    assert!(resumes > 10 * seeds && repeats > seeds, "{resumes} claims and {repeats} repeats");
}

#[test]
fn dead_process_is_replaced_within_its_lease_and_two_seconds() {
    for seed in 0..20 {
        let mut world = world(seed, 1, 3);
        let holder = world.shares().iter().position(|feeds| *feeds == 1).expect("one of them serves it");
        world.kill(holder);
        world.run_until(LEASE + 2 * SECOND, "another takes over", World::is_served);
    }
}

#[test]
fn process_that_leaves_is_replaced_within_a_second() {
    for seed in 0..20 {
        let mut world = world(seed, 1, 2);
        let holder = world.shares().iter().position(|feeds| *feeds == 1).expect("one of them serves it");
        world.processes[holder].replica.leave();
        world.run_until(SECOND, "the other takes over", |world| world.shares()[1 - holder] == 1);
    }
}

#[test]
fn paused_process_hands_nothing_out_until_the_store_has_confirmed_its_claim() {
    let mut world = world(1, 1, 2);
    let holder = world.shares().iter().position(|feeds| *feeds == 1).expect("one of them serves it");
    world.processes[holder].paused_until = world.time + LEASE * 2;
    world.run(LEASE * 2);
    assert_eq!(world.shares()[holder], 0);
    world.run(LEASE);
    assert_eq!((world.shares()[holder], world.shares()[1 - holder]), (0, 1), "the other keeps it");
}

#[test]
fn nothing_is_handed_out_while_the_store_is_away() {
    let mut world = world(2, 3, 1);
    world.faults.lost = 100;
    world.run_until(LEASE * 2 / 3 + Duration::from_millis(50), "it stops", |world| world.shares() == [0]);
    world.run(10 * LEASE);
    assert_eq!(world.shares(), [0]);
    world.faults.lost = 0;
    world.run_until(LEASE, "it continues", World::is_served);
}

#[test]
fn feeds_are_shared_and_few_of_them_move() {
    let mut world = world(3, 30, 3);
    world.run(2 * LEASE);
    assert_eq!(world.shares(), [10, 10, 10]);
    world.start();
    let before = world.backend.resumes;
    world.run(3 * LEASE);
    let mut shares = world.shares();
    shares.sort_unstable();
    assert_eq!(shares, [7, 7, 8, 8]);
    assert_eq!(world.backend.resumes - before, 7, "only those of the new process have moved");
    world.run(10 * LEASE);
    assert_eq!(world.backend.resumes - before, 7, "nothing moves without a reason");
    let moved = world.backend.resumes + world.shares()[0];
    world.kill(0);
    world.run(3 * LEASE);
    assert_eq!(world.shares(), [10, 10, 10]);
    assert_eq!(world.backend.resumes, moved, "only those of the dead process have moved");
}

#[test]
fn lost_responses_to_claims_give_no_member_more_than_its_share() {
    for seed in 0..10 {
        let mut world = World::new(seed, 30);
        world.faults = Faults { unanswered: 60, ..Faults::default() };
        for _ in 0..3 {
            world.start();
        }
        world.run(4 * LEASE);
        world.faults = Faults::default();
        world.run(3 * LEASE);
        assert_eq!(world.shares().iter().sum::<usize>(), 30, "{:?}", world.shares());
        assert!(world.shares().iter().all(|feeds| *feeds <= 12), "{:?}", world.shares());
    }
}

#[test]
fn thousands_of_feeds_are_shared_with_few_calls() {
    let mut world = World::new(4, 600);
    // That takes long with so many feeds, and the other tests do it.
    (world.is_exclusive, world.step) = (false, Duration::from_millis(100));
    for _ in 0..3 {
        world.start();
    }
    world.run(8 * SECOND);
    assert!(world.is_served(), "all are shared out: {:?}", world.shares());
    world.run(4 * LEASE);
    let mut shares = world.shares();
    shares.sort_unstable();
    assert_eq!(shares, [200, 200, 200]);
    world.backend.take_calls();
    world.run(20 * SECOND);
    let calls = world.backend.take_calls();
    assert!(calls < 200, "{calls} calls in twenty seconds without events");
}
