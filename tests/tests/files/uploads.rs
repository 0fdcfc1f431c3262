//! Uploads of files.

use std::{
    fs::OpenOptions,
    io::Write,
    sync::atomic::{AtomicBool, Ordering},
};

use teamwire_core::{Draft, Error, ErrorKind, effect::FileErrorKind, error::Cause, model::Upload};
use teamwire_sandbox::{Fault, Rule, Sandbox, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::{Folder, POSTS, UPLOADS, bytes, file};

const LENGTH: usize = 4 << 20;

/// Returns an upload of some MiB that is changed after its first bytes have been read, and its path.
fn changing(folder: &Folder, change: impl Fn(&str) + Send + Sync + 'static) -> (Upload, String) {
    let path = folder.file("growing.log", bytes(LENGTH));
    let (log, changed) = (path.clone(), AtomicBool::new(false));
    let upload = Upload::from_path(path.as_str()).on_progress(move |_| {
        if !changed.swap(true, Ordering::Relaxed) {
            change(&log);
        }
    });
    (upload, path)
}

/// Posts a file that changes during the upload, and asserts that the post fails.
fn is_not_stored<H: Harness>((upload, path): (Upload, String)) {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.client.chats().chat(org::LOBBY);
    let error = fixture.err(lobby.post(Draft::text("the log").attach(upload)));
    assert_eq!(error.kind(), ErrorKind::File, "{error}");
    let Cause::Attachment { cause, .. } = error.cause() else { panic!("{error:?}") };
    assert!(
        matches!(cause.cause(), Cause::File(it) if it.kind == FileErrorKind::Changed && it.path == path),
        "{error:?}"
    );
    // The executor may notice the change, and close the connection, before the server reads the first byte.
    let arrived = (fixture.sandbox.received_count(UPLOADS), fixture.sandbox.received_count(POSTS));
    assert!(matches!(arrived, (0 | 1, 0)), "it is retried: {arrived:?}");
    fixture.ok(lobby.post("the next post"));
    assert_eq!(fixture.sandbox.handled_count(UPLOADS), 0, "half a file was stored");
}

fn shorten(path: &str) {
    OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(1)).expect("it can be cut");
}

fn append(path: &str) {
    let appended = OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all(b"x"));
    appended.expect("it can be appended to");
}

#[executor_test(adapters)]
fn file_that_becomes_shorter_is_not_stored<H: Harness>() {
    let folder = Folder::new();
    is_not_stored::<H>(changing(&folder, shorten));
    let (upload, path) = changing(&folder, shorten);
    is_not_stored::<H>((upload.may_grow(), path));
}

#[executor_test(adapters)]
fn file_that_becomes_longer_is_not_stored<H: Harness>() {
    let folder = Folder::new();
    is_not_stored::<H>(changing(&folder, append));
}

#[executor_test(adapters)]
fn log_that_grows_while_it_is_sent_is_stored<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let (upload, path) = changing(&folder, append);
    let draft = Draft::new().attach(upload.may_grow());
    let asset = file(&fixture.ok(fixture.client.chats().chat(org::LOBBY).post(draft)));
    assert!(fixture.ok(fixture.client.chats().download(&asset)) == bytes(LENGTH), "the asset is another");
    assert_eq!(std::fs::metadata(path).expect("it is there").len(), LENGTH as u64 + 1, "it did not grow");
}

/// Posts a file that is changed between two attempts.
fn changed_between_attempts<H: Harness>(
    upload: fn(Upload) -> Upload,
    change: fn(&str),
) -> (Fixture<H>, Result<teamwire_core::Message, Error>) {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let path = folder.file("growing.log", bytes(1_000));
    let log = path.clone();
    let rule = Rule::new(Fault::status(503)).on("POST", "/v1/assets").when(move |_| {
        change(&log);
        true
    });
    fixture.sandbox.faults().add(rule);
    let draft = Draft::new().attach(upload(Upload::from_path(path)));
    let posted = fixture.wait(fixture.client.chats().chat(org::LOBBY).post(draft));
    (fixture, posted)
}

