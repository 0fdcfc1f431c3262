//! Waits: an executor sleeps until the moment that a machine returns, and then polls it again.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use teamwire_core::{
    Error, ErrorKind,
    config::RetryPolicy,
    effect::{Moment, Now},
    executor::Executor,
    machine::{Feed, Machine, Reply, Step, Ticket},
};
use teamwire_sandbox::{RateLimit, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

const WAIT: Duration = Duration::from_millis(300);
/// Maximum number of polls in a wait: two are needed, and an early wake costs one. Without sleep, it is thousands.
const POLLS: u32 = 50;

/// A machine that waits once, and counts how often it is polled.
struct Waits {
    until: Option<Moment>,
    polls: Arc<AtomicU32>,
}

impl Waits {
    fn new() -> (Self, Arc<AtomicU32>) {
        let polls = Arc::<AtomicU32>::default();
        (Self { until: None, polls: Arc::clone(&polls) }, polls)
    }
}

impl Machine for Waits {
    type Event = Infallible;
    /// The requested moment, and that of the poll that ended the wait.
    type Output = (Moment, Moment);

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Self::Output, Error>> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        let until = *self.until.get_or_insert(now.moment.saturating_add(WAIT));
        if now.moment < until { Step::Sleep(until) } else { Step::Done(Ok((until, now.moment))) }
    }

    fn handle(&mut self, _: Now, _: Ticket, _: Reply) {}
}

/// The same, as a feed.
struct WaitingFeed(Waits);

impl Machine for WaitingFeed {
    type Event = Infallible;
    type Output = (Moment, Moment);

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Self::Output, Error>> {
        self.0.poll(now)
    }

    fn handle(&mut self, _: Now, _: Ticket, _: Reply) {}
}

impl Feed for WaitingFeed {
    fn stop(&mut self, _: Now) {}

    fn is_stopped(&self) -> bool {
        false
    }

    fn has_started(&self) -> bool {
        true
    }
}

#[track_caller]
fn was_slept_through(polls: &AtomicU32) {
    let polls = polls.load(Ordering::Relaxed);
    assert!((2..=POLLS).contains(&polls), "the machine was polled {polls} times in one wait");
}

#[executor_test]
pub(crate) fn operation_sleeps_through_a_wait<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let (machine, polls) = Waits::new();
    let (until, ended) = fixture.ok(fixture.client.executor().run(machine));
    assert!(ended >= until, "it ended at {ended:?}");
    was_slept_through(&polls);
}

#[executor_test]
pub(crate) fn feed_sleeps_through_a_wait<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let (machine, polls) = Waits::new();
    let mut events = fixture.client.executor().events(WaitingFeed(machine));
    assert!(H::next(&mut events).is_none(), "the feed ends after its wait");
    was_slept_through(&polls);
}

#[executor_test(protocols)]
fn operation_after_a_rate_limit_waits_whatever_its_policy<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let client = fixture.client(|config| config.with_retry(RetryPolicy::NEVER));
    let post = || H::wait(client.chats().chat(org::LOBBY).post("hello"));
    fixture.sandbox.admin().set_rate_limit(Some(RateLimit { per_second: 1.0, burst: 1 }));
    // The bucket may be refilled between two posts, but not between many.
    let refused = (0..20).find_map(|_| post().err()).expect("there is a limit");
    assert_eq!(refused.kind(), ErrorKind::RateLimited);
    post().expect("it has waited");
}

#[executor_test(protocols)]
fn many_posts_at_once_pass_a_limit<H: Harness>() {
    const POSTS: usize = 30;
    let fixture = Fixture::<H>::new();
    fixture.sandbox.admin().set_rate_limit(Some(RateLimit { per_second: 20.0, burst: 2 }));
    thread::scope(|scope| {
        for number in 0..POSTS {
            let chats = fixture.client.chats();
            scope.spawn(move || {
                H::wait(chats.chat(org::LOBBY).post(format!("post {number}")))
                    .map(drop)
                    .expect("it waits for its turn");
            });
        }
    });
    fixture.sandbox.admin().set_rate_limit(None);
    assert_eq!(fixture.ok(fixture.chat(org::LOBBY).messages(None)).messages.len(), POSTS);
}
