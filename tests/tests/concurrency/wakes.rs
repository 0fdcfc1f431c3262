//! Waits for an event that another thread can end.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use teamwire_blocking::{
    Client, FeedEvent, FeedOptions, FeedSet, Script, WaitOutcome, Wake, feed::FeedSetEvent, scripted,
};
use teamwire_core::script::v1::{expect, respond, sample};
use teamwire_sandbox::{Sandbox, org};
use teamwire_testing::World;
use teamwire_tests::harness::{Blocking, BlockingHyper};

use crate::sockets::{POLL, SOON, connect, sandbox};

const MINUTE: Duration = Duration::from_secs(60);
const LEASES: &str = "DELETE /v1/reactions/subscriptions/{id}";

/// Calls the test with a client of each transport.
fn over_sockets(test: impl Fn(&Sandbox, &Client)) {
    for connect in [connect::<Blocking>, connect::<BlockingHyper>] {
        let sandbox = sandbox();
        let client = connect(&sandbox);
        test(&sandbox, &client);
    }
}

/// Wakes the loop once its poll waits at the server.
fn wake_during_poll(sandbox: &Sandbox, wake: &Wake) {
    let waits = sandbox.wait_until(SOON, |sandbox| sandbox.pending_polls() == 1);
    wake.wake();
    assert!(waits, "a poll waits");
}

#[test]
fn another_thread_ends_a_wait_without_its_request() {
    over_sockets(|sandbox, client| {
        let (wake, mut events) = (Wake::new(), client.chats().new_messages(FeedOptions::from_now()));
        let started = events.next_until(&wake, SOON).expect("no error");
        assert!(matches!(started, WaitOutcome::Event(FeedEvent::Started(_))), "{started:?}");
        for timeout in [None, Some(2 * SOON)] {
            thread::scope(|scope| {
                scope.spawn(|| wake_during_poll(sandbox, &wake));
                let woken = events.next_until(&wake, timeout).expect("no error");
                assert!(matches!(woken, WaitOutcome::Woken), "{woken:?}");
            });
            assert_eq!(sandbox.received_count(POLL), 2, "the one that started the feed, and the one that waits");
        }
        sandbox.as_person(org::ANNA).post(org::LOBBY, "hello").expect("Anna is in the lobby");
        let WaitOutcome::Event(event) = events.next_until(&wake, None).expect("no error") else {
            panic!("it is an event")
        };
        assert_eq!(event.into_item().expect("a message").text.as_deref(), Some("hello"));
        assert_eq!(sandbox.received_count(POLL), 2);
    });
}

#[test]
fn feed_that_is_stopped_in_such_a_wait_ends_its_subscription() {
    over_sockets(|sandbox, client| {
        let (wake, mut events) = (Wake::new(), client.chats().reaction_updates(FeedOptions::from_now()));
        assert!(matches!(events.next_until(&wake, None), Ok(WaitOutcome::Event(FeedEvent::Started(_)))));
        let stop = events.stop_handle();
        let begun = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                let waits = sandbox.wait_until(SOON, |sandbox| sandbox.pending_polls() == 1);
                stop.stop();
                assert!(waits, "a poll waits");
            });
            assert!(matches!(events.next_until(&wake, 10 * SOON), Ok(WaitOutcome::Ended)));
        });
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert_eq!(sandbox.received_count(LEASES), 1);
        wake.wake();
        assert!(matches!(events.next_until(&wake, None), Ok(WaitOutcome::Woken)), "a wake-up is not lost at the end");
        assert!(matches!(events.next_until(&wake, None), Ok(WaitOutcome::Ended)));
    });
}

