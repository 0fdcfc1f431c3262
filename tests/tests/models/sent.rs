//! The requests of the core have what a writer outside of it reads from the same values.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use serde_json::json;
use teamwire_core::{
    AlertType, Client, Draft, Error, ErrorKind, NewChat, Script,
    model::{
        Asset, CalendarEvent, Coordinates, Download, FileSource, Image, LiveLocation, Location, NewAttachment,
        NewOneToOne, Poll, ShareDuration, Upload,
    },
    script::{Expect, RecordedRequest, Respond, sample},
};
use teamwire_tests::operations::AVATAR;

use crate::{
    foreign::{self, Stored},
    new_year,
};

/// The files on disk.
const FILES: &[(&str, &[u8])] =
    &[("/var/log/backup.log", b"no space left"), ("/srv/siren.ogg", b"uiuiui"), ("/srv/avatar.jpg", AVATAR)];

/// Returns the request that remains if each of the uploads has been stored, and asserts the requests of the uploads.
fn sent(path: &str, uploads: &[Upload], run: impl FnOnce(&Client<Script>) -> Result<(), Error>) -> RecordedRequest {
    let response = if path == "/v1/chats" { sample::chat("c1", "Operations") } else { sample::message("m1", "c1", "") };
    let mut stored = Stored::default();
    let script = FILES.iter().fold(Script::new(), |script, (path, bytes)| script.with_file(*path, *bytes));
    let script = uploads.iter().fold(script, |script, _| {
        let asset = json!({ "id": stored.next(), "file_name": "any", "media_type": "any/any", "size": 1 });
        script.then(Expect::post("/v1/assets"), Respond::json(201, asset))
    });
    let script = script.then(Expect::post(path), Respond::json(201, response));
    run(&Client::new(script.clone())).expect("the script has it");
    script.assert_done();

    let mut requests = script.requests();
    let last = requests.pop().expect("there is a request");
    assert_eq!(requests.len(), uploads.len());
    for (upload, request) in uploads.iter().zip(&requests) {
        assert_eq!(*request.request.body(), foreign::content(&upload.source, FILES), "{upload:?}");
        let disposition = request.header("content-disposition").expect("an upload has a name");
        assert!(disposition.ends_with(&upload.file_name), "{disposition}, {upload:?}");
        if let Some(media_type) = &upload.media_type {
            assert_eq!(request.header("content-type"), Some(&**media_type));
        }
    }
    last
}

fn munich() -> Coordinates {
    Coordinates::new(48.1, 11.6).expect("it is on earth")
}

/// Returns attachments of every kind.
fn attachments() -> Vec<NewAttachment> {
    let start = new_year();
    let event = CalendarEvent::new("Maintenance", start, start + TimeDelta::hours(1)).expect("it ends after its start");
    let mut depot = Location::new("Depot", munich());
    (depot.address, depot.city) = (Some("Main Street 1".into()), Some("Munich".into()));
    (depot.country, depot.postal_code) = (Some("Germany".into()), Some("80331".into()));
    let siren = Upload::from_path("/srv/siren.ogg").media_type("audio/ogg");
    let image = |name: &str| Upload::from_bytes(name, AVATAR);
    vec![
        event.clone().into(),
        event.with_description("All systems").with_location("Room 4").into(),
        Location::new("Yard", munich()).into(),
        depot.into(),
        LiveLocation::new(munich(), ShareDuration::OneHour).into(),
        NewAttachment::gallery([image("1.jpg"), image("2.jpg")]).expect("two are allowed"),
        NewAttachment::sound(siren.clone(), Duration::from_millis(1_500)),
        NewAttachment::sound(siren.clone(), None),
        NewAttachment::video(siren.file_name("siren.mp4"), Duration::from_secs(2)),
        NewAttachment::file(Upload::from_path("/var/log/backup.log").file_name("tonight.log").may_grow()),
        Poll::new("On call?", ["Anna", "Ben"]).expect("two are allowed").into(),
        Poll::new("On call?", ["Anna", "Ben"]).expect("two are allowed").multiple_choice().into(),
    ]
}

fn uploads(attachments: &[NewAttachment]) -> Vec<Upload> {
    attachments.iter().flat_map(NewAttachment::uploads).cloned().collect()
}

#[test]
fn drafts_can_be_read() {
    let rich = Draft::text("The database is down")
        .attach_all(attachments())
        .alert(AlertType::Announcement)
        .reply_to("m0")
        .sender_display_name("Monitoring")
        .idempotency_key("alarm-4711");
    let only_file = Draft::new().attach(Upload::from_bytes("plan.txt", "stay calm"));
    for draft in [
        "hello".into(),
        rich,
        only_file,
        Draft::text("down").set_alert(true),
        Draft::text("down").set_alert(true).alert(AlertType::Note),
        Draft::text("down").set_alert(false),
    ] {
        let request = sent("/v1/chats/c1/messages", &uploads(&draft.attachments), |client| {
            client.chats().chat("c1").post(draft.clone()).map(drop)
        });
        assert_eq!(request.json(), Some(foreign::draft(&draft, &mut Stored::default())), "{draft:?}");
        if let Some(key) = &draft.idempotency_key {
            assert_eq!(request.header("idempotency-key"), Some(&**key));
        }
    }
}

