//! Feeds: events arrive once and in order despite failures, and feeds end as they should.

use std::{
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    AlertType, Checkpoint, Draft, ErrorKind, FeedOptions, Message, Reaction, config::Timeouts,
    model::LiveLocationUpdate,
};
use teamwire_sandbox::{Fault, Rule, Sandbox, org};
use teamwire_tests::{FeedProbe, Fixture, executor_test, harness::Harness, operations::Subscription};

/// Maximum wait for any event.
const PATIENCE: Duration = Duration::from_secs(10);

fn every_feed(check: impl Fn(Subscription) + Send + Sync) {
    thread::scope(|scope| {
        for feed in Subscription::ALL {
            scope.spawn(|| check(*feed));
        }
    });
}

/// Runs `act` once a long poll is pending, and `wait` meanwhile. Returns both results.
fn once_it_waits<A: Send, R>(sandbox: &Sandbox, act: impl FnOnce() -> A + Send, wait: impl FnOnce() -> R) -> (A, R) {
    thread::scope(|scope| {
        let acted = scope.spawn(|| {
            let waits = sandbox.wait_until(PATIENCE, |sandbox| sandbox.pending_polls() > 0);
            if !waits {
                // Makes the waiting side fail, so that it ends.
                sandbox.admin().revoke_key();
            }
            assert!(waits, "no long poll waits");
            act()
        });
        let came = wait();
        (acted.join().expect("it did not panic"), came)
    })
}

fn subscriptions(sandbox: &Sandbox) -> usize {
    sandbox.with_world(|world, now| world.subscription_count(now))
}

fn saved(checkpoint: &Checkpoint) -> Checkpoint {
    let json = serde_json::to_string(checkpoint).expect("it can be written");
    serde_json::from_str(&json).expect("it can be read")
}

/// Returns a message as text.
fn text(message: Message) -> String {
    let state = if message.deleted { "deleted" } else { "there" };
    format!("{}: {} is {state}", message.tid, message.text.unwrap_or_default())
}

#[executor_test]
fn event_arrives_at_once<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        assert_eq!(fixture.sandbox.transcript().len(), 0, "nothing is sent before the first event is requested");
        events.expect_started();
        let begun = Instant::now();
        for number in 1..4 {
            let act = || feed.happens(&fixture.sandbox, number);
            let (happened, delivered) = once_it_waits(&fixture.sandbox, act, || events.expect_update().0);
            assert_eq!(delivered, happened, "{feed:?}");
        }
        assert!(begun.elapsed() < PATIENCE, "a long poll ends at the first event");
    });
}

#[executor_test]
fn messages_of_a_chat_arrive_in_order<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut events = FeedProbe::<H>::new(fixture.client.chats().chat(org::LOBBY).new_messages(None), text);
    events.expect_started();
    let post = || {
        let (anna, ben) = (fixture.sandbox.as_person(org::ANNA), fixture.sandbox.as_person(org::BEN));
        for number in 0..120 {
            anna.post(org::LOBBY, &format!("{number}a")).expect("Anna is in the lobby");
            ben.post(org::NOTICES, "elsewhere").expect("Ben is in the notices");
            ben.post(org::LOBBY, &format!("{number}b")).expect("Ben is in the lobby");
        }
    };
    let ((), delivered) = once_it_waits(&fixture.sandbox, post, || events.expect_updates(240));
    let both = (0..120).flat_map(|number| ["a", "b"].map(|who| format!("t-lobby: {number}{who} is there")));
    assert_eq!(delivered, both.collect::<Vec<_>>());
}