#[executor_test]
fn log_that_grew_is_sent_as_it_was_measured<H: Harness>() {
    let (fixture, posted) = changed_between_attempts::<H>(Upload::may_grow, append);
    let asset = file(&posted.expect("it may grow"));
    assert_eq!(fixture.ok(fixture.client.chats().download(&asset)), bytes(1_000));
    let (_, posted) = changed_between_attempts::<H>(|upload| upload, append);
    assert_eq!(posted.expect_err("the file has changed").kind(), ErrorKind::File);
}

#[executor_test]
fn log_that_shrank_is_not_stored<H: Harness>() {
    for upload in [Upload::may_grow, |upload| upload] {
        let (fixture, posted) = changed_between_attempts::<H>(upload, shorten);
        assert_eq!(posted.expect_err("it is shorter").kind(), ErrorKind::File);
        assert_eq!(fixture.sandbox.handled_count(UPLOADS), 0, "half a file was stored");
    }
}

#[executor_test]
fn empty_file_is_a_file<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    for upload in [Upload::from_path(folder.file("empty", "")), Upload::from_bytes("empty", "")] {
        let asset = file(&fixture.ok(fixture.client.chats().chat(org::LOBBY).post(Draft::new().attach(upload))));
        assert_eq!(asset.size, 0);
        assert_eq!(fixture.ok(fixture.client.chats().download(&asset)), b"");
        fixture.ok(fixture.client.chats().download_to(&asset, folder.path("saved")));
        assert!(folder.content().contains(&("saved".to_owned(), Vec::new())));
    }
}

#[executor_test]
fn file_that_the_server_finds_too_large_is_its_refusal<H: Harness>() {
    let folder = Folder::new();
    let eight = bytes(8 << 20);
    for upload in [Upload::from_path(folder.file("huge.bin", &eight)), Upload::from_bytes("huge.bin", eight)] {
        let fixture = Fixture::<H>::with(Sandbox::builder().asset_limit(1 << 20), |config| config);
        let lobby = fixture.client.chats().chat(org::LOBBY);
        let error = fixture.err(lobby.post(Draft::text("x").attach(upload.clone())));
        assert_eq!((error.status(), error.code()), (Some(413), Some("payload_too_large")), "{upload:?}: {error}");
        assert_eq!(
            (fixture.sandbox.received_count(UPLOADS), fixture.sandbox.received_count(POSTS)),
            (1, 0),
            "{upload:?}"
        );
        fixture.ok(lobby.post("the next post"));
    }
}

#[executor_test]
fn upload_that_may_have_arrived_is_stored_once<H: Harness>() {
    let folder = Folder::new();
    let content = bytes(100_000);
    let path = folder.file("plan.pdf", &content);
    for fault in [
        Fault::CutBefore,
        Fault::CutRequest { after_bytes: 50_000 },
        Fault::CutAfter,
        Fault::CutBody { after_bytes: 20 },
        Fault::status(500),
        Fault::status_retry_after(503, 0),
    ] {
        let fixture = Fixture::<H>::new();
        fixture.sandbox.faults().add(Rule::new(fault.clone()).on("POST", "/v1/assets").times(2));
        let draft = Draft::new().attach(Upload::from_path(path.as_str()));
        let asset = file(&fixture.ok(fixture.client.chats().chat(org::LOBBY).post(draft)));
        assert_eq!(fixture.ok(fixture.client.chats().download(&asset)), content, "{fault:?}");
        let lines = fixture.sandbox.transcript();
        let uploads = lines.iter().filter(|line| line.route.as_deref() == Some(UPLOADS));
        let keys: Vec<_> = uploads.filter_map(|line| line.idempotency_key.as_deref()).collect();
        assert!(keys.len() >= 3 && keys.iter().all(|key| *key == keys[0]), "{fault:?}: {keys:?}");
    }
}
