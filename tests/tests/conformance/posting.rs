//! Posting: messages arrive complete, and once.

use std::time::Duration;

use chrono::DateTime;
use serde_json::json;
use teamwire_core::{
    AlertType, Draft, ErrorKind,
    model::{Attachment, CalendarEvent, Coordinates, LiveLocation, Location, Poll, ShareDuration},
};
use teamwire_sandbox::{Fault, Rule, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

const POSTS: &str = "POST /v1/chats/{tid}/messages";
const LOBBY_POSTS: &str = "/v1/chats/*/messages";

#[executor_test(protocols)]
fn post_is_the_same_for_every_member<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.chat(org::LOBBY);
    let posted = fixture.ok(lobby.post(Draft::text("hello").sender_display_name("Monitoring")));
    assert_eq!((posted.tid.as_str(), posted.from_user.uid.as_str()), (org::LOBBY, org::BOT));
    assert_eq!((posted.text.as_deref(), posted.sender_display_name.as_deref()), (Some("hello"), Some("Monitoring")));
    assert_eq!((posted.is_alert, &posted.alert_type, &posted.reply_to, posted.deleted), (false, &None, &None, false));
    assert_eq!(fixture.sandbox.texts(org::LOBBY), [Some("hello".to_owned())]);
    let listed = fixture.ok(lobby.messages(None));
    assert_eq!(listed.messages, std::slice::from_ref(&posted));
    assert_eq!(listed.last_modified.map(|time| time.timestamp_millis()), Some(posted.timestamp()));
}

#[executor_test(protocols)]
fn every_text_arrives_as_it_was_sent<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let long = "\u{1f600}".repeat(10_000);
    let texts = [
        " ",
        "\u{1}\t\r\n\u{7f}",
        "\"\\/<>&'",
        "Grüße, Ωmega, 漢字, \u{1f468}\u{200d}\u{1f469}",
        "\u{feff}x\u{202e}",
        &long,
    ];
    for text in texts {
        assert_eq!(fixture.ok(fixture.chat(org::LOBBY).post(text)).text.as_deref(), Some(text));
    }
    let arrived: Vec<_> = fixture.sandbox.texts(org::LOBBY).into_iter().flatten().collect();
    assert_eq!(arrived, texts);
}

#[executor_test]
fn every_attachment_comes_back_as_it_was_sent<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let place = Coordinates::new(-33.856_784, 151.215_297).expect("it is on earth");
    let start = DateTime::from_timestamp_millis(1_767_225_600_123).expect("a date");
    let calendar = CalendarEvent::new("Handover", start, start).expect("it is in order").with_location("Ward 3");
    let mut location = Location::new("Meeting point", place);
    location.city = Some("Sydney".into());
    let live = LiveLocation::new(place, ShareDuration::EightHours);
    let poll = Poll::new("Who?", ["I", "you"]).expect("two options").multiple_choice();
    let draft = Draft::new().attach(calendar.clone()).attach(location.clone()).attach(live).attach(poll.clone());
    let posted = fixture.ok(fixture.chat(org::LOBBY).post(draft));
    let sent = [
        Attachment::Calendar(calendar),
        Attachment::Location(location),
        Attachment::LiveLocation(live),
        Attachment::Poll(poll),
    ];
    assert_eq!((posted.text.as_deref(), posted.attachments.as_slice()), (None, sent.as_slice()));
    assert_eq!(fixture.ok(fixture.chat(org::LOBBY).messages(None)).messages[0].attachments, sent);
}

#[executor_test(protocols)]
fn attachments_of_others_are_understood<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let anna = fixture.sandbox.as_person(org::ANNA);
    let asset = anna.upload("Plan März.pdf", "application/pdf", b"%PDF-1.7");
    let attachments = json!([
        { "kind": "gallery", "images": [asset, asset] },
        { "kind": "sound", "asset": asset, "duration_ms": 1500 },
        { "kind": "video", "asset": asset },
        { "kind": "file", "asset": asset },
    ]);
    anna.post_json(org::LOBBY, &json!({ "attachments": attachments })).expect("Anna is in the lobby");
    let message = fixture.ok(fixture.chat(org::LOBBY).messages(None)).messages.remove(0);
    let [Attachment::Gallery(images), Attachment::Sound(_, sound), Attachment::Video(_, clip), Attachment::File(file)] =
        message.attachments.as_slice()
    else {
        panic!("{message:?}");
    };
    assert_eq!((images.len(), *sound, *clip), (2, Some(Duration::from_millis(1500)), None));
    assert_eq!((file.asset_id.as_str(), file.file_name.as_str(), file.size), (asset.as_str(), "Plan März.pdf", 8));
}