#[executor_test]
fn messages_of_all_chats_arrive_in_order<H: Harness>() {
    let fixture = Fixture::<H>::configured(|config| config.with_hide_deleted_messages(false));
    let mut events = FeedProbe::<H>::new(fixture.client.chats().new_messages(None), text);
    events.expect_started();
    let ben = fixture.sandbox.as_person(org::BEN);
    ben.post(org::LOBBY, "one").expect("Ben is in the lobby");
    fixture.ok(fixture.client.chats().chat(org::NOTICES).post("two"));
    let elsewhere = ben.create_chat("New", &[org::ANNA]).expect("Ben may");
    ben.post(&elsewhere, "not for the bot").expect("Ben made it");
    ben.add_users(&elsewhere, &[org::BOT]).expect("Ben administers it");
    let three = ben.post(&elsewhere, "three").expect("Ben made it");
    let all = ["t-lobby: one is there", "t-notices: two is there"].map(str::to_owned);
    assert_eq!(events.expect_updates(2), all);
    assert_eq!(events.expect_update().0, format!("{elsewhere}: three is there"));
    ben.delete(&elsewhere, &three).expect("it is his own");
    assert_eq!(events.expect_update().0, format!("{elsewhere}:  is deleted"));
}

#[executor_test]
fn reactions_arrive_as_people_react<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut events = FeedProbe::<H>::new(fixture.client.chats().reaction_updates(None), |it: Reaction| {
        format!("{} {} {:?}", it.from_user.uid, it.mid, it.reaction_type)
    });
    events.expect_started();
    let notices = fixture.client.chats().chat(org::NOTICES);
    let alert = fixture.ok(notices.post(Draft::text("Pump 3 is down").alert(AlertType::Alert)));
    let note = fixture.sandbox.as_person(org::ANNA).post_alert(org::LOBBY, "Lunch", "note").expect("she may");
    let (ben, david) = (fixture.sandbox.as_person(org::BEN), fixture.sandbox.as_person(org::DAVID));
    let react = || {
        ben.react(org::NOTICES, alert.mid.as_str(), "sos").expect("Ben is in the notices");
        david.react(org::NOTICES, alert.mid.as_str(), "ok").expect("David is in the notices");
        ben.react(org::LOBBY, &note, "love").expect("Ben is in the lobby");
        ben.react(org::NOTICES, alert.mid.as_str(), "ok").expect("he may change his mind");
    };
    let ((), delivered) = once_it_waits(&fixture.sandbox, react, || events.expect_updates(4));
    let (alert, ben, david) = (&alert.mid, org::BEN, org::DAVID);
    let expected = [
        format!("{ben} {alert} Sos"),
        format!("{david} {alert} Ok"),
        format!("{ben} {note} Love"),
        format!("{ben} {alert} Ok"),
    ];
    assert_eq!(delivered, expected);
}

#[executor_test]
fn live_locations_arrive_as_people_move<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.client.chats().chat(org::LOBBY);
    let mut events = FeedProbe::<H>::new(lobby.live_locations(None), |it: LiveLocationUpdate| {
        format!("{} {} {} {}", it.tid, it.user.uid, it.coordinates.lat(), if it.ended { "ended" } else { "continues" })
    });
    events.expect_started();
    let (anna, ben) = (fixture.sandbox.as_person(org::ANNA), fixture.sandbox.as_person(org::BEN));
    let quarter = Duration::from_secs(15 * 60);
    let walk = || {
        anna.share(org::LOBBY, 1.0, 9.0, quarter).expect("Anna is in the lobby");
        ben.share(org::NOTICES, 5.0, 9.0, quarter).expect("that is somewhere else");
        ben.share(org::LOBBY, 2.0, 9.0, quarter).expect("Ben is in the lobby");
        anna.move_to(1.5, 9.0);
        anna.stop_sharing(org::LOBBY).expect("Anna is in the lobby");
        fixture.sandbox.clock().advance(quarter);
    };
    let ((), delivered) = once_it_waits(&fixture.sandbox, walk, || events.expect_updates(5));
    let expected = [
        "t-lobby u-anna 1 continues",
        "t-lobby u-ben 2 continues",
        "t-lobby u-anna 1.5 continues",
        "t-lobby u-anna 1.5 ended",
        "t-lobby u-ben 2 ended",
    ];
    assert_eq!(delivered, expected);
}

