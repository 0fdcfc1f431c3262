//! Feeds by plain polling.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use teamwire_core::{
    Checkpoint, Client, Config, Credentials, ErrorKind, Message,
    script::{Expect, Respond, Script},
};
use teamwire_protocols::Second;
use teamwire_sandbox::{Fault, Rule, org};
use teamwire_tests::{FeedProbe, Fixture, executor_test, harness::Harness, operations::Subscription};

use super::{backend, lobby};

/// The feeds that the protocol has.
const FEEDS: [Subscription; 2] = [Subscription::NewMessages, Subscription::AllNewMessages];

fn saved(checkpoint: &Checkpoint) -> Checkpoint {
    let json = serde_json::to_string(checkpoint).expect("it can be written");
    serde_json::from_str(&json).expect("it can be read")
}

#[executor_test(second)]
fn messages_arrive_once_and_in_order<H: Harness>() {
    for is_paused in [false, true] {
        let fixture = Fixture::<H>::new();
        let (anna, ben) = (fixture.sandbox.as_person(org::ANNA), fixture.sandbox.as_person(org::BEN));
        anna.post(org::LOBBY, "before the start").expect("Anna is in the lobby");
        if is_paused {
            // Then all messages have the same time.
            fixture.sandbox.clock().pause();
        }
        let mut of_chat = FeedProbe::<H>::new(lobby(&fixture).new_messages(None), text);
        let mut of_all = FeedProbe::<H>::new(fixture.client.chats().new_messages(None), text);
        of_chat.expect_started();
        of_all.expect_started();
        let sent: Vec<_> = (0..230).map(|number| number.to_string()).collect();
        for text in &sent {
            anna.post(org::LOBBY, text).expect("Anna is in the lobby");
        }
        assert_eq!(of_chat.expect_updates(230), sent);
        assert_eq!(of_all.expect_updates(230), sent);
        ben.post(org::NOTICES, "elsewhere").expect("Ben is in the notices");
        anna.post(org::LOBBY, "last").expect("Anna is in the lobby");
        assert_eq!(of_chat.expect_updates(1), ["last"]);
        let mut both = of_all.expect_updates(2);
        both.sort();
        assert_eq!(both, ["elsewhere", "last"]);
    }
}

fn text(message: Message) -> String {
    message.text.unwrap_or_default()
}

#[executor_test(second)]
fn restart_repeats_nothing_and_misses_nothing<H: Harness>() {
    for feed in FEEDS {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        let mut checkpoints = vec![saved(&events.expect_started())];
        let mut all: Vec<_> = (0..6).map(|number| feed.happens(&fixture.sandbox, number)).collect();
        for event in &all {
            let (delivered, checkpoint) = events.expect_update();
            assert_eq!(&delivered, event, "{feed:?}");
            checkpoints.push(saved(&checkpoint));
        }
        drop(events);
        all.extend((6..9).map(|number| feed.happens(&fixture.sandbox, number)));
        for (seen, checkpoint) in checkpoints.into_iter().enumerate() {
            let mut events = feed.follow::<H>(&fixture.client(|config| config), checkpoint);
            assert_eq!(events.expect_updates(9 - seen), all[seen..], "{feed:?} after {seen}");
        }
    }
}

#[test]
fn message_in_the_future_hides_none_that_follow() {
    let message = |id: &str, time: &str| {
        let user = json!({
            "userId": "u1", "firstName": "Anna", "lastName": "Maier", "organisation": "", "isBot": false,
        });
        json!({
            "messageId": id, "chatId": "c7", "sentAt": format!("2026-01-01T{time}.000Z"), "text": id, "user": user,
            "attachments": [], "isDeleted": false,
        })
    };
    let list = |messages: &[Value], time: &str| {
        let list = json!({ "data": messages, "meta": { "pages": 1 } });
        Respond::json(200, list).header("date", format!("Thu, 01 Jan 2026 {time} GMT"))
    };
    let (first, future) = (message("m1", "09:00:00"), message("m2", "10:00:00"));
    let (third, fourth) = (message("m3", "09:01:00"), message("m4", "09:02:00"));
    let poll = |since: &str| {
        let since = format!("2026-01-01T{since}Z").parse::<DateTime<Utc>>().expect("it is a time");
        Expect::get("/api/chats/c7/messages/").query("since", since.timestamp_millis().to_string())
    };
    let poll = |since: &str| poll(since).query("page", "1").query("size", "100");
    let credentials = Credentials::new("depot-bot", "a long password").expect("they are valid");
    let config = Config::new("https://chat.example", credentials).expect("it is a URL");
    let script = Script::with_config(config.with_protocol(Second::default()))
        .then(Expect::post("/api/login/"), Respond::status(200).header("set-cookie", "session=f3a9c17e5b"))
        .then(Expect::get("/api/chats/c7/messages/latest/").query("size", "100"), list(&[first], "09:00:01"))
        .then(poll("09:00:00"), list(std::slice::from_ref(&future), "09:00:30"))
        .then(poll("09:00:25"), list(&[third.clone(), future.clone()], "09:01:10"))
        .then(poll("09:01:05"), list(&[fourth, future], "09:02:00"));
    let events = Client::new(script.clone()).chats().chat("c7").new_messages(None);
    let items = events.filter_map(|event| event.expect("the feed continues").into_item());
    assert_eq!(items.map(text).collect::<Vec<_>>(), ["m2", "m3", "m4"]);
    script.assert_done();
}

