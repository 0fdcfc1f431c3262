//! Stops that leave time to operations.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use teamwire_async_std::AsyncStdRuntime;
use teamwire_core::{
    Client, Error, ErrorKind, FeedOptions, Script, StopHandle, config::RetryPolicy, executor::Portable,
};
use teamwire_sandbox::{Fault, Rule, Sandbox, org};
use teamwire_testing::World;
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{SECOND, always, elapsed, post, posted};

const SOON: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_secs(300);

/// The actions of a bot until its client is stopped, with their times in seconds.
type EventLog = Vec<(u64, String)>;

/// Posts a response to each message, and sleeps between them.
async fn respond<X: Portable>(client: &Client<X>) -> EventLog {
    let mut happened = Vec::new();
    let mut note = |text: String| happened.push((client.now().moment.since_epoch().as_secs(), text));
    let mut events = client.chats().new_messages(FeedOptions::from_now());
    while let Some(event) = X::next(&mut events).await {
        let Some(message) = event.expect("the server works").into_item() else { continue };
        for text in ["one", "two"] {
            match X::wait(client.chats().chat(&message.tid).post(text)).await {
                Ok(_) => note(format!("posted {text}")),
                Err(error) => note(outcome(&error)),
            }
        }
        match X::wait(client.sleep(100 * SECOND)).await {
            Ok(()) => note("slept".to_owned()),
            Err(error) => note(outcome(&error)),
        }
    }
    note("the feed has ended".to_owned());
    happened
}

fn outcome(error: &Error) -> String {
    format!("{}, unknown: {}", error.kind(), error.outcome_unknown())
}

/// Returns a world in which a person writes after 100 seconds, each post takes 8 seconds from then on, and `stop`
/// happens after 110.
fn world(stop: impl FnOnce(&World) + Send + 'static) -> World {
    let world = World::new(7);
    world.at(100 * SECOND, |world| {
        world.act(org::ANNA, |anna| anna.post(org::LOBBY, "hello")).expect("she is a member");
        world.latency(8 * SECOND);
    });
    world.at(110 * SECOND, stop);
    world
}

/// Runs the bot with each adapter, with the handle that is stopped and with a combined one.
fn run(world: impl Fn(StopHandle) -> World, expected: &[(u64, &str)]) {
    for is_combined in [false, true] {
        let handles = || {
            let stop = StopHandle::new();
            let of_client = if is_combined { StopHandle::any([&StopHandle::new(), &stop]) } else { stop.clone() };
            (world(stop), of_client)
        };
        let (synchronous, stop) = handles();
        let client = synchronous.blocking().stopped_by(&stop);
        let blocking = teamwire_blocking::block_on(respond(&client));
        let (asynchronous, stop) = handles();
        let client = asynchronous.client::<AsyncStdRuntime>().stopped_by(&stop);
        for happened in [blocking, asynchronous.run(respond(&client))] {
            let happened: Vec<_> = happened.iter().map(|(at, text)| (*at, text.as_str())).collect();
            assert_eq!(happened, expected, "combined: {is_combined}");
        }
    }
}

#[test]
fn operations_have_the_grace_and_the_feed_has_not() {
    run(
        |stop| world(move |_| stop.stop_within(20 * SECOND)),
        &[(108, "posted one"), (116, "posted two"), (130, "cancelled, unknown: false"), (130, "the feed has ended")],
    );
}

#[test]
fn operation_that_takes_longer_than_the_grace_is_cancelled() {
    run(
        |stop| world(move |_| stop.stop_within(2 * SECOND)),
        &[
            (108, "posted one"),
            (112, "cancelled, unknown: true"),
            (112, "cancelled, unknown: false"),
            (112, "the feed has ended"),
        ],
    );
}

#[test]
fn stop_ends_the_grace() {
    run(
        |stop| {
            world(move |world| {
                stop.stop_within(LONG);
                world.after(3 * SECOND, move |_| stop.stop());
            })
        },
        &[
            (108, "posted one"),
            (113, "cancelled, unknown: true"),
            (113, "cancelled, unknown: false"),
            (113, "the feed has ended"),
        ],
    );
}

#[test]
fn grace_is_counted_on_the_clock_of_a_script() {
    for grace in [4, 20] {
        let slow = always(posted().delay(8 * SECOND));
        let stop = StopHandle::new();
        let stopped = Client::new(slow.clone()).stopped_by(&stop);
        stop.stop_within(grace * SECOND);
        assert_eq!(post(&stopped).is_ok(), grace == 20);
        assert_eq!(elapsed(&slow), grace.min(8) * SECOND);
        let error = stopped.sleep(60 * SECOND).expect_err("the grace is over");
        assert_eq!((error.kind(), elapsed(&slow)), (ErrorKind::Cancelled, grace * SECOND));

        let script = always(posted().delay(8 * SECOND));
        let stop = StopHandle::new();
        let client = teamwire_blocking::scripted(&script).stopped_by(&stop);
        stop.stop_within(grace * SECOND);
        assert_eq!(client.chats().chat("c1").post("hello").is_ok(), grace == 20);
        assert_eq!(elapsed(&script), grace.min(8) * SECOND);
    }
}

#[test]
fn grace_that_began_before_the_client_is_counted_too() {
    let script = Script::new();
    let stop = StopHandle::new();
    stop.stop_within(10 * SECOND);
    let client = Client::new(script.clone()).stopped_by(&stop);
    client.sleep(5 * SECOND).expect("there is some time left");
    let late = client.stopped_by(&StopHandle::new());
    assert_eq!(late.sleep(LONG).expect_err("there is not so much").kind(), ErrorKind::Cancelled);
    assert_eq!(elapsed(&script), 10 * SECOND);
}

fn connect<H: Harness>(sandbox: &Sandbox) -> Client<H::X> {
    let options = teamwire_core::Config::from_vars(|name| sandbox.var(name)).expect("the variables are valid");
    let timeouts = teamwire_core::config::Timeouts { request: LONG, listing: LONG, transfer_idle: LONG };
    H::connect(options.with_timeouts(timeouts).with_retry(RetryPolicy::NEVER))
}

#[executor_test(transports)]
fn grace_ends_an_operation_over_a_socket<H: Harness>() {
    let sandbox = Sandbox::start().expect("loopback has a free port");
    let stop = StopHandle::new();
    let client = connect::<H>(&sandbox).stopped_by(&stop);
    let mut events = client.chats().new_messages(FeedOptions::from_now());
    H::next(&mut events).expect("an event").expect("it starts");
    sandbox.faults().add(Rule::new(Fault::NoResponse).on("GET", "/v1/me"));
    let (sender, receiver) = mpsc::channel();
    let grace = Duration::from_millis(300);
    thread::scope(|scope| {
        scope.spawn(|| {
            let error = H::wait(client.contacts().me()).expect_err("the server does not respond");
            sender.send(outcome(&error)).expect("the test waits for it");
        });
        assert!(sandbox.wait_until(SOON, |sandbox| sandbox.received_count("GET /v1/me") == 1), "it is sent");
        let begun = Instant::now();
        stop.stop_within(grace);
        assert!(H::next(&mut events).is_none(), "the feed is stopped");
        assert_eq!(receiver.recv_timeout(SOON).as_deref(), Ok("cancelled, unknown: true"));
        assert!(begun.elapsed() >= grace && begun.elapsed() < SOON, "{:?}", begun.elapsed());
    });
}