#[executor_test]
fn feed_resumes_at_its_checkpoint_in_another_client<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, FeedOptions::from_now());
        let from_the_beginning = saved(&events.expect_started());
        let all: Vec<_> = (1..6).map(|number| feed.happens(&fixture.sandbox, number)).collect();
        let (_, after_one) = events.expect_update();
        let (_, after_two) = events.expect_update();
        drop(events);
        for (checkpoint, seen) in [(from_the_beginning, 0), (after_two, 2), (after_one, 1)] {
            let another = fixture.client(|config| config);
            let mut events = feed.follow::<H>(&another, saved(&checkpoint));
            assert_eq!(events.expect_updates(5 - seen), all[seen..], "{feed:?} after {checkpoint:?}");
        }
    });
}

#[executor_test]
fn checkpoint_of_another_feed_is_refused<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for feed in Subscription::ALL {
        let checkpoint = feed.follow::<H>(&fixture.client, None).expect_started();
        let before = fixture.sandbox.transcript().len();
        for other in Subscription::ALL.iter().filter(|other| *other != feed) {
            let error = other.follow::<H>(&fixture.client, checkpoint.clone()).expect_error();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{other:?} after {checkpoint:?}");
        }
        if matches!(feed, Subscription::NewMessages) {
            let notices = fixture.client.chats().chat(org::NOTICES);
            let error = FeedProbe::<H>::new(notices.new_messages(checkpoint.clone()), text).expect_error();
            assert!(error.to_string().contains(org::LOBBY), "{error}");
        }
        let mut json = serde_json::to_value(&checkpoint).expect("it can be written");
        json["version"] = 2.into();
        let newer: Checkpoint = serde_json::from_value(json).expect("it can be read");
        assert_eq!(feed.follow::<H>(&fixture.client, newer).expect_error().kind(), ErrorKind::InvalidInput);
        assert_eq!(fixture.sandbox.transcript().len(), before, "nothing is sent");
    }
}

#[executor_test]
pub(crate) fn stopped_feed_delivers_what_had_arrived_and_unsubscribes<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        assert_eq!(subscriptions(&fixture.sandbox), usize::from(feed.is_leased()));
        let all: Vec<_> = (1..4).map(|number| feed.happens(&fixture.sandbox, number)).collect();
        assert_eq!(events.expect_update().0, all[0]);
        let before = fixture.sandbox.transcript().len();
        events.stop();
        assert_eq!(events.expect_updates(2), all[1..], "{feed:?}");
        events.expect_end();
        assert_eq!(subscriptions(&fixture.sandbox), 0, "{feed:?}");
        let after = fixture.sandbox.transcript();
        let sent: Vec<_> = after[before..].iter().map(|line| line.method.as_str()).collect();
        assert_eq!(sent, if feed.is_leased() { &["DELETE"][..] } else { &[] }, "{feed:?}");
    });
}

/// For executors whose feeds can be stopped from another thread.
#[executor_test]
fn stop_in_the_middle_of_a_long_poll_is_prompt<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let Some(stop) = events.stopper() else { return };
        let act = || {
            let stopped = Instant::now();
            stop();
            stopped
        };
        let (stopped, ()) = once_it_waits(&fixture.sandbox, act, || events.expect_end());
        let took = stopped.elapsed();
        assert!(took < Duration::from_secs(3), "{feed:?} took {took:?} to stop");
        assert_eq!(subscriptions(&fixture.sandbox), 0, "{feed:?}");
    });
}

#[executor_test]
fn key_that_is_revoked_ends_every_feed<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let revoke = || fixture.sandbox.admin().revoke_key();
        let ((), error) = once_it_waits(&fixture.sandbox, revoke, || events.expect_error());
        assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(401)), "{feed:?}");
    });
}