#[test]
fn wake_ups_before_a_wait_are_one_and_take_turns_with_events() {
    let messages = ["m1", "m2", "m3"].map(|mid| sample::message(mid, "c1", "hello"));
    let script = Script::new()
        .on(expect::all_message_updates(), [respond::no_updates("k0"), respond::message_updates(messages, "k1")]);
    let (wake, mut events) = (Wake::new(), scripted(&script).chats().new_messages(None));
    wake.wake();
    wake.clone().wake();
    let mut outcomes = String::new();
    for _ in 0..9 {
        outcomes += match events.next_until(&wake, MINUTE).expect("no error") {
            WaitOutcome::Event(FeedEvent::Started(_)) => {
                wake.wake();
                "started "
            }
            WaitOutcome::Event(_) => {
                wake.wake();
                wake.wake();
                "message "
            }
            WaitOutcome::Woken => "woken ",
            WaitOutcome::TimedOut => "late ",
            WaitOutcome::Ended => "ended ",
        };
    }
    assert_eq!(outcomes, "woken started woken message woken message woken message woken ");
    assert!(matches!(events.next_until(&wake, None), Ok(WaitOutcome::Ended)));
    script.assert_done();
}

#[test]
fn loop_that_is_woken_all_the_time_still_receives_events() {
    over_sockets(|sandbox, client| {
        let (wake, mut events) = (Wake::new(), client.chats().new_messages(FeedOptions::from_now()));
        let begun = Instant::now();
        let mut texts = Vec::new();
        while texts.is_empty() && begun.elapsed() < SOON {
            wake.wake();
            match events.next_until(&wake, None).expect("no error") {
                WaitOutcome::Event(FeedEvent::Started(_)) => {
                    sandbox.as_person(org::ANNA).post(org::LOBBY, "hello").expect("Anna is in the lobby");
                }
                WaitOutcome::Event(event) => texts.extend(event.into_item().and_then(|message| message.text)),
                WaitOutcome::Woken => thread::yield_now(),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(texts, ["hello"]);
    });
}

#[test]
fn wake_up_before_a_wait_takes_no_time_on_the_clock_of_a_script() {
    let silence = respond::no_updates("k0").delay(Duration::from_secs(20)).times(9);
    let script = Script::new().on(expect::all_message_updates(), [respond::no_updates("k0"), silence]);
    let client = scripted(&script);
    let (wake, mut events) = (Wake::new(), client.chats().new_messages(None));
    assert!(matches!(events.next_until(&wake, MINUTE), Ok(WaitOutcome::Event(FeedEvent::Started(_)))));
    assert!(matches!(events.next_until(&wake, MINUTE), Ok(WaitOutcome::TimedOut)));
    let waited = client.now().moment;
    // The second one, as they take turns.
    for _ in 0..2 {
        wake.wake();
        assert!(matches!(events.next_until(&wake, MINUTE), Ok(WaitOutcome::Woken)));
    }
    assert_eq!(client.now().moment, waited);
}

/// Posts what other threads send, and follows the messages of people. Returns the events of the loop, with their times.
fn serve(client: &Client, texts: &mpsc::Receiver<&str>, wake: &Wake) -> Vec<(u64, String)> {
    let mut happened = Vec::new();
    let mut events = client.chats().new_messages(None);
    loop {
        let next = events.next_until(wake, MINUTE * 4).expect("the server works");
        let at = client.now().moment.since_epoch().as_secs();
        match next {
            WaitOutcome::Event(event) => {
                happened.extend(event.into_item().and_then(|message| message.text).map(|text| (at, text)));
            }
            WaitOutcome::Woken => {
                for text in texts.try_iter() {
                    happened.push((at, format!("to post: {text}")));
                    client.chats().chat(org::LOBBY).post(text).expect("the bot is in the lobby");
                }
            }
            WaitOutcome::TimedOut => happened.push((at, "nothing".to_owned())),
            WaitOutcome::Ended => return happened,
        }
    }
}

#[test]
fn scheduled_actions_of_a_world_wake_a_loop_at_their_time() {
    let world = World::new(7);
    let (wake, (sender, texts)) = (Wake::new(), mpsc::channel());
    let (waking, stop) = (wake.clone(), teamwire_blocking::StopHandle::new());
    world.at(MINUTE, move |_| {
        for text in ["one", "two"] {
            sender.send(text).expect("the loop has the receiver");
            waking.wake();
        }
    });
    world.at(MINUTE * 2, |world| {
        world.act(org::ANNA, |anna| anna.post(org::LOBBY, "hello")).expect("she is a member");
    });
    let end = stop.clone();
    world.at(MINUTE * 7, move |_| end.stop());
    let happened = serve(&world.blocking().stopped_by(&stop), &texts, &wake);
    let happened: Vec<_> = happened.iter().map(|(at, text)| (*at, text.as_str())).collect();
    let expected =
        [(60, "to post: one"), (60, "to post: two"), (60, "one"), (60, "two"), (120, "hello"), (360, "nothing")];
    assert_eq!(happened, expected);
    assert_eq!(world.texts(org::LOBBY).len(), 3);
}

#[test]
fn driver_is_woken_too() {
    let sandbox = sandbox();
    let clients = [connect::<Blocking>(&sandbox), World::new(7).blocking()];
    for client in clients {
        let mut set = FeedSet::new();
        set.insert("a", client.chats().new_messages(FeedOptions::from_now()).into_feed());
        let mut drive = client.executor().drive(set, 1).expect("a thread");
        let wake = Wake::new();
        wake.wake();
        assert!(matches!(drive.next_until(&wake, None), WaitOutcome::Woken));
        let started = drive.next_until(&wake, None);
        assert!(
            matches!(started, WaitOutcome::Event(("a", FeedSetEvent::Event(FeedEvent::Started(_))))),
            "{started:?}"
        );
        wake.wake();
        assert!(matches!(drive.next_until(&wake, SOON), WaitOutcome::Woken));
        let (begun, timeout) = (client.now().moment, Duration::from_millis(300));
        assert!(matches!(drive.next_until(&wake, timeout), WaitOutcome::TimedOut));
        assert!(client.now().moment >= begun.saturating_add(timeout));
        drive.stop_handle().stop();
        let ended = drive.next_until(&wake, SOON);
        assert!(matches!(ended, WaitOutcome::Event(("a", FeedSetEvent::Ended(Ok(_))))), "{ended:?}");
        assert!(matches!(drive.next_until(&wake, None), WaitOutcome::Ended));
    }
}

#[test]
fn another_thread_wakes_a_driver() {
    over_sockets(|sandbox, client| {
        let mut set = FeedSet::new();
        set.insert("a", client.chats().new_messages(FeedOptions::from_now()).into_feed());
        let mut drive = client.executor().drive(set, 1).expect("a thread");
        let wake = Wake::new();
        drive.next().expect("it starts");
        thread::scope(|scope| {
            scope.spawn(|| wake_during_poll(sandbox, &wake));
            let woken = drive.next_until(&wake, None);
            assert!(matches!(woken, WaitOutcome::Woken), "{woken:?}");
        });
        assert_eq!(sandbox.received_count(POLL), 2, "the one that started the feed, and the one that waits");
    });
}

#[test]
fn scheduled_action_wakes_a_driver_of_a_world() {
    let world = World::new(7);
    let client = world.blocking();
    let mut set = FeedSet::new();
    set.insert("a", client.chats().new_messages(FeedOptions::from_now()).into_feed());
    let mut drive = client.executor().drive(set, 1).expect("no thread is needed");
    drive.next().expect("it starts");
    let (wake, woken_at) = (Wake::new(), Arc::new(Mutex::new(None)));
    let (waking, noted) = (wake.clone(), Arc::clone(&woken_at));
    world.at(MINUTE * 3, move |world| {
        waking.wake();
        *noted.lock().expect("nothing panics") = Some(world.elapsed());
    });
    assert!(matches!(drive.next_until(&wake, MINUTE * 8), WaitOutcome::Woken));
    assert_eq!((world.elapsed(), *woken_at.lock().expect("nothing panics")), (MINUTE * 3, Some(MINUTE * 3)));
}
