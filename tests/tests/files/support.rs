//! Assets, attachments, and the requests for them.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use teamwire_core::{
    Message,
    model::{Asset, Attachment, NewAttachment, Upload},
};
use teamwire_sandbox::{Fault, Rule, Sandbox, org};
pub(crate) use teamwire_test_support::{Folder, Rng, pattern as bytes};
use teamwire_tests::{Fixture, harness::Harness};

pub(crate) const UPLOADS: &str = "POST /v1/assets";
pub(crate) const POSTS: &str = "POST /v1/chats/{tid}/messages";
pub(crate) const CREATIONS: &str = "POST /v1/chats";
/// Posts, for a rule.
pub(crate) const ANY_POST: &str = "/v1/chats/*/messages";
/// Downloads, for a rule.
pub(crate) const ANY_ASSET: &str = "/v1/assets/*";

/// An asset that Anna has posted in the lobby.
pub(crate) fn shown<H: Harness>(fixture: &Fixture<H>, bytes: &[u8]) -> Asset {
    let anna = fixture.sandbox.as_person(org::ANNA);
    let asset = anna.upload("plan.pdf", "application/pdf", bytes);
    let message = serde_json::json!({ "attachments": [{ "kind": "file", "asset": asset }] });
    anna.post_json(org::LOBBY, &message).expect("Anna is in the lobby");
    let mut messages = fixture.ok(fixture.client.chats().chat(org::LOBBY).messages(None)).messages;
    file(&messages.pop().expect("Anna has just posted it"))
}

/// The only file of a message.
#[track_caller]
pub(crate) fn file(message: &Message) -> Asset {
    match message.attachments.as_slice() {
        [Attachment::File(asset)] => asset.clone(),
        other => panic!("{other:?}"),
    }
}

/// An attachment of the file at this path.
pub(crate) fn attached(path: impl AsRef<Path>) -> NewAttachment {
    NewAttachment::file(Upload::from_path(path.as_ref().to_str().expect("paths of tests are Unicode")))
}

/// The requested ranges and versions of downloads, in order.
pub(crate) type Ranges = Arc<Mutex<Vec<Option<(String, String)>>>>;

/// Records the ranges from now on.
pub(crate) fn ranges(sandbox: &Sandbox) -> Ranges {
    let ranges = Ranges::default();
    let noted = Arc::clone(&ranges);
    let note = Rule::new(Fault::CutBefore).on("GET", ANY_ASSET).when(move |head| {
        let header = |name| head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        noted.lock().unwrap_or_else(PoisonError::into_inner).push(header("range").zip(header("if-range")));
        false
    });
    sandbox.faults().add(note.always());
    ranges
}

pub(crate) fn noted(ranges: &Ranges) -> Vec<Option<(String, String)>> {
    ranges.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
