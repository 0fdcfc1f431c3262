//! The changes of claims, as the observers of the clients receive them.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use teamwire_core::{
    effect::Now,
    observe::{ClaimState, Observation, Observer},
};
use teamwire_sandbox::org;
use teamwire_tests::{executor_test, harness::Blocking};

use crate::bots::{HANGS, LONG, Replicates, SOON, World};

const SHORT: Duration = Duration::from_millis(1_500);

/// The changes that the observers have received, by the names of their bots. Failures in a row are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims(Arc<(Mutex<Changes>, Condvar)>);

type Changes = Vec<(&'static str, String)>;

impl Claims {
    /// Returns the observer of a bot.
    pub(crate) fn observer(&self, name: &'static str) -> impl Observer + use<> {
        let claims = self.clone();
        move |_: Now, observation: &Observation<'_>| {
            let Observation::Claim { feed, state } = observation else { return };
            let change = match state {
                ClaimState::Held { tries, .. } => format!("{feed}: held, try {tries}"),
                ClaimState::Released { is_unfinished, .. } => format!("{feed}: released, unfinished: {is_unfinished}"),
                ClaimState::Lost { .. } => format!("{feed}: lost"),
                ClaimState::StoreUnavailable { error, .. } => format!("{feed}: unavailable: {error}"),
                ClaimState::StoreAvailable => format!("{feed}: available"),
                ClaimState::Failed { error } => format!("{feed}: failed: {:?}", error.kind()),
                _ => panic!("there is no other state: {state:?}"),
            };
            let (changes, changed) = &*claims.0;
            let mut changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
            if of(&changes, name).last() != Some(&change) {
                changes.push((name, change));
            }
            changed.notify_all();
        }
    }

    /// Returns the changes of a bot.
    fn of(&self, name: &str) -> Vec<String> {
        of(&self.0.0.lock().unwrap_or_else(PoisonError::into_inner), name)
    }

    /// Waits until the observer of a bot has received these changes, and no others.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str, expected: &[&str]) {
        let (changes, changed) = &*self.0;
        let changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_missing = |changes: &mut Changes| of(changes, name).len() < expected.len();
        drop(changed.wait_timeout_while(changes, SOON, is_missing).unwrap_or_else(PoisonError::into_inner));
        assert_eq!(self.of(name), expected, "{name}");
    }
}

fn of(changes: &Changes, name: &str) -> Vec<String> {
    changes.iter().filter(|(of, _)| *of == name).map(|(_, change)| change.clone()).collect()
}

#[executor_test(adapters)]
fn observer_receives_the_claims_of_its_client<H: Replicates>() {
    let world = World::new();
    let first = world.start::<H>("a", 1, SHORT, LONG);
    world.wait_for_start();
    let (held, unavailable) = ("all_messages: held, try 1", "all_messages: unavailable: the connection is cut");
    let (available, lost) = ("all_messages: available", "all_messages: lost");
    let released = "all_messages: released, unfinished: false";
    world.claims.wait_for("a", &[held]);
    first.cut(true);
    world.claims.wait_for("a", &[held, unavailable]);
    first.cut(false);
    world.claims.wait_for("a", &[held, unavailable, available]);
    first.cut(true);
    let second = world.start::<Blocking>("b", 1, SHORT, LONG);
    world.claims.wait_for("b", &["all_messages: held, try 2"]);
    first.cut(false);
    world.claims.wait_for("a", &[held, unavailable, available, unavailable, available, lost]);
    // The second bot saves its progress, so that the next try is the first one again.
    world.say(org::LOBBY, "progress");
    world.wait_for("progress");
    second.stop().expect("it has followed the feed");
    world.claims.wait_for("b", &["all_messages: held, try 2", released]);
    world.claims.wait_for("a", &[held, unavailable, available, unavailable, available, lost, held]);
    first.stop().expect("it has followed the feed");
}

#[executor_test(adapters)]
fn observer_receives_what_ends_the_feed<H: Replicates>() {
    let mut world = World::new();
    let bot = world.start::<H>("a", 4, SHORT, LONG);
    world.wait_for_start();
    world.wipe();
    bot.join().expect_err("its store is empty");
    let mut changes = world.claims.of("a");
    // A call may fail while the store is being emptied.
    changes.retain(|change| !change.contains("available"));
    assert_eq!(changes, ["all_messages: held, try 1", "all_messages: lost", "all_messages: failed: Store"]);
}

#[executor_test(adapters)]
fn observer_receives_that_a_hanging_handler_costs_the_claim<H: Replicates>() {
    let world = World::new();
    let bot = world.start::<H>("a", 4, LONG, SHORT);
    world.wait_for_start();
    world.say(org::LOBBY, HANGS);
    world.claims.wait_for("a", &["all_messages: held, try 1", "all_messages: released, unfinished: true"]);
    world.release();
    bot.stop().expect("it has followed the feed");
}
