//! Attachments: each kind is received as it was sent, and a post has all of its attachments or fails.

use std::time::Duration;

use chrono::DateTime;
use teamwire_core::{
    Draft, Error, ErrorKind, NewChat,
    error::Cause,
    model::{
        Asset, Attachment, Attachments, CalendarEvent, Coordinates, LiveLocation, Location, NewAttachment, NewOneToOne,
        Poll, ShareDuration, Upload,
    },
};
use teamwire_sandbox::{Fault, Rule, Sandbox, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::{ANY_POST, CREATIONS, Folder, POSTS, UPLOADS, attached, bytes};

/// The files that are attached, in their order.
const FILES: [(&str, &str, &[u8]); 5] = [
    ("one.png", "image/png", b"not really an image"),
    ("two.jpg", "image/jpeg", b"neither is this"),
    ("voice.ogg", "audio/ogg", b"la la la"),
    ("clip.mp4", "video/mp4", b"\0\x01\x02"),
    ("log.txt", "text/plain", b"22:00 handover\n"),
];

fn upload(at: usize) -> Upload {
    let (name, _, bytes) = FILES[at];
    Upload::from_bytes(name, bytes)
}

fn plain() -> (CalendarEvent, Location, LiveLocation, Poll) {
    let place = Coordinates::new(-33.856_784, 151.215_297).expect("it is on earth");
    let start = DateTime::from_timestamp_millis(1_767_225_600_123).expect("a date");
    let calendar =
        CalendarEvent::new("Handover", start, start).expect("it is in order").with_description("in the lobby");
    let poll = Poll::new("Who is on call?", ["Anna", "Ben"]).expect("two options");
    (calendar, Location::new("Meeting point", place), LiveLocation::new(place, ShareDuration::OneHour), poll)
}

/// One of each kind.
fn all() -> Attachments {
    let (calendar, location, live, poll) = plain();
    let mut all = Attachments::new();
    all.add(calendar).add(location).add(live).add(poll);
    all.add(NewAttachment::gallery([upload(0), upload(1)]).expect("two images"));
    all.add(NewAttachment::sound(upload(2), Duration::from_millis(1500)));
    all.add(NewAttachment::video(upload(3), None));
    all.add(upload(4));
    all
}

/// Asserts that the attachments are as they were sent, and that their files can be downloaded.
fn are_all_there<H: Harness>(fixture: &Fixture<H>, attachments: &[Attachment]) {
    let (calendar, location, live, poll) = plain();
    let plain = [
        Attachment::Calendar(calendar),
        Attachment::Location(location),
        Attachment::LiveLocation(live),
        Attachment::Poll(poll),
    ];
    assert_eq!(attachments[..4], plain);
    let [
        Attachment::Gallery(images),
        Attachment::Sound(sound, lasts),
        Attachment::Video(video, None),
        Attachment::File(file),
    ] = &attachments[4..]
    else {
        panic!("{:?}", &attachments[4..]);
    };
    assert_eq!((images.len(), *lasts), (2, Some(Duration::from_millis(1500))));
    let assets: Vec<&Asset> = images.iter().chain([sound, video, file]).collect();
    for (asset, (name, media_type, bytes)) in assets.into_iter().zip(FILES) {
        assert_eq!((asset.file_name.as_str(), asset.media_type.as_str()), (name, media_type));
        assert_eq!(asset.size, bytes.len() as u64);
        assert_eq!(fixture.ok(fixture.client.chats().download(asset)), bytes, "{name}");
    }
}

#[executor_test]
fn every_kind_comes_back_in_a_message<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.client.chats().chat(org::LOBBY);
    let posted = fixture.ok(lobby.post(Draft::new().attach_all(all())));
    are_all_there(&fixture, &posted.attachments);
    assert_eq!(fixture.ok(lobby.messages(None)).messages, [posted]);
}

#[executor_test]
fn every_kind_comes_back_in_a_new_chat<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let chat = all().into_iter().fold(NewChat::titled("Ward 3").message("hello"), NewChat::attach);
    let chat = fixture.ok(fixture.client.chats().create_chat(chat));
    let messages = fixture.ok(chat.messages(None)).messages;
    assert_eq!((messages.len(), messages[0].text.as_deref()), (1, Some("hello")));
    are_all_there(&fixture, &messages[0].attachments);
}

#[executor_test]
fn every_kind_comes_back_in_a_chat_between_two<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let chat = all().into_iter().fold(NewOneToOne::new(org::ANNA), NewOneToOne::attach);
    let chat = fixture.ok(fixture.client.chats().create_one_to_one_chat(chat));
    let messages = fixture.ok(chat.messages(None)).messages;
    assert_eq!((messages.len(), &messages[0].text), (1, &None));
    are_all_there(&fixture, &messages[0].attachments);
}

