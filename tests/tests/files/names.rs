//! Names and media types of files.

use teamwire_core::{Error, ErrorKind, error::Cause, model::Upload};
use teamwire_sandbox::org;
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::{Folder, attached, file};

/// Posts this one file. Returns its name and media type.
fn sent<H: Harness>(fixture: &Fixture<H>, upload: Upload) -> (String, String) {
    let draft = teamwire_core::Draft::new().attach(upload);
    let asset = file(&fixture.ok(fixture.client.chats().chat(org::LOBBY).post(draft)));
    (asset.file_name, asset.media_type)
}

/// Posts this file after a valid one. Returns the error.
fn refused<H: Harness>(fixture: &Fixture<H>, upload: Upload) -> Error {
    let draft = teamwire_core::Draft::text("x").attach(Upload::from_bytes("good.txt", "good")).attach(upload);
    fixture.err(fixture.client.chats().chat(org::LOBBY).post(draft))
}

#[executor_test]
fn name_comes_back_as_it_was_given<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let (long, long_in_bytes) = ("x".repeat(255), "\u{1f600}".repeat(255));
    for name in [
        "log.txt",
        "two words  and \"quotes\" ' ; = , .txt",
        " at both ends ",
        "100%41%.txt",
        "a\r\nX-Evil: 1\r\n\r\nb.txt",
        "\u{1}\t\u{7f}",
        "Grüße, 漢字, \u{1f468}\u{200d}\u{1f469}, \u{202e}txt.exe",
        "..",
        ".hidden",
        "UTF-8''x",
        &long,
        &long_in_bytes,
    ] {
        assert_eq!(sent(&fixture, Upload::from_bytes(name, "x")).0, name);
        assert_eq!(sent(&fixture, Upload::from_path(folder.file("x", "x")).file_name(name)).0, name);
    }
    let path = folder.file("Dienstplan März 100%.pdf", "x");
    assert_eq!(sent(&fixture, Upload::from_path(path)).0, "Dienstplan März 100%.pdf", "by default it has its own name");
}

#[executor_test]
fn name_that_no_file_has_is_refused_before_it_is_sent<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let (too_long, much_too_long) = ("\u{e9}".repeat(256), "x".repeat(1000));
    for name in ["", "a/b", "/", "..\\b", "nul\0", &too_long, &much_too_long] {
        let error = refused(&fixture, Upload::from_bytes(name, "x"));
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}: {error}");
        assert!(matches!(error.cause(), Cause::Attachment { file, .. } if file == name), "{error:?}");
    }
    let draft = teamwire_core::Draft::new().attach(attached("logs/"));
    let error = fixture.err(fixture.client.chats().chat(org::LOBBY).post(draft));
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "a path without a name");
    assert_eq!(fixture.sandbox.transcript(), []);
}

#[executor_test]
fn media_type_is_guessed_unless_it_is_given<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for (name, given, media_type) in [
        ("plan.pdf", None, "application/pdf"),
        ("PHOTO.JPEG", None, "image/jpeg"),
        ("voice.ogg", None, "audio/ogg"),
        ("log.txt", None, "text/plain"),
        ("no extension", None, "application/octet-stream"),
        ("what.is-this", None, "application/octet-stream"),
        ("log.txt", Some("application/x-ndjson"), "application/x-ndjson"),
        ("log.txt", Some("text/plain; charset=utf-8"), "text/plain; charset=utf-8"),
    ] {
        let upload = Upload::from_bytes(name, "x");
        let upload = given.into_iter().fold(upload, Upload::media_type);
        assert_eq!(sent(&fixture, upload), (name.to_owned(), media_type.to_owned()));
    }
}

#[executor_test]
fn invalid_media_type_is_refused_before_it_is_sent<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for media_type in ["", "text", "text/plain\r\nX-Evil: 1", "text/\0"] {
        let error = refused(&fixture, Upload::from_bytes("log.txt", "x").media_type(media_type));
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{media_type:?}: {error}");
    }
    assert_eq!(fixture.sandbox.transcript(), []);
}
