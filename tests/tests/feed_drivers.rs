//! Many feeds at once, over real sockets: however they are stopped, each ends, soon, and says farewell.
//!
//! The sandbox's clock is held, so that no long poll comes to an end by itself; and no request times out before a test has
//! failed.

use std::{
    collections::BTreeMap,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Config, Credentials, Delivery, End, FeedEvent, FeedSet, Follow, Poller, Reaction, RetryPolicy, Script, Timeouts,
    script::{Answer, Expect, sample},
};
use teamwire_sandbox::{Fault, Rule, Sandbox};

const UNSUBSCRIBE: &str = "DELETE /v1/reactions/subscriptions/{id}";
/// Longer than anything here takes, and shorter than any timeout.
const SOON: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3_600);

type Feed = Poller<Reaction>;
type Delivered = (usize, Delivery<FeedEvent<Reaction>, End>);

/// What either adapter has for many feeds.
trait Drives: Send + 'static {
    fn over(config: Config, threads: usize) -> Self;
    fn by(script: &Script) -> Self;
    fn feed(&self) -> Feed;
    fn insert(&mut self, key: usize, feed: Feed) -> Option<Feed>;
    fn stop(&mut self, key: usize);
    fn stopper(&self) -> Box<dyn Fn() + Send + Sync>;
    fn next(&mut self) -> Option<Delivered>;
}

struct Threads {
    client: teamwire_blocking::Client,
    drive: teamwire_blocking::FeedDriver<usize, Feed>,
}

impl Threads {
    fn new(client: teamwire_blocking::Client, threads: usize) -> Self {
        let drive = client.executor().drive(FeedSet::new(), threads).expect("a few threads");
        Self { client, drive }
    }
}

impl Drives for Threads {
    fn over(config: Config, threads: usize) -> Self {
        Self::new(teamwire_blocking::client(config).expect("the options are fine"), threads)
    }

    fn by(script: &Script) -> Self {
        Self::new(teamwire_blocking::scripted(script), 1)
    }

    fn feed(&self) -> Feed {
        self.client.chats().reaction_updates(Follow::from_now()).into_feed()
    }

    fn insert(&mut self, key: usize, feed: Feed) -> Option<Feed> {
        self.drive.insert(key, feed)
    }

    fn stop(&mut self, key: usize) {
        self.drive.stop(&key);
    }

    fn stopper(&self) -> Box<dyn Fn() + Send + Sync> {
        let stop_handle = self.drive.stop_handle();
        Box::new(move || stop_handle.stop())
    }

    fn next(&mut self) -> Option<Delivered> {
        self.drive.next()
    }
}

struct Task {
    client: teamwire_async_std::Client,
    drive: teamwire_async_std::FeedDriver<usize, Feed>,
}

impl Task {
    fn new(client: teamwire_async_std::Client) -> Self {
        let drive = client.executor().drive(FeedSet::new());
        Self { client, drive }
    }
}

impl Drives for Task {
    fn over(config: Config, _: usize) -> Self {
        Self::new(teamwire_async_std::client(config).expect("the options are fine"))
    }

    fn by(script: &Script) -> Self {
        Self::new(teamwire_async_std::scripted(script))
    }

    fn feed(&self) -> Feed {
        self.client.chats().reaction_updates(Follow::from_now()).into_feed()
    }

    fn insert(&mut self, key: usize, feed: Feed) -> Option<Feed> {
        self.drive.insert(key, feed)
    }

    fn stop(&mut self, key: usize) {
        self.drive.stop(&key);
    }

    fn stopper(&self) -> Box<dyn Fn() + Send + Sync> {
        let stop_handle = self.drive.stop_handle();
        Box::new(move || stop_handle.stop())
    }

    fn next(&mut self) -> Option<Delivered> {
        async_std::task::block_on(self.drive.next())
    }
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("loopback has a free port");
    sandbox.clock().pause();
    sandbox
}

fn config(sandbox: &Sandbox) -> Config {
    let credentials = Credentials::new(sandbox.app_id(), sandbox.secret()).expect("a sandbox gives a good key");
    let timeouts = Timeouts { default: HOUR, long: HOUR, assets: HOUR };
    let config = Config::new(&sandbox.url(), credentials).expect("a sandbox is on loopback");
    config.with_timeouts(timeouts).with_retry(RetryPolicy::NEVER)
}