#[executor_test(protocols)]
fn attention_message_has_its_type<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for (kind, name) in
        [(AlertType::Alert, "alert"), (AlertType::Announcement, "announcement"), (AlertType::Note, "note")]
    {
        let posted = fixture.ok(fixture.chat(org::LOBBY).post(Draft::text("x").alert(kind.clone())));
        assert_eq!((posted.is_alert, posted.alert_type), (true, Some(kind.clone())));
        let anna = fixture.sandbox.as_person(org::ANNA);
        anna.post_alert(org::LOBBY, "y", name).expect("Anna is in the lobby");
        let listed = fixture.ok(fixture.chat(org::LOBBY).messages(None)).messages.pop().expect("Anna has posted");
        assert_eq!((listed.from_user.uid.as_str(), listed.alert_type), (org::ANNA, Some(kind)));
    }
}

#[executor_test(protocols)]
fn reply_names_the_message_it_replies_to<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.chat(org::LOBBY);
    let question = fixture.ok(lobby.post("Who?"));
    let reply = fixture.ok(lobby.post(Draft::text("I").reply_to(&question)));
    assert_eq!(reply.reply_to, Some(question.mid));
    let error = fixture.err(lobby.post(Draft::text("I").reply_to("m-nobody-wrote-it")));
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[executor_test(protocols)]
fn chat_that_is_closed_takes_no_posts<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.sandbox.as_person(org::ANNA).close(org::LOBBY).expect("Anna administers the lobby");
    let error = fixture.err(fixture.chat(org::LOBBY).post("hello"));
    assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Conflict, Some(409), Some("conflict")));
    assert_eq!(fixture.sandbox.received_count(POSTS), 1, "a retry would fail, too");
}

#[executor_test(protocols)]
fn only_admins_post_where_only_they_may<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.sandbox.as_person(org::BEN).allow_sending(org::NOTICES, false).expect("Ben administers the notices");
    let error = fixture.err(fixture.chat(org::NOTICES).post("hello"));
    assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(403)));
}

#[executor_test]
fn post_that_may_have_arrived_is_shown_once<H: Harness>() {
    let times =
        [Fault::CutAfter, Fault::CutBefore, Fault::CutBody { after_bytes: 20 }, Fault::CutRequest { after_bytes: 1 }];
    for fault in times {
        let fixture = Fixture::<H>::new();
        fixture.sandbox.faults().add(Rule::new(fault.clone()).on("POST", LOBBY_POSTS).times(2));
        let posted = fixture.ok(fixture.chat(org::LOBBY).post("hello"));
        assert_eq!(fixture.sandbox.message_count(), 1, "{fault:?}");
        assert_eq!(fixture.ok(fixture.chat(org::LOBBY).messages(None)).messages, [posted]);
        let lines = fixture.sandbox.transcript();
        let keys: Vec<_> = lines.iter().filter_map(|line| line.idempotency_key.as_deref()).collect();
        assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "{fault:?}: {keys:?}");
    }
}

#[executor_test]
fn key_of_ones_own_is_shown_once<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let draft = || Draft::text("The database is down").idempotency_key("alarm-4711/raised");
    let first = fixture.ok(fixture.chat(org::LOBBY).post(draft()));
    // The program crashes, and is started again.
    let again = fixture.client(|config| config);
    let second = fixture.ok(again.chats().chat(org::LOBBY).post(draft()));
    assert_eq!((first, fixture.sandbox.message_count()), (second, 1));
}

#[executor_test]
fn key_of_another_request_is_refused<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.chat(org::LOBBY);
    fixture.ok(lobby.post(Draft::text("one").idempotency_key("k")));
    let error = fixture.err(lobby.post(Draft::text("another").idempotency_key("k")));
    assert_eq!((error.status(), error.code()), (Some(422), Some("idempotency_mismatch")));
    assert_eq!(fixture.sandbox.message_count(), 1);
}

#[executor_test]
fn post_that_is_still_worked_on_is_waited_for<H: Harness>() {
    let fixture = Fixture::<H>::configured(|config| {
        let patient = teamwire_core::config::RetryPolicy { max_retries: 500, ..retry(20) };
        let timeouts = teamwire_core::config::Timeouts {
            request: Duration::from_millis(150),
            ..teamwire_core::config::Timeouts::default()
        };
        config.with_timeouts(timeouts).with_retry(patient)
    });
    // The first response is too late, and its key is in progress until then.
    fixture.sandbox.faults().add(Rule::new(Fault::Slow(Duration::from_millis(400))).on("POST", LOBBY_POSTS));
    let posted = fixture.ok(fixture.chat(org::LOBBY).post("hello"));
    assert_eq!((posted.text.as_deref(), fixture.sandbox.message_count()), (Some("hello"), 1));
    assert!(fixture.sandbox.received_count(POSTS) >= 2);
}

fn retry(milliseconds: u64) -> teamwire_core::config::RetryPolicy {
    let wait = Duration::from_millis(milliseconds);
    teamwire_core::config::RetryPolicy {
        initial_backoff: wait,
        max_backoff: wait,
        ..teamwire_core::config::RetryPolicy::default()
    }
}
