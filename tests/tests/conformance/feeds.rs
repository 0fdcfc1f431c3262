//! Feeds: events arrive once and in order despite failures, and feeds end as they should.

mod checkpoints;
pub(crate) mod ends;
mod failures;

use std::{
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    AlertType, Draft, FeedOptions, Message, Reaction,
    model::{ChatEvent, LiveLocationUpdate},
};
use teamwire_sandbox::{Sandbox, org};
use teamwire_tests::{FeedProbe, Fixture, executor_test, harness::Harness, operations::Subscription};

/// Maximum wait for any event.
const MAX_WAIT: Duration = Duration::from_secs(10);

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
            let waits = sandbox.wait_until(MAX_WAIT, |sandbox| sandbox.pending_polls() > 0);
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
        assert!(begun.elapsed() < MAX_WAIT, "a long poll ends at the first event");
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
fn own_messages_are_left_out_on_request<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let (chats, lobby) = (fixture.client.chats(), fixture.client.chats().chat(org::LOBBY));
    let me = fixture.ok(fixture.client.contacts().me());
    let others = || FeedOptions::from_now().without_messages_of(&me);
    let mut of_chat = FeedProbe::<H>::new(lobby.new_messages(others()), text);
    let mut of_all = FeedProbe::<H>::new(chats.new_messages(others()), text);
    let mut of_events = FeedProbe::<H>::new(chats.events(others()), |event: ChatEvent| format!("{event:?}"));
    for feed in [&mut of_chat, &mut of_all, &mut of_events] {
        feed.expect_started();
    }
    let own = fixture.ok(lobby.post(Draft::text("mine").alert(AlertType::Note)));
    let anna = fixture.sandbox.as_person(org::ANNA);
    anna.post(org::LOBBY, "hers").expect("Anna is in the lobby");
    fixture.ok(lobby.post("mine, again"));
    anna.react(org::LOBBY, own.mid.as_str(), "love").expect("it is a note");
    for feed in [&mut of_chat, &mut of_all] {
        assert_eq!(feed.expect_update().0, "t-lobby: hers is there");
    }
    let events = of_events.expect_updates(2);
    assert!(events[0].contains("hers") && events[1].contains("Love"), "{events:?}");
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

/// Returns an event of a chat as text.
fn happened(event: ChatEvent) -> String {
    let tid = event.tid().clone();
    let (kind, detail) = match event {
        ChatEvent::Message(message) => ("message", message.text.unwrap_or_default()),
        ChatEvent::Deleted(deleted) => ("deleted", deleted.mid.to_string()),
        ChatEvent::Read(receipt) => ("read by", receipt.user.uid.to_string()),
        ChatEvent::Reaction(reaction) => ("reaction of", reaction.from_user.uid.to_string()),
        ChatEvent::Location(update) => ("location", update.coordinates.lat().to_string()),
        ChatEvent::Joined(chat) => ("joined", chat.title),
        ChatEvent::Left(_) => ("left", String::new()),
        ChatEvent::Closed(chat) => ("closed", chat.is_closed.to_string()),
        ChatEvent::Reopened(chat) => ("reopened", chat.is_closed.to_string()),
        ChatEvent::Renamed(chat) => ("renamed", chat.title),
        ChatEvent::Changed(chat) => ("changed", chat.users.len().to_string()),
        other => ("unknown", format!("{other:?}")),
    };
    format!("{tid} {kind} {detail}")
}

#[executor_test]
fn everything_that_happens_arrives_in_order<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut events = FeedProbe::<H>::new(fixture.client.chats().events(None), happened);
    events.expect_started();
    let (anna, ben) = (fixture.sandbox.as_person(org::ANNA), fixture.sandbox.as_person(org::BEN));
    let live = || {
        let alert = anna.post_alert(org::LOBBY, "Pump 3 is down", "alert").expect("Anna is in the lobby");
        ben.mark_read(org::LOBBY).expect("Ben is in the lobby");
        ben.react(org::LOBBY, &alert, "ok").expect("it is an alert");
        anna.share(org::LOBBY, 1.0, 9.0, Duration::from_secs(15 * 60)).expect("Anna is in the lobby");
        anna.rename(org::LOBBY, "Hall").expect("Anna administers it");
        anna.add_users(org::LOBBY, &[org::EMMA]).expect("Anna administers it");
        anna.close(org::LOBBY).expect("Anna administers it");
        anna.reopen(org::LOBBY).expect("Anna administers it");
        let later = anna.post(org::LOBBY, "oops").expect("Anna is in the lobby");
        let tid = ben.create_chat("New", &[org::BOT]).expect("Ben may");
        ben.remove_users(&tid, &[org::BOT]).expect("Ben administers it");
        (later, tid)
    };
    let ((oops, new), delivered) = once_it_waits(&fixture.sandbox, live, || events.expect_updates(13));
    let lobby = [
        "message Pump 3 is down",
        "read by u-ben",
        "reaction of u-ben",
        "message ",
        "location 1",
        "renamed Hall",
        "changed 5",
        "location 1",
        "closed true",
        "reopened false",
        "message oops",
    ];
    let mut expected: Vec<_> = lobby.iter().map(|event| format!("t-lobby {event}")).collect();
    expected.extend([format!("{new} joined New"), format!("{new} left ")]);
    assert_eq!(delivered, expected);
    anna.delete(org::LOBBY, &oops).expect("it is her own");
    assert_eq!(events.expect_update().0, format!("t-lobby deleted {oops}"));
}

#[executor_test(protocols)]
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