#[test]
fn drafts_can_be_changed_by_their_fields() {
    let built = Draft::text("down").attach(Upload::from_bytes("plan.txt", "stay calm")).reply_to("m0");
    let mut draft = Draft::new();
    draft.text = Some("down".into());
    draft.attachments.push(Upload::from_bytes("plan.txt", "stay calm").into());
    draft.reply_to = Some("m0".into());
    assert_eq!(draft, built);
}

#[test]
fn new_chats_can_be_read() {
    let rich = NewChat::titled("Operations")
        .users(["u-anna", "u-ben"])
        .group("g1")
        .admin("u-anna")
        .message("Welcome")
        .attach(Upload::from_path("/var/log/backup.log"))
        .avatar("/srv/avatar.jpg")
        .alert_chat(true)
        .allow_sending(false)
        .allow_mute_notifications(false)
        .idempotency_key("chat-1");
    for chat in [NewChat::titled("Operations"), NewChat::titled("").avatar(Image::from_bytes(AVATAR)), rich] {
        let avatar = chat.avatar.iter().map(|image| {
            assert_eq!(foreign::content(&image.source, FILES), AVATAR);
            Upload::from_bytes("avatar.jpg", AVATAR)
        });
        let uploads: Vec<_> = avatar.chain(uploads(&chat.attachments)).collect();
        let request = sent("/v1/chats", &uploads, |client| client.chats().create_chat(chat.clone()).map(drop));
        assert_eq!(request.json(), Some(foreign::new_chat(&chat, &mut Stored::default())), "{chat:?}");
        if let Some(key) = &chat.idempotency_key {
            assert_eq!(request.header("idempotency-key"), Some(&**key));
        }
    }
}

#[test]
fn new_one_to_one_chats_can_be_read() {
    let rich = NewOneToOne::new("u-anna")
        .message("hello")
        .attach(Upload::from_path("/var/log/backup.log"))
        .idempotency_key("chat-2");
    for chat in [NewOneToOne::from("u-anna"), rich] {
        let request = sent("/v1/chats", &uploads(&chat.attachments), |client| {
            client.chats().create_one_to_one_chat(chat.clone()).map(drop)
        });
        assert_eq!(request.json(), Some(foreign::new_one_to_one(&chat, &mut Stored::default())), "{chat:?}");
        if let Some(key) = &chat.idempotency_key {
            assert_eq!(request.header("idempotency-key"), Some(&**key));
        }
    }
}

#[test]
fn uploads_and_downloads_can_be_read() {
    let seen = Arc::new(AtomicU64::new(0));
    let observer = |seen: &Arc<AtomicU64>| {
        let seen = seen.clone();
        move |progress: teamwire_core::effect::TransferProgress| seen.store(progress.bytes, Ordering::Relaxed)
    };
    let upload = Upload::from_path("/var/log/backup.log").may_grow().on_progress(observer(&seen));
    assert_eq!(upload.source, FileSource::Path("/var/log/backup.log".into()));
    assert_eq!((&*upload.file_name, &upload.media_type, upload.may_grow), ("backup.log", &None, true));
    upload.progress.expect("it has an observer").report(7, None);
    assert_eq!(seen.load(Ordering::Relaxed), 7);

    let asset = Asset::new("a1", "backup.log", "text/plain", 13);
    let download = Download::new(&asset).on_progress(observer(&seen));
    assert_eq!(download.asset, asset);
    download.progress.expect("it has an observer").report(8, Some(13));
    assert_eq!(seen.load(Ordering::Relaxed), 8);
}

#[test]
fn received_attachments_that_are_invalid_are_not_posted() {
    let start = new_year();
    let options = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
    let cases: [(NewAttachment, _); 5] = [
        (
            CalendarEvent::received("Maintenance", start, start - TimeDelta::hours(1)).into(),
            "the end 2025-12-31 23:00:00 UTC is before the start 2026-01-01 00:00:00 UTC",
        ),
        (Poll::received("On call?", options(1)).into(), "must have 2 or more options, not 1"),
        (Poll::received("On call?", options(21)).into(), "must have at most 20 options, not 21"),
        (Poll::received("On call?", ["Anna".into(), "Anna".into()]).into(), "the option \"Anna\" occurs twice"),
        (
            LiveLocation::received(munich(), Duration::from_secs(1_234)).into(),
            "the duration must be 15 minutes, 1 hour or 8 hours",
        ),
    ];
    for (attachment, reason) in cases {
        let draft = Draft::new().attach(attachment);
        // The script expects no request.
        let error = Client::new(Script::new()).chats().chat("c1").post(draft).expect_err("it is invalid");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(reason), "{error}");
    }
}