#[executor_test]
fn chat_that_the_bot_is_not_in_any_more_ends_its_feeds<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let anna = fixture.sandbox.as_person(org::ANNA);
        let ban = || anna.remove_users(org::LOBBY, &[org::BOT]).expect("Anna administers the lobby");
        if matches!(feed, Subscription::LiveLocations | Subscription::NewMessages) {
            let ((), error) = once_it_waits(&fixture.sandbox, ban, || events.expect_error());
            assert_eq!(error.kind(), ErrorKind::NotFound, "{feed:?}");
            return;
        }
        ban();
        feed.happens(&fixture.sandbox, 1);
        anna.add_users(org::LOBBY, &[org::BOT]).expect("Anna administers the lobby");
        let again = feed.happens(&fixture.sandbox, 2);
        assert_eq!(events.expect_update().0, again, "the feeds of all chats continue, {feed:?} too");
    });
}

#[executor_test]
fn unsubscription_by_another_client_ends_a_feed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let elsewhere = fixture.client(|config| config);
    let mut locations = Subscription::LiveLocations.follow::<H>(&fixture.client, None);
    let mut reactions = Subscription::Reactions.follow::<H>(&fixture.client, None);
    locations.expect_started();
    reactions.expect_started();
    let unsubscribe = || fixture.ok(elsewhere.chats().chat(org::LOBBY).unsubscribe_location_updates());
    once_it_waits(&fixture.sandbox, unsubscribe, || locations.expect_end());
    let still = Subscription::Reactions.happens(&fixture.sandbox, 1);
    assert_eq!(reactions.expect_update().0, still, "this one continues");
    let unsubscribe = || fixture.ok(elsewhere.chats().unsubscribe_reaction_updates());
    once_it_waits(&fixture.sandbox, unsubscribe, || reactions.expect_end());
    assert_eq!(subscriptions(&fixture.sandbox), 0);
}

#[executor_test]
fn lease_that_ran_out_is_taken_again<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let while_nobody_asks = feed.happens(&fixture.sandbox, 1);
        fixture.sandbox.clock().advance(Duration::from_secs(6 * 60));
        assert_eq!(subscriptions(&fixture.sandbox), 0);
        assert_eq!(events.expect_update().0, while_nobody_asks, "{feed:?}");
        let expire = || {
            fixture.sandbox.admin().expire_leases();
            feed.happens(&fixture.sandbox, 2)
        };
        let (happened, delivered) = once_it_waits(&fixture.sandbox, expire, || events.expect_update().0);
        assert_eq!(delivered, happened, "{feed:?}");
        assert_eq!(subscriptions(&fixture.sandbox), usize::from(feed.is_leased()));
    });
}

#[executor_test]
fn events_that_the_server_dropped_are_reported_as_a_gap<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        feed.happens(&fixture.sandbox, 1);
        let old = events.expect_update().1;
        let expire = || fixture.sandbox.admin().expire_cursors();
        let ((), after) = once_it_waits(&fixture.sandbox, expire, || events.expect_gap());
        let two = feed.happens(&fixture.sandbox, 2);
        assert_eq!(events.expect_update().0, two, "{feed:?}");
        drop(events);
        assert_eq!(feed.follow::<H>(&fixture.client, after).expect_update().0, two, "{feed:?}");
        let mut late = feed.follow::<H>(&fixture.client, old);
        late.expect_gap();
        let three = feed.happens(&fixture.sandbox, 3);
        assert_eq!(late.expect_update().0, three, "{feed:?}");
    });
}

#[executor_test]
fn checkpoint_of_another_server_is_reported_as_a_gap<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        feed.happens(&fixture.sandbox, 1);
        let old = events.expect_update().1;
        drop(events);
        fixture.sandbox.admin().begin_epoch();
        let mut events = feed.follow::<H>(&fixture.client, old);
        events.expect_gap();
        let two = feed.happens(&fixture.sandbox, 2);
        assert_eq!(events.expect_update().0, two, "{feed:?}");
    });
}

