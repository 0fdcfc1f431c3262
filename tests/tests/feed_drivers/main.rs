//! Drivers of many feeds over real sockets: every stop ends the feeds soon, and unsubscribes them.
//!
//! The sandbox's clock is paused, so no long poll ends for lack of events, and no request times out before its test
//! fails.

mod drivers;
mod kinds;

use std::{
    collections::BTreeMap,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Config, Credentials, FeedEvent, Script, StopHandle,
    config::{RetryPolicy, Timeouts},
    feed::{FeedEnd, FeedSetEvent},
    script::{
        Expect, Respond, sample,
        v1::{expect, respond},
    },
};
use teamwire_sandbox::{Fault, Rule, Sandbox};
use teamwire_tests::executor_test;

use self::drivers::{Delivered, DrivesFeeds, FeedDriver};

const UNSUBSCRIBE: &str = "DELETE /v1/reactions/subscriptions/{id}";
/// Maximum duration of a test: longer than any step takes, and shorter than any timeout.
const SOON: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3_600);

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("loopback has a free port");
    sandbox.clock().pause();
    sandbox
}

fn config(sandbox: &Sandbox) -> Config {
    let credentials = Credentials::new(sandbox.app_id(), sandbox.secret()).expect("the key of a sandbox is valid");
    let timeouts = Timeouts { request: HOUR, listing: HOUR, transfer_idle: HOUR };
    let config = Config::new(&sandbox.url(), credentials).expect("a sandbox is on loopback");
    config.with_timeouts(timeouts).with_retry(RetryPolicy::NEVER)
}

/// Returns a driver with this number of feeds, all of which have started.
fn started<D: FeedDriver>(sandbox: &Sandbox, feeds: usize, threads: usize) -> D {
    let mut drive = D::over(config(sandbox), threads);
    for key in 0..feeds {
        assert!(drive.insert(key, drive.feed()).is_none());
    }
    for _ in 0..feeds {
        let (key, delivery) = drive.next().expect("there are more events");
        assert!(matches!(delivery, FeedSetEvent::Event(FeedEvent::Started(_))), "{key}: {delivery:?}");
    }
    drive
}

/// Runs `work`, and panics if it does not end.
fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    let thread = thread::spawn(move || done.send(work()));
    match result.recv_timeout(SOON) {
        Ok(output) => output,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the driver hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{:?}", thread.join()),
    }
}

#[track_caller]
fn wait_until(sandbox: &Sandbox, what: &str, is_so: impl Fn(&Sandbox) -> bool) {
    assert!(sandbox.wait_until(SOON, is_so), "{what}");
}