/// So many feeds, all of which have begun.
fn started<D: Drives>(sandbox: &Sandbox, feeds: usize, threads: usize) -> D {
    let mut drive = D::over(config(sandbox), threads);
    for key in 0..feeds {
        assert!(drive.insert(key, drive.feed()).is_none());
    }
    for _ in 0..feeds {
        let (key, delivery) = drive.next().expect("it goes on");
        assert!(matches!(delivery, Delivery::Event(FeedEvent::Started(_))), "{key}: {delivery:?}");
    }
    drive
}

/// Does this, and fails if that takes for ever.
fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || tell.send(work()));
    match told.recv_timeout(SOON) {
        Ok(done) => done,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{:?}", thread.join()),
    }
}

#[track_caller]
fn wait_until(sandbox: &Sandbox, what: &str, is_so: impl Fn(&Sandbox) -> bool) {
    assert!(sandbox.wait_until(SOON, is_so), "{what}");
}

/// How often each feed ends, to the end of all.
fn ends(drive: &mut impl Drives) -> BTreeMap<usize, usize> {
    let mut ends = BTreeMap::new();
    while let Some((key, delivery)) = drive.next() {
        match delivery {
            Delivery::Ended(result) => {
                assert_eq!(result.expect("no error"), End::Stopped, "{key}");
                *ends.entry(key).or_default() += 1;
            }
            other => panic!("{key}: {other:?}"),
        }
    }
    ends
}

fn one_end_each(feeds: usize) -> BTreeMap<usize, usize> {
    (0..feeds).map(|key| (key, 1)).collect()
}

fn all_are_stopped_while_one_is_being_stopped<D: Drives>() {
    for (feeds, threads) in [(2, 8), (5, 1), (5, 2)] {
        soon(move || {
            let sandbox = sandbox();
            sandbox.faults().add(Rule::new(Fault::Delay(HOUR)).method("DELETE"));
            let mut drive: D = started(&sandbox, feeds, threads);
            let stop_all = drive.stopper();
            drive.stop(0);
            let ends = thread::scope(|scope| {
                scope.spawn(|| {
                    wait_until(&sandbox, "one farewell", |sandbox| sandbox.received_count(UNSUBSCRIBE) == 1);
                    stop_all();
                    sandbox.clock().advance(HOUR);
                });
                ends(&mut drive)
            });
            assert_eq!(ends, one_end_each(feeds), "{threads} threads");
        });
    }
}

fn one_is_stopped_again_as_its_farewell_fails<D: Drives>() {
    soon(|| {
        let sandbox = sandbox();
        sandbox.faults().add(Rule::new(Fault::Delay(HOUR)).method("DELETE"));
        let mut drive: D = started(&sandbox, 1, 2);
        drive.stop(0);
        // While this one begins, the other one's farewell is sent.
        drive.insert(1, drive.feed());
        let mut delivered = vec![drive.next().expect("there are two")];
        wait_until(&sandbox, "a farewell", |sandbox| sandbox.received_count(UNSUBSCRIBE) == 1);
        sandbox.faults().set_down(true);
        wait_until(&sandbox, "no connection is kept", |sandbox| sandbox.connections().open == 0);
        drive.stop(0);
        drive.stop(1);
        delivered.extend(std::iter::from_fn(|| drive.next()));
        let ended = |key| move |it: &&Delivered| it.0 == key && matches!(it.1, Delivery::Ended(Ok(End::Stopped)));
        for key in [0, 1] {
            assert_eq!(delivered.iter().filter(ended(key)).count(), 1, "{key}: {delivered:?}");
        }
    });
}

fn one_is_stopped_while_every_thread_waits_for_others<D: Drives>() {
    soon(|| {
        let sandbox = sandbox();
        let mut drive: D = started(&sandbox, 3, 1);
        drive.stop(2);
        let (key, delivery) = drive.next().expect("it goes on");
        assert!(matches!((key, &delivery), (2, Delivery::Ended(Ok(End::Stopped)))), "{key}: {delivery:?}");
        assert_eq!(sandbox.handled_count(UNSUBSCRIBE), 1);
        drive.stopper()();
        assert_eq!(ends(&mut drive), one_end_each(2));
    });
}

fn many_end_within_a_second_though_the_server_is_mute<D: Drives>() {
    const FEEDS: usize = 100;
    let (took, ends) = soon(|| {
        let sandbox = sandbox();
        let mut drive: D = started(&sandbox, FEEDS, 2);
        sandbox.faults().add(Rule::new(Fault::NoResponse).method("DELETE").always());
        let stopped = Instant::now();
        drive.stopper()();
        let ends = ends(&mut drive);
        (stopped.elapsed(), ends)
    });
    assert_eq!(ends, one_end_each(FEEDS));
    // A second, and some for a machine that is busy with other tests.
    assert!(took < Duration::from_secs(5), "{took:?}");
}

