//! The image of a chat.

use teamwire_core::{ErrorKind, NewChat, model::Image};
use teamwire_sandbox::org;
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::{CREATIONS, Folder, UPLOADS};

const BASELINE: &[u8] = include_bytes!("../../fixtures/baseline.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../../fixtures/progressive.jpg");
const CMYK: &[u8] = include_bytes!("../../fixtures/cmyk.jpg");
/// Its EXIF segment has a whole JPEG in it, end marker included.
const WITH_THUMBNAIL: &[u8] = include_bytes!("../../fixtures/exif.jpg");
const LARGEST: &[u8] = include_bytes!("../../fixtures/600x600.jpg");
const TOO_WIDE: &[u8] = include_bytes!("../../fixtures/601x600.jpg");
const PNG: &[u8] = include_bytes!("../../fixtures/png.jpg");

const END: &[u8] = &[0xFF, 0xD9];

#[executor_test]
fn every_kind_of_jpeg_becomes_the_avatar<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let mut lobby = fixture.chat(org::LOBBY);
    for jpeg in [BASELINE, PROGRESSIVE, WITH_THUMBNAIL, CMYK, LARGEST] {
        fixture.ok(lobby.set_avatar(folder.file("avatar", jpeg)));
        assert_eq!(fixture.ok(lobby.load_avatar()), jpeg);
    }
    fixture.ok(lobby.set_avatar(Image::from_bytes(BASELINE)));
    assert_eq!(fixture.ok(lobby.load_avatar()), BASELINE);
    fixture.ok(lobby.remove_avatar());
    assert_eq!(fixture.err(lobby.load_avatar()).kind(), ErrorKind::ImageLoad);
}

#[executor_test(adapters)]
fn image_that_is_not_fit_is_refused_before_it_is_sent<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let mut lobby = fixture.chat(org::LOBBY);
    let before = fixture.sandbox.transcript().len();
    let mut too_large = BASELINE.to_vec();
    too_large.resize((5 << 20) + 1, 0);
    let thumbnail_ends = WITH_THUMBNAIL.windows(2).position(|pair| pair == END).expect("it has an end");
    let without_its_end = WITH_THUMBNAIL.strip_suffix(END).expect("it ends there");
    let a_file = folder.file("baseline.jpg", BASELINE);
    // Windows reports a file in place of a folder as a missing one.
    let not_a_folder = if cfg!(windows) { "no such file" } else { "cannot be used" };
    for (path, why) in [
        (folder.path("none.jpg"), "no such file"),
        (folder.path(""), "is a directory"),
        (folder.path("nul\0.jpg"), "cannot be used"),
        (format!("{a_file}/avatar.jpg"), not_a_folder),
        (folder.file("png.jpg", PNG), "not a JPEG"),
        (folder.file("empty.jpg", []), "not a JPEG"),
        (folder.file("601x600.jpg", TOO_WIDE), "601x600"),
        (folder.file("huge.jpg", &too_large), "too large"),
        (folder.file("start.jpg", &BASELINE[..20]), "not a JPEG with a frame header"),
        (folder.file("half.jpg", &BASELINE[..BASELINE.len() / 2]), "end marker"),
        (folder.file("cut.jpg", without_its_end), "end marker is missing"),
        (folder.file("thumbnail.jpg", &WITH_THUMBNAIL[..thumbnail_ends + 2]), "not a JPEG with a frame header"),
    ] {
        let error = fixture.err(lobby.set_avatar(path.as_str()));
        let message = error.to_string();
        assert_eq!(error.kind(), ErrorKind::ImageLoad, "{path:?}: {message}");
        assert!(
            message.contains(&format!("{path:?}")) && message.contains(why),
            "{path:?} is to be {why:?}: {message}"
        );
    }
    for bytes in [PNG, TOO_WIDE, &too_large, without_its_end, b""] {
        assert_eq!(fixture.err(lobby.set_avatar(Image::from_bytes(bytes))).kind(), ErrorKind::ImageLoad);
    }
    assert_eq!(fixture.sandbox.transcript().len(), before, "something was sent");
}

#[executor_test]
fn avatar_that_is_not_there_is_not_loaded<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let error = fixture.err(fixture.client.chats().chat(org::LOBBY).load_avatar());
    assert_eq!((error.kind(), error.status()), (ErrorKind::ImageLoad, Some(404)));
    let error = fixture.err(fixture.client.chats().chat("no-such-chat").load_avatar());
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[executor_test]
fn avatar_that_cannot_be_removed_stays<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut lobby = fixture.chat(org::LOBBY);
    let error = fixture.err(lobby.remove_avatar());
    assert_eq!((error.kind(), error.status()), (ErrorKind::ImageRemove, Some(403)), "no avatar is set");
    fixture.ok(lobby.set_avatar(Image::from_bytes(BASELINE)));
    fixture.sandbox.admin().allow_avatar_removal(false);
    assert_eq!(fixture.err(lobby.remove_avatar()).kind(), ErrorKind::ImageRemove);
    assert_eq!(fixture.ok(lobby.load_avatar()), BASELINE);
}

#[executor_test]
fn new_chat_has_its_avatar<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    for image in [Image::from_bytes(BASELINE), Image::from_path(folder.file("avatar.jpg", BASELINE))] {
        let chat = fixture.ok(fixture.client.chats().create_chat(NewChat::titled("Ward 3").avatar(image)));
        assert_eq!(fixture.ok(chat.load_avatar()), BASELINE);
    }
    assert_eq!((fixture.sandbox.received_count(UPLOADS), fixture.sandbox.received_count(CREATIONS)), (2, 2));
}

#[executor_test]
fn new_chat_with_an_avatar_that_is_not_fit_is_not_made<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let chat = NewChat::titled("Ward 3").message("hello").avatar(Image::from_bytes(TOO_WIDE));
    assert_eq!(fixture.err(fixture.client.chats().create_chat(chat)).kind(), ErrorKind::ImageLoad);
    assert_eq!(fixture.sandbox.transcript(), []);
}
