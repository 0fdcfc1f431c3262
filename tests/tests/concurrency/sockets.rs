//! Concurrent handlers over sockets.
//!
//! The clock of the sandbox is paused: a delayed request and a long poll end only when a test advances it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::Duration,
};

use teamwire_core::{
    Client, Config, Credentials, Error, ErrorKind, FeedOptions, StopHandle,
    config::{RetryPolicy, Timeouts},
};
use teamwire_sandbox::{Fault, Rule, Sandbox, org};
use teamwire_tests::{executor_test, harness::Harness};

use crate::{
    bot::{Bot, FAILS, PANICS, Serves, failure},
    scripts::cursor,
};

const FETCH: &str = "GET /v1/chats/{tid}/messages/{mid}";
pub(crate) const POLL: &str = "GET /v1/messages/updates";
/// Longer than any step takes, and shorter than any timeout.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// The delay of a request.
const DELAY: Duration = Duration::from_millis(10);
const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("loopback has a free port");
    sandbox.clock().pause();
    sandbox
}

pub(crate) fn connect<H: Harness>(sandbox: &Sandbox) -> Client<H::X> {
    let credentials = Credentials::new(sandbox.app_id(), sandbox.secret()).expect("the key of a sandbox is valid");
    let config = Config::new(&sandbox.url(), credentials).expect("a sandbox is on loopback");
    let timeouts = Timeouts { request: HOUR, listing: HOUR, transfer_idle: HOUR };
    H::connect(config.with_timeouts(timeouts).with_retry(RetryPolicy::NEVER))
}

fn delay() -> Rule {
    Rule::new(Fault::Delay(DELAY)).under("/v1/chats/")
}

fn chat(sandbox: &Sandbox, title: &str) -> String {
    sandbox.as_person(org::ANNA).create_chat(title, &[org::BOT]).expect("Anna may create chats")
}

fn say(sandbox: &Sandbox, tid: &str, text: &str) {
    sandbox.as_person(org::ANNA).post(tid, text).expect("Anna is in the chat");
}

#[track_caller]
fn wait_until(sandbox: &Sandbox, what: &str, is_so: impl Fn(&Sandbox) -> bool) {
    assert!(sandbox.wait_until(SOON, is_so), "{what}");
}

/// A bot that serves a sandbox, for the test that directs it.
struct Run<'s, X> {
    sandbox: &'s Sandbox,
    bot: &'s Bot<X>,
    stop: StopHandle,
    saved: mpsc::Receiver<String>,
}

impl<X> Run<'_, X> {
    fn wait_for_save(&self) -> String {
        self.saved.recv_timeout(SOON).expect("a checkpoint is saved")
    }

    /// Lets delayed requests continue until this is so. All delays together are shorter than a long poll.
    #[track_caller]
    fn release(&self, what: &str, is_so: impl Fn(&Sandbox) -> bool) {
        let is_released = (0..600).any(|_| {
            self.sandbox.clock().advance(DELAY);
            self.sandbox.wait_until(Duration::from_millis(50), &is_so)
        });
        assert!(is_released, "{what}");
    }
}

/// Runs `direct` once the feed has started and its start is saved. Returns the bot and the result of the feed.
fn serve<H: Serves>(
    sandbox: &Sandbox,
    limit: usize,
    direct: impl FnOnce(&Run<'_, H::X>) + Send,
) -> (Bot<H::X>, thread::Result<Result<(), Error>>) {
    let bot = Bot::new(connect::<H>(sandbox));
    let (save, saved) = mpsc::channel();
    let stop = StopHandle::new();
    let events = bot.client.stopped_by(&stop).chats().new_messages(FeedOptions::from_now());
    let result = thread::scope(|scope| {
        let run = Run { sandbox, bot: &bot, stop, saved };
        let directed = scope.spawn(move || {
            let _ended = Ended(&run.stop, sandbox);
            run.wait_for_save();
            direct(&run);
        });
        let result = catch_unwind(AssertUnwindSafe(|| {
            H::serve(&bot, events, limit, |checkpoint| {
                // The test may have ended.
                save.send(cursor(checkpoint)).ok();
                Ok(())
            })
        }));
        directed.join().expect("the test has not failed");
        result
    });
    (bot, result)
}

/// Lets delayed requests end, and stops the feed if the test has failed.
struct Ended<'s>(&'s StopHandle, &'s Sandbox);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
        self.1.faults().clear();
        self.1.clock().resume();
        self.1.clock().advance(HOUR);
    }
}

#[executor_test(transports)]
fn chats_are_served_at_the_same_time_up_to_the_limit_and_each_in_order<H: Serves>() {
    const LIMIT: usize = 4;
    let sandbox = sandbox();
    let chats: Vec<_> = (0..6).map(|number| chat(&sandbox, &format!("chat {number}"))).collect();
    let (bot, result) = serve::<H>(&sandbox, LIMIT, |run| {
        sandbox.faults().add(delay().always());
        for text in ["1", "2", "3"] {
            for tid in &chats {
                say(&sandbox, tid, text);
            }
        }
        wait_until(&sandbox, "as many as allowed", |sandbox| sandbox.received_count(FETCH) == LIMIT as u64);
        run.release("all are handled", |sandbox| sandbox.handled_count(FETCH) == 18);
        run.stop.stop();
    });
    result.expect("no panic").expect("no error");
    let log = bot.log();
    assert_eq!((log.peak, log.ended), (LIMIT, 18));
    assert!(log.begun.values().all(|texts| texts == &["1", "2", "3"]), "{:?}", log.begun);
}