#[executor_test(second)]
fn key_of_an_event_does_not_depend_on_the_polls_before<H: Harness>() {
    for feed in FEEDS {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        let start = saved(&events.expect_started());
        fixture.sandbox.clock().pause();
        let key = |checkpoint: Checkpoint| checkpoint.event_key("reply");
        // One poll for each of them, with times between them that are longer than the overlap of the polls.
        let keys: Vec<_> = [1, 8, 11]
            .into_iter()
            .map(|seconds| {
                fixture.sandbox.clock().advance(Duration::from_secs(seconds));
                feed.happens(&fixture.sandbox, u8::try_from(seconds).expect("it is small"));
                key(events.expect_update().1)
            })
            .collect();
        // Another process gets them in one poll.
        let mut events = feed.follow::<H>(&fixture.client(|config| config), start);
        let again: Vec<_> = keys.iter().map(|_| key(events.expect_update().1)).collect();
        assert_eq!(again, keys, "{feed:?}: a bot would reply again");
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2], "{keys:?}");
    }
}

#[executor_test(second)]
fn failures_lose_no_message<H: Harness>() {
    for feed in FEEDS {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let failures = [
            Fault::status(500),
            Fault::CutBefore,
            Fault::CutBody { after_bytes: 30 },
            Fault::response(502, "text/html", "<h1>502 Bad Gateway</h1>"),
            Fault::response(200, "text/html", "<h1>Please log in</h1>"),
        ];
        for (number, fault) in (1..).zip(failures) {
            fixture.sandbox.faults().add(Rule::new(fault.clone()).always());
            let next = feed.happens(&fixture.sandbox, number);
            assert_eq!(events.expect_failure().attempt, 1, "{feed:?}, {fault:?}");
            fixture.sandbox.faults().clear();
            assert_eq!(events.expect_update().0, next, "{feed:?}, {fault:?}");
        }
    }
}

#[executor_test(second)]
fn feed_continues_after_the_renewal_of_the_login<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut events = FEEDS[0].follow::<H>(&fixture.client, None);
    events.expect_started();
    for number in 1..4 {
        backend(&fixture).expire_sessions();
        let next = FEEDS[0].happens(&fixture.sandbox, number);
        assert_eq!(events.expect_update().0, next);
    }
    // A login of its own follows each of the three, unless two expire before a poll.
    assert!((2..=4).contains(&backend(&fixture).logins()), "{}", backend(&fixture).logins());
}

#[executor_test(second)]
fn feed_of_a_chat_ends_with_the_membership<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut events = FEEDS[0].follow::<H>(&fixture.client, None);
    events.expect_started();
    let anna = fixture.sandbox.as_person(org::ANNA);
    anna.remove_users(org::LOBBY, &[org::BOT]).expect("Anna administers the lobby");
    assert_eq!(events.expect_error().kind(), ErrorKind::NotFound);
}

#[executor_test(second)]
fn checkpoint_of_the_default_protocol_is_refused<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut events = FEEDS[0].follow::<H>(&fixture.client, None);
    let mut checkpoint = serde_json::to_value(events.expect_started()).expect("it can be written");
    checkpoint["cursor"] = "c-17".into();
    let checkpoint: Checkpoint = serde_json::from_value(checkpoint).expect("it can be read");
    let error = FEEDS[0].follow::<H>(&fixture.client, checkpoint).expect_error();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
}