/// Drives all feeds to their end. Returns the number of ends of each.
fn ends(drive: &mut impl FeedDriver) -> BTreeMap<usize, usize> {
    let mut ends = BTreeMap::new();
    while let Some((key, delivery)) = drive.next() {
        match delivery {
            FeedSetEvent::Ended(result) => {
                assert_eq!(result.expect("no error"), FeedEnd::Stopped, "{key}");
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

#[executor_test(transports)]
fn all_feeds_stop_while_one_is_being_stopped<H: DrivesFeeds>() {
    for (feeds, threads) in [(2, 8), (5, 1), (5, 2)] {
        soon(move || {
            let sandbox = sandbox();
            sandbox.faults().add(Rule::new(Fault::Delay(HOUR)).method("DELETE"));
            let mut drive: H::Driver = started(&sandbox, feeds, threads);
            let stop_all = drive.stopper();
            drive.stop(0);
            let ends = thread::scope(|scope| {
                scope.spawn(|| {
                    wait_until(&sandbox, "one unsubscription", |sandbox| sandbox.received_count(UNSUBSCRIBE) == 1);
                    stop_all();
                    sandbox.clock().advance(HOUR);
                });
                ends(&mut drive)
            });
            assert_eq!(ends, one_end_each(feeds), "{threads} threads");
        });
    }
}

#[executor_test(transports)]
fn feed_can_be_stopped_again_while_unsubscribing_fails<H: DrivesFeeds>() {
    soon(|| {
        let sandbox = sandbox();
        sandbox.faults().add(Rule::new(Fault::Delay(HOUR)).method("DELETE"));
        let mut drive: H::Driver = started(&sandbox, 1, 2);
        drive.stop(0);
        // The first feed unsubscribes while this one starts.
        drive.insert(1, drive.feed());
        let mut delivered = vec![drive.next().expect("there are two")];
        wait_until(&sandbox, "an unsubscription", |sandbox| sandbox.received_count(UNSUBSCRIBE) == 1);
        sandbox.faults().set_down(true);
        wait_until(&sandbox, "no connection is kept", |sandbox| sandbox.connections().open == 0);
        drive.stop(0);
        drive.stop(1);
        delivered.extend(std::iter::from_fn(|| drive.next()));
        let ended =
            |key| move |it: &&Delivered| it.0 == key && matches!(it.1, FeedSetEvent::Ended(Ok(FeedEnd::Stopped)));
        for key in [0, 1] {
            assert_eq!(delivered.iter().filter(ended(key)).count(), 1, "{key}: {delivered:?}");
        }
    });
}

#[executor_test(transports)]
fn feed_stops_while_every_thread_waits_for_others<H: DrivesFeeds>() {
    soon(|| {
        let sandbox = sandbox();
        let mut drive: H::Driver = started(&sandbox, 3, 1);
        drive.stop(2);
        let (key, delivery) = drive.next().expect("there are more events");
        assert!(matches!((key, &delivery), (2, FeedSetEvent::Ended(Ok(FeedEnd::Stopped)))), "{key}: {delivery:?}");
        assert_eq!(sandbox.handled_count(UNSUBSCRIBE), 1);
        drive.stopper()();
        assert_eq!(ends(&mut drive), one_end_each(2));
    });
}

#[executor_test(transports)]
fn many_feeds_end_within_a_second_if_the_server_is_silent<H: DrivesFeeds>() {
    const FEEDS: usize = 100;
    let (took, ends) = soon(|| {
        let sandbox = sandbox();
        let mut drive: H::Driver = started(&sandbox, FEEDS, 2);
        sandbox.faults().add(Rule::new(Fault::NoResponse).method("DELETE").always());
        let stopped = Instant::now();
        drive.stopper()();
        let ends = ends(&mut drive);
        (stopped.elapsed(), ends)
    });
    assert_eq!(ends, one_end_each(FEEDS));
    // One second, with a margin for a busy machine.
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[executor_test(transports)]
fn feed_that_replaces_a_stopped_one_is_not_stopped<H: DrivesFeeds>() {
    soon(|| {
        let sandbox = sandbox();
        let mut drive: H::Driver = started(&sandbox, 2, 4);
        drive.stop(0);
        assert!(drive.insert(0, drive.feed()).is_some(), "it had not ended");
        let (key, delivery) = drive.next().expect("there are more events");
        assert!(matches!((key, &delivery), (0, FeedSetEvent::Event(FeedEvent::Started(_)))), "{key}: {delivery:?}");
        drive.stopper()();
        assert_eq!(ends(&mut drive), one_end_each(2));
    });
}

#[executor_test(transports)]
fn feed_inserted_after_the_end_is_ended<H: DrivesFeeds>() {
    soon(|| {
        let sandbox = sandbox();
        let mut drive: H::Driver = started(&sandbox, 2, 2);
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

#[executor_test(transports, blocking_hyper = "an abandoned exchange keeps its connection until its timeout")]
fn dropped_driver_leaves_no_connection_waiting<H: DrivesFeeds>() {
    for stops_one in [false, true] {
        soon(move || {
            let sandbox = sandbox();
            sandbox.faults().add(Rule::new(Fault::Delay(HOUR)).method("DELETE"));
            let mut drive: H::Driver = started(&sandbox, 4, 8);
            if stops_one {
                drive.stop(0);
            }
            // All other feeds poll before the new one has started.
            drive.insert(4, drive.feed());
            drive.next().expect("it begins");
            drop(drive);
            sandbox.clock().advance(HOUR);
            wait_until(&sandbox, "no poll waits", |sandbox| sandbox.pending_polls() == 0);
            wait_until(&sandbox, "no connection is kept", |sandbox| sandbox.connections().open == 0);
        });
    }
}

#[executor_test(transports)]
fn feed_that_is_stopped_in_a_poll_ends_its_subscription_once<H: DrivesFeeds>() {
    for threads in [1, 2] {
        soon(move || {
            let (sandbox, stop) = (sandbox(), StopHandle::new());
            let mut drive = H::Driver::stopped_by(&stop, config(&sandbox), threads);
            drive.insert(0, drive.feed_stopped_in_poll(Some(stop)));
            let (_, delivery) = drive.next().expect("it starts");
            assert!(matches!(delivery, FeedSetEvent::Event(FeedEvent::Started(_))), "{delivery:?}");
            assert_eq!(ends(&mut drive), one_end_each(1));
            assert_eq!(sandbox.received_count(UNSUBSCRIBE), 1);
        });
    }
}

#[executor_test(adapters)]
fn feed_that_was_stopped_alone_leaves_no_poll_behind<H: DrivesFeeds>() {
    soon(|| {
        let sandbox = sandbox();
        // The end of a subscription would end its poll.
        sandbox.faults().add(Rule::new(Fault::CutBefore).method("DELETE").always());
        let mut drive: H::Driver = started(&sandbox, 1, 2);
        // Its poll is in progress while another feed starts.
        drive.insert(1, drive.feed());
        drive.next().expect("it starts");
        wait_until(&sandbox, "a poll waits", |sandbox| sandbox.pending_polls() > 0);
        drive.stop(0);
        drive.stopper()();
        assert_eq!(ends(&mut drive), one_end_each(2));
        wait_until(&sandbox, "no poll waits", |sandbox| sandbox.pending_polls() == 0);
        drop(drive);
    });
}

#[executor_test(adapters)]
fn feed_that_is_stopped_twice_ends_its_subscription_once<H: DrivesFeeds>() {
    soon(|| {
        let subscription = (expect::subscribe_reactions(), respond::subscription("s1", "k0"));
        let script = Script::new()
            .then(subscription.0, subscription.1)
            .then(expect::unsubscribe_reactions("s1"), Respond::status(204).delay(HOUR));
        let mut drive = H::Driver::scripted(&script);
        drive.insert(0, drive.feed());
        drive.next().expect("it starts");
        drive.stop(0);
        drive.insert(1, drive.feed_stopped_in_poll(None));
        drive.stop(1);
        let (key, delivery) = drive.next().expect("the new one ends first");
        assert!(matches!((key, &delivery), (1, FeedSetEvent::Ended(Ok(FeedEnd::Stopped)))), "{key}: {delivery:?}");
        drive.stop(0);
        assert_eq!(ends(&mut drive), one_end_each(1));
        script.assert_done();
    });
}

#[executor_test(adapters)]
fn script_plays_many_feeds<H: DrivesFeeds>() {
    let subscribe = |id: &str| {
        let lease = format!(r#"{{ "id": "{id}", "cursor": "0" }}"#);
        (Expect::put("/v1/reactions/subscriptions"), Respond::json(201, sample::json(&lease)))
    };
    let ((put, first), (put_again, second)) = (subscribe("s1"), subscribe("s2"));
    let script = Script::new()
        .then(put, first)
        .then(put_again, second)
        .then(Expect::get("/v1/reactions/updates"), Respond::problem(503, "server").retry_after(30))
        .then(Expect::delete("/v1/reactions/subscriptions/s2"), Respond::status(204));
    let mut drive = H::Driver::scripted(&script);
    drive.insert(1, drive.feed());
    drive.insert(2, drive.feed());
    let mut delivered = Vec::new();
    while let Some((key, delivery)) = drive.next() {
        let what = match delivery {
            FeedSetEvent::Event(FeedEvent::Started(_)) => "started",
            FeedSetEvent::Event(FeedEvent::Retrying(_)) => "failure",
            FeedSetEvent::Ended(Ok(FeedEnd::Stopped)) => "stopped",
            other => panic!("{other:?}"),
        };
        if (key, what) == (2, "started") {
            drive.stop(2);
        }
        delivered.push((key, what));
    }
    delivered.sort_unstable();
    assert_eq!(
        delivered,
        [(1, "failure"), (1, "started"), (2, "started"), (2, "stopped")],
        "the driver ends at the end of the script"
    );
    script.assert_done();
}