/// Cases in which the second of three files cannot be stored: the fixture, the path, and the reason.
fn half_way<H: Harness>(folder: &Folder) -> Vec<(Fixture<H>, String, ErrorKind, Option<&'static str>)> {
    let missing = Fixture::<H>::new();
    let small = Fixture::<H>::with(Sandbox::builder().asset_limit(100), |config| config);
    let broken = Fixture::<H>::new();
    broken.sandbox.faults().add(Rule::new(Fault::status(500)).on("POST", "/v1/assets").after(1).always());
    vec![
        (missing, folder.path("none.txt"), ErrorKind::File, None),
        (small, folder.file("large.txt", bytes(101)), ErrorKind::InvalidRequest, Some("payload_too_large")),
        (broken, folder.file("second.txt", "2"), ErrorKind::Server, Some("server")),
    ]
}

/// Returns true if the error names this file.
fn is_about(error: &Error, path: &str) -> bool {
    matches!(error.cause(), Cause::Attachment { file, .. } if path.ends_with(file) && error.to_string().contains(file))
}

#[executor_test]
fn message_waits_for_all_of_its_files<H: Harness>() {
    let folder = Folder::new();
    let (first, third) = (folder.file("first.txt", "1"), folder.file("third.txt", "3"));
    for (fixture, second, kind, code) in half_way::<H>(&folder) {
        let draft = Draft::text("hello").attach_all([&first, &second, &third].map(attached));
        let error = fixture.err(fixture.client.chats().chat(org::LOBBY).post(draft));
        assert_eq!((error.kind(), error.code()), (kind, code), "{error}");
        assert!(is_about(&error, &second), "{error:?} is about {second}");
        assert_eq!((fixture.sandbox.received_count(POSTS), fixture.sandbox.message_count()), (0, 0));
        assert_eq!(fixture.sandbox.transcript().iter().filter(|line| line.status == Some(201)).count(), 1);
    }
}

#[executor_test]
fn chat_is_made_after_all_of_its_files<H: Harness>() {
    let folder = Folder::new();
    let (first, third) = (folder.file("first.txt", "1"), folder.file("third.txt", "3"));
    let chat = |second: &String| {
        [&first, second, &third].map(attached).into_iter().fold(NewChat::titled("Ward 3").message("x"), NewChat::attach)
    };
    for (fixture, second, kind, code) in half_way::<H>(&folder) {
        let error = fixture.err(fixture.client.chats().create_chat(chat(&second)));
        assert_eq!((error.kind(), error.code()), (kind, code), "{error}");
        assert!(is_about(&error, &second), "{error:?} is about {second}");
        assert_eq!((fixture.sandbox.received_count(CREATIONS), fixture.sandbox.message_count()), (0, 0));
    }
    let fixture = Fixture::<H>::new();
    fixture.ok(fixture.client.chats().create_chat(chat(&first)));
    let lines = fixture.sandbox.transcript();
    let routes: Vec<_> = lines.iter().filter_map(|line| line.route.as_deref()).collect();
    assert_eq!(routes, [UPLOADS, UPLOADS, UPLOADS, CREATIONS]);
}

#[executor_test]
fn message_that_is_sent_again_brings_no_file_again<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    fixture.sandbox.faults().add(Rule::new(Fault::status_retry_after(503, 0)).on("POST", ANY_POST).times(2));
    fixture.sandbox.faults().add(Rule::new(Fault::CutAfter).on("POST", ANY_POST));
    let files = ["1", "2"].map(|name| attached(folder.file(name, name)));
    let posted = fixture.ok(fixture.client.chats().chat(org::LOBBY).post(Draft::new().attach_all(files)));
    assert_eq!((posted.attachments.len(), fixture.sandbox.message_count()), (2, 1));
    assert_eq!((fixture.sandbox.received_count(UPLOADS), fixture.sandbox.received_count(POSTS)), (2, 4));
}

#[executor_test]
fn key_of_any_length_and_form_is_good_for_files<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.client.chats().chat(org::LOBBY);
    let longest = "k".repeat(128);
    for key in [longest.as_str(), "alarm-7", "alarm-7/1", "~"] {
        let draft = || Draft::text(key).attach(Upload::from_bytes("log.txt", "22:00")).idempotency_key(key);
        let posted = fixture.ok(lobby.post(draft()));
        let uploads = fixture.sandbox.received_count(UPLOADS);
        assert_eq!(fixture.ok(lobby.post(draft())), posted, "the same files are the same assets");
        assert_eq!(fixture.sandbox.received_count(UPLOADS), uploads + 1);
    }
    assert_eq!(fixture.sandbox.message_count(), 4);
    fixture.ok(lobby.post(Draft::text("no file").idempotency_key("alarm-7/2")));
}
