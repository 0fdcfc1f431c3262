//! What the tests of files share: a folder of each test's own, bytes to send, and a look at what was asked for.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use teamwire_core::{Asset, Attachment, Message, NewAttachment, Upload};
use teamwire_sandbox::{Fault, Rule, Sandbox, org};
use teamwire_tests::{Fixture, harness::Harness};

pub(crate) const UPLOADS: &str = "POST /v1/assets";
pub(crate) const POSTS: &str = "POST /v1/chats/{tid}/messages";
pub(crate) const CREATIONS: &str = "POST /v1/chats";
/// Posts, for a rule.
pub(crate) const ANY_POST: &str = "/v1/chats/*/messages";
/// Downloads, for a rule.
pub(crate) const ANY_ASSET: &str = "/v1/assets/*";

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("teamwire-files-{}-{number}", process::id()));
        fs::create_dir_all(&path).expect("the folder for temporary files takes a folder");
        Self(path)
    }

    /// The path of a file in it, there or not.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("the folder for temporary files has a name in Unicode").to_owned()
    }

    /// A file in it. Answers its path.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).expect("the folder takes a file");
        path
    }

    /// What is in it, by name.
    pub(crate) fn content(&self) -> Vec<(String, Vec<u8>)> {
        let read = |path: PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            (name.unwrap_or_default(), fs::read(path).expect("only files are in it"))
        };
        let entries = fs::read_dir(&self.0).expect("the folder is there");
        let mut content: Vec<_> = entries.map(|entry| read(entry.expect("it can be listed").path())).collect();
        content.sort();
        content
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Rng that are as good as random, and always the same (`SplitMix64`).
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// So many bytes of which no two places look alike.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    let (mut rng, mut bytes) = (Rng::new(length as u64), vec![0; length]);
    for piece in bytes.chunks_mut(8) {
        piece.copy_from_slice(&rng.next().to_le_bytes()[..piece.len()]);
    }
    bytes
}

/// An asset that Anna shows in the lobby, and so to the bot.
pub(crate) fn shown<H: Harness>(fixture: &Fixture<H>, bytes: &[u8]) -> Asset {
    let anna = fixture.sandbox.as_person(org::ANNA);
    let asset = anna.upload("plan.pdf", "application/pdf", bytes);
    let message = serde_json::json!({ "attachments": [{ "kind": "file", "asset": asset }] });
    anna.post_json(org::LOBBY, &message).expect("Anna is in the lobby");
    let mut messages = fixture.ok(fixture.client.chats().chat(org::LOBBY).messages(None)).messages;
    file(&messages.pop().expect("Anna has just posted it"))
}

/// The one file of a message.
#[track_caller]
pub(crate) fn file(message: &Message) -> Asset {
    match message.attachments.as_slice() {
        [Attachment::File(asset)] => asset.clone(),
        other => panic!("{other:?}"),
    }
}

/// The file at this path, to be attached.
pub(crate) fn attached(path: impl AsRef<Path>) -> NewAttachment {
    NewAttachment::file(Upload::path(path.as_ref().to_str().expect("paths of tests are Unicode")))
}

/// The ranges that downloads ask for, and of which version, in their order.
pub(crate) type Ranges = Arc<Mutex<Vec<Option<(String, String)>>>>;

/// Notes the ranges from here on.
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