fn one_that_takes_the_place_of_one_that_was_stopped_is_not_stopped<D: Drives>() {
    soon(|| {
        let sandbox = sandbox();
        let mut drive: D = started(&sandbox, 2, 4);
        drive.stop(0);
        assert!(drive.insert(0, drive.feed()).is_some(), "it had not ended");
        let (key, delivery) = drive.next().expect("it goes on");
        assert!(matches!((key, &delivery), (0, Delivery::Event(FeedEvent::Started(_)))), "{key}: {delivery:?}");
        drive.stopper()();
        assert_eq!(ends(&mut drive), one_end_each(2));
    });
}

fn one_that_comes_after_the_end_is_sent_away<D: Drives>() {
    soon(|| {
        let sandbox = sandbox();
        let mut drive: D = started(&sandbox, 2, 2);
        drive.stopper()();
        assert!(drive.insert(2, drive.feed()).is_none());
        let mut ended = ends(&mut drive);
        for key in [3, 4] {
            drive.insert(key, drive.feed());
            ended.append(&mut ends(&mut drive));
        }
        assert_eq!(ended, one_end_each(5));
        assert!(sandbox.received_count(UNSUBSCRIBE) <= 2, "only those that had begun");
    });
}

fn dropped_in_the_middle_nothing_is_left_waiting<D: Drives>() {
    for stops_one in [false, true] {
        soon(move || {
            let sandbox = sandbox();
            sandbox.faults().add(Rule::new(Fault::Delay(HOUR)).method("DELETE"));
            let mut drive: D = started(&sandbox, 4, 8);
            if stops_one {
                drive.stop(0);
            }
            // All others are asked for something before the new one has begun.
            drive.insert(4, drive.feed());
            drive.next().expect("it begins");
            drop(drive);
            sandbox.clock().advance(HOUR);
            wait_until(&sandbox, "no poll waits", |sandbox| sandbox.pending_polls() == 0);
            wait_until(&sandbox, "no connection is kept", |sandbox| sandbox.connections().open == 0);
        });
    }
}

fn a_script_plays_many<D: Drives>() {
    let subscribe = |id: &str| {
        let lease = format!(r#"{{ "id": "{id}", "cursor": "0" }}"#);
        (Expect::put("/v1/reactions/subscriptions"), Answer::json(201, sample::json(&lease)))
    };
    let ((put, first), (put_again, second)) = (subscribe("s1"), subscribe("s2"));
    let script = Script::new()
        .then(put, first)
        .then(put_again, second)
        .then(Expect::get("/v1/reactions/updates"), Answer::problem(503, "server").retry_after(30))
        .then(Expect::delete("/v1/reactions/subscriptions/s2"), Answer::status(204));
    let mut drive = D::by(&script);
    drive.insert(1, drive.feed());
    drive.insert(2, drive.feed());
    let mut told = Vec::new();
    while let Some((key, delivery)) = drive.next() {
        let what = match delivery {
            Delivery::Event(FeedEvent::Started(_)) => "started",
            Delivery::Event(FeedEvent::Trouble(_)) => "trouble",
            Delivery::Ended(Ok(End::Stopped)) => "stopped",
            other => panic!("{other:?}"),
        };
        if (key, what) == (2, "started") {
            drive.stop(2);
        }
        told.push((key, what));
    }
    told.sort_unstable();
    assert_eq!(told, [(1, "started"), (1, "trouble"), (2, "started"), (2, "stopped")], "it ends where the script does");
    script.assert_done();
}

macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        mod threads {
            $(#[test] fn $test() { super::$test::<super::Threads>(); })*
        }
        mod task {
            $(#[test] fn $test() { super::$test::<super::Task>(); })*
        }
    };
}

on_both! {
    all_are_stopped_while_one_is_being_stopped,
    one_is_stopped_again_as_its_farewell_fails,
    one_is_stopped_while_every_thread_waits_for_others,
    many_end_within_a_second_though_the_server_is_mute,
    one_that_takes_the_place_of_one_that_was_stopped_is_not_stopped,
    one_that_comes_after_the_end_is_sent_away,
    dropped_in_the_middle_nothing_is_left_waiting,
    a_script_plays_many,
}