#[executor_test]
fn outage_is_reported_and_loses_no_event<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let before = feed.happens(&fixture.sandbox, 1);
        assert_eq!(events.expect_update().0, before, "{feed:?}");
        let out = || fixture.sandbox.faults().set_down(true);
        let ((), mut last) = once_it_waits(&fixture.sandbox, out, || events.expect_failure());
        assert_eq!(last.attempt, 1);
        let meanwhile: Vec<_> = (2..5).map(|number| feed.happens(&fixture.sandbox, number)).collect();
        for attempt in 2..4 {
            let next = events.expect_failure();
            assert_eq!((next.attempt, next.error.kind()), (attempt, ErrorKind::Connection), "{feed:?}: {next:?}");
            assert!(
                next.retry_at.saturating_duration_since(last.retry_at) >= Duration::from_millis(250),
                "{last:?}, then {next:?}"
            );
            last = next;
        }
        fixture.sandbox.faults().set_down(false);
        assert_eq!(events.expect_updates(3), meanwhile, "{feed:?}");
        let after = feed.happens(&fixture.sandbox, 5);
        assert_eq!(events.expect_update().0, after, "{feed:?}");
    });
}

#[executor_test]
fn temporary_failure_costs_a_feed_no_event<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let failures = [
            (Fault::CutBefore, Duration::ZERO),
            (Fault::CutAfter, Duration::ZERO),
            (Fault::CutBody { after_bytes: 30 }, Duration::ZERO),
            (Fault::response(502, "text/html", "<h1>502 Bad Gateway</h1>"), Duration::ZERO),
            (Fault::response(200, "text/html", "<h1>Please log in</h1>"), Duration::ZERO),
            (Fault::response(403, "application/json", r#"{"code":"auth"}"#), Duration::ZERO),
            (Fault::response(410, "application/json", r#"{"code":"unsubscribed"}"#), Duration::ZERO),
            (Fault::status_retry_after(503, 1), Duration::from_secs(1)),
        ];
        for (number, (fault, asked)) in (1..).zip(failures) {
            // The replacement of a stale connection is not reported.
            fixture.sandbox.faults().add(Rule::new(fault.clone()).times(2));
            let next = feed.happens(&fixture.sandbox, number);
            let begun = Instant::now();
            assert_eq!(events.expect_failure().attempt, 1, "{feed:?}, {fault:?}");
            fixture.sandbox.faults().clear();
            assert_eq!(events.expect_update().0, next, "{feed:?}, {fault:?}");
            assert!(begun.elapsed() >= asked, "{feed:?} is asked for {asked:?}");
        }
    });
}

#[executor_test]
fn long_poll_may_take_longer_than_other_requests<H: Harness>() {
    every_feed(|feed| {
        let timeouts = Timeouts { request: Duration::from_millis(700), ..Timeouts::default() };
        let fixture = Fixture::<H>::configured(|config| config.with_timeouts(timeouts));
        let mut events = feed.follow::<H>(&fixture.client, FeedOptions::from_now().long_poll(Duration::from_secs(1)));
        events.expect_started();
        let polls = fixture.sandbox.received_count(feed.polls());
        let delivered = thread::scope(|scope| {
            scope.spawn(|| {
                let came =
                    fixture.sandbox.wait_until(PATIENCE, |sandbox| sandbox.received_count(feed.polls()) > polls + 1);
                feed.happens(&fixture.sandbox, 1);
                assert!(came, "the first poll has not ended");
            });
            events.event()
        });
        let is_update = matches!(&delivered, Some(Ok(event)) if event.clone().into_item().is_some());
        assert!(is_update, "{feed:?} delivers the update, and no failure: {delivered:?}");
    });
}

#[executor_test]
fn bot_replies_to_its_feed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.client.chats().chat(org::LOBBY);
    let mut events = FeedProbe::<H>::new(lobby.new_messages(None), |it: Message| it.text.unwrap_or_default());
    events.expect_started();
    fixture.sandbox.as_person(org::ANNA).post(org::LOBBY, "1").expect("Anna is in the lobby");
    for number in 1..20 {
        assert_eq!(events.expect_update().0, number.to_string());
        fixture.ok(lobby.post((number + 1).to_string()));
    }
}
