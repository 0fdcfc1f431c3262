//! Downloads of files.

use std::fs;

use teamwire_core::{ErrorKind, config::Limits};
use teamwire_sandbox::{Fault, Rule, Sandbox, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::{ANY_ASSET, Folder, bytes, shown};

#[executor_test(adapters)]
fn download_into_memory_has_its_limit<H: Harness>() {
    let folder = Folder::new();
    let limits = Limits { max_download_size: 100_000, ..Limits::default() };
    let fixture = Fixture::<H>::with(Sandbox::builder(), |config| config.with_limits(limits));
    let chats = fixture.client.chats();
    let (fits, does_not) = (bytes(100_000), bytes(100_001));
    assert_eq!(fixture.ok(chats.download(&shown(&fixture, &fits))), fits);
    let asset = shown(&fixture, &does_not);
    assert_eq!(fixture.err(chats.download(&asset)).kind(), ErrorKind::UnexpectedResponse);
    fixture.ok(chats.download_to(&asset, folder.path("plan.pdf")));
    assert_eq!(folder.content(), [("plan.pdf".to_owned(), does_not)], "a file has no limit");
}

#[executor_test]
fn file_takes_the_place_of_the_old_one<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let new = bytes(300_000);
    let asset = shown(&fixture, &new);
    fixture.ok(fixture.client.chats().download_to(&asset, folder.path("plan.pdf")));
    assert_eq!(folder.content(), [("plan.pdf".to_owned(), new.clone())]);
    let path = folder.file("plan.pdf", bytes(400_000));
    // A reader of the old file still reads the old file.
    let old = fs::File::open(&path).expect("it is there");
    fixture.ok(fixture.client.chats().download_to(&asset, path));
    assert_eq!(folder.content(), [("plan.pdf".to_owned(), new)]);
    assert_eq!(old.metadata().expect("it is open").len(), 400_000);
}

#[executor_test]
fn download_that_fails_leaves_everything_as_it_was<H: Harness>() {
    for (fault, kind) in [
        (Fault::CutBody { after_bytes: 100_000 }, ErrorKind::Connection),
        (Fault::CutAfter, ErrorKind::Connection),
        (Fault::status(500), ErrorKind::Server),
        (Fault::raw("this is not HTTP\r\n\r\n"), ErrorKind::UnexpectedResponse),
    ] {
        let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
        let asset = shown(&fixture, &bytes(300_000));
        // The response after the first cut is cut before its first byte.
        fixture.sandbox.faults().add(Rule::new(fault.clone()).on("GET", ANY_ASSET));
        fixture.sandbox.faults().add(
            Rule::new(fault.clone()).on("GET", ANY_ASSET).when(|head| !head.headers.contains_key("range")).always(),
        );
        fixture.sandbox.faults().add(Rule::new(Fault::CutBefore).on("GET", ANY_ASSET).always());
        let error = fixture.err(fixture.client.chats().download_to(&asset, folder.path("plan.pdf")));
        assert_eq!((error.kind(), folder.content()), (kind, vec![]), "{fault:?}");
        let path = folder.file("plan.pdf", "the old one");
        fixture.err(fixture.client.chats().download_to(&asset, path));
        assert_eq!(folder.content(), [("plan.pdf".to_owned(), b"the old one".to_vec())], "{fault:?}");
    }
}

#[executor_test]
fn missing_asset_is_not_found<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let mut asset = shown(&fixture, b"x");
    asset.asset_id = "nobody-uploaded-it".into();
    let chats = fixture.client.chats();
    assert_eq!(fixture.err(chats.download(&asset)).kind(), ErrorKind::NotFound);
    assert_eq!(fixture.err(chats.download_to(&asset, folder.path("plan.pdf"))).kind(), ErrorKind::NotFound);
    // Anna has uploaded this asset, but not posted it.
    let hidden = fixture.sandbox.as_person(org::ANNA).upload("plan.pdf", "application/pdf", b"x");
    asset.asset_id = hidden.into();
    assert_eq!(fixture.err(chats.download_to(&asset, folder.path("plan.pdf"))).kind(), ErrorKind::NotFound);
    assert_eq!(folder.content(), []);
}

#[executor_test]
fn unwritable_file_is_reported_as_such<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let asset = shown(&fixture, &bytes(300_000));
    let chats = fixture.client.chats();
    let nowhere = folder.path("no such folder/plan.pdf");
    let error = fixture.err(chats.download_to(&asset, nowhere.as_str()));
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(error.to_string().contains("no such folder"), "{error}");
    // A folder has this name.
    let inner = Folder::new();
    let taken = inner.path("");
    let error = fixture.err(chats.download_to(&asset, taken.trim_end_matches('/')));
    assert_eq!(error.kind(), ErrorKind::File, "{error}");
    assert_eq!((folder.content(), inner.content()), (vec![], vec![]));
    fixture.ok(chats.download(&asset));
}