#[executor_test(transports)]
fn checkpoint_is_saved_while_the_feed_waits_for_its_next_event<H: Serves>() {
    let sandbox = sandbox();
    let chats = ["one", "two"].map(|title| chat(&sandbox, title));
    let (bot, result) = serve::<H>(&sandbox, 8, |run| {
        sandbox.faults().add(delay());
        say(&sandbox, &chats[0], "slow");
        wait_until(&sandbox, "a request", |sandbox| sandbox.received_count(FETCH) == 1);
        say(&sandbox, &chats[1], "fast");
        wait_until(&sandbox, "the next poll", |sandbox| {
            sandbox.handled_count(FETCH) == 1 && sandbox.pending_polls() == 1
        });
        assert!(run.saved.try_recv().is_err(), "the first message is not handled yet");
        let polls = sandbox.received_count(POLL);
        run.release("both are handled", |sandbox| sandbox.handled_count(FETCH) == 2);
        run.wait_for_save();
        assert_eq!((sandbox.received_count(POLL), sandbox.pending_polls()), (polls, 1), "the poll has not ended");
        run.stop.stop();
    });
    result.expect("no panic").expect("no error");
    assert_eq!(bot.log().ended, 2);
}

#[executor_test(transports, blocking_hyper = "an abandoned exchange may keep its connection until its timeout")]
fn events_that_have_arrived_are_handled_after_the_stop<H: Serves>() {
    let sandbox = sandbox();
    let tid = chat(&sandbox, "chat");
    let (bot, result) = serve::<H>(&sandbox, 8, |run| {
        sandbox.faults().add(delay().always());
        for text in ["1", "2", "3"] {
            say(&sandbox, &tid, text);
        }
        wait_until(&sandbox, "a request, and the poll after the messages", |sandbox| {
            sandbox.received_count(FETCH) == 1 && sandbox.received_count(POLL) >= 3 && sandbox.pending_polls() == 1
        });
        run.stop.stop();
        wait_until(&sandbox, "the poll is abandoned", |sandbox| sandbox.pending_polls() == 0);
        run.release("all are handled", |sandbox| sandbox.handled_count(FETCH) == 3);
    });
    result.expect("no panic").expect("a stop is not an error");
    assert_eq!(bot.log().begun[&tid], ["1", "2", "3"]);
}

#[executor_test(transports, blocking_hyper = "an abandoned exchange may keep its connection until its timeout")]
fn failure_of_a_handler_stops_the_feed_at_once_and_lets_the_others_finish<H: Serves>() {
    for bad in [FAILS, PANICS] {
        let sandbox = sandbox();
        let chats = ["one", "two"].map(|title| chat(&sandbox, title));
        let (bot, result) = serve::<H>(&sandbox, 8, |run| {
            sandbox.faults().add(delay());
            say(&sandbox, &chats[0], "slow");
            wait_until(&sandbox, "a request", |sandbox| sandbox.received_count(FETCH) == 1);
            say(&sandbox, &chats[1], bad);
            wait_until(&sandbox, "no poll", |sandbox| run.bot.log().begun.len() == 2 && sandbox.pending_polls() == 0);
            assert!(run.saved.try_recv().is_err(), "no checkpoint passes the failed event");
            if bad == FAILS || is_blocking::<H>() {
                let fetches = if bad == FAILS { 2 } else { 1 };
                run.release("the other is handled", |sandbox| sandbox.handled_count(FETCH) == fetches);
            }
        });
        let ended = bot.log().ended;
        if bad == FAILS {
            let error = result.expect("no panic").expect_err("a handler fails");
            assert_eq!((error.to_string(), ended), (failure().to_string(), 2));
        } else {
            assert!(result.is_err(), "the panic continues");
            assert_eq!(ended, usize::from(is_blocking::<H>()), "handlers of a task are dropped");
        }
    }
}

fn is_blocking<H: Harness>() -> bool {
    ["blocking", "blocking-hyper"].contains(&H::NAME)
}

#[executor_test(transports)]
fn feed_whose_key_is_revoked_ends_with_that_error_after_its_handlers<H: Serves>() {
    let sandbox = sandbox();
    let tid = chat(&sandbox, "chat");
    let (bot, result) = serve::<H>(&sandbox, 8, |run| {
        say(&sandbox, &tid, "1");
        run.wait_for_save();
        sandbox.admin().revoke_key();
        sandbox.clock().advance(HOUR);
    });
    assert_eq!(result.expect("no panic").expect_err("the key is revoked").kind(), ErrorKind::Auth);
    assert_eq!(bot.log().ended, 1);
}
