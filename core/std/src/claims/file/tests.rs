use std::{
    fs,
    path::{MAIN_SEPARATOR, PathBuf},
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use teamwire_core::{
    Checkpoint,
    claim::{ClaimRequest, Claimed, Member, Release, Save, Saved, StoreErrorKind},
};

use super::{ClaimStore, FileStore};
use crate::claims::conformance::{self, Subject};

/// A folder of a test.
struct Folder {
    path: PathBuf,
    now: Arc<AtomicU64>,
}

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("teamwire-file-store-{}-{number}", process::id()));
        Self { path, now: Arc::new(AtomicU64::new(1 << 50)) }
    }

    /// Returns the paths of all files, relative to the folder, with slashes.
    fn files(&self) -> Vec<String> {
        let (mut files, mut folders) = (Vec::new(), vec![self.path.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("it is a folder") {
                let path = entry.expect("it can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let path = path.strip_prefix(&self.path).expect("it is inside").to_owned();
                    files.push(path.to_str().expect("it is Unicode").replace(MAIN_SEPARATOR, "/"));
                }
            }
        }
        files.sort();
        files
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).expect("it is short")
}

impl Subject for Folder {
    type Store = FileStore;

    fn connect(&self) -> FileStore {
        let clock = Arc::clone(&self.now);
        FileStore::with_clock(&self.path, move || clock.load(Ordering::SeqCst)).expect("the folder is usable")
    }

    fn wipe(&self) {
        fs::remove_dir_all(&self.path).and_then(|()| fs::create_dir(&self.path)).expect("it is ours");
        self.pass(Duration::from_micros(1));
    }

    fn pass(&self, time: Duration) {
        self.now.fetch_add(micros(time), Ordering::SeqCst);
    }

    fn set_clock_back(&self, time: Duration) -> bool {
        self.now.fetch_sub(micros(time), Ordering::SeqCst);
        true
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn member(id: &str) -> Member {
    Member { fleet: "ops-bot".into(), id: id.into(), lease: Duration::from_secs(10) }
}

fn wanted(id: &str) -> ClaimRequest {
    ClaimRequest { feed: "all_messages".into(), id: id.into() }
}

fn checkpoint() -> Checkpoint {
    let json = r#"{ "version": 1, "feed": "all_messages", "cursor": "7" }"#;
    serde_json::from_str(json).expect("it is a checkpoint")
}

#[test]
fn the_store_in_a_folder_conforms() {
    conformance::check(Folder::new);
}

#[test]
fn old_versions_dead_members_and_unfinished_files_are_removed() {
    let folder = Folder::new();
    let mut store = folder.connect();
    assert_eq!(folder.files(), Vec::<String>::new(), "the check leaves nothing");
    for number in 0..20 {
        store.renew(&member("a")).expect("it is renewed");
        store.claim(&member("a"), &[wanted(&format!("a.{number}"))], 1).expect("it is tried");
        let release = Release {
            claim: teamwire_core::claim::Claim { feed: "all_messages".into(), id: format!("a.{number}"), fence: 0 },
            is_unfinished: true,
        };
        store.release(&member("a"), &[release]).expect("it is released");
        folder.pass(Duration::from_millis(1));
    }
    let files = folder.files();
    assert_eq!(files.len(), 4, "two versions of both records: {files:?}");
    assert!(files.iter().all(|path| path.starts_with("=ops-bot/")), "{files:?}");
    folder.pass(Duration::from_secs(10));
    store.renew(&member("b")).expect("it is renewed");
    let files = folder.files();
    assert!(!files.iter().any(|path| path.contains("members/=a")), "its lease has expired: {files:?}");
}

#[test]
fn process_that_was_stopped_does_not_undo_what_others_have_done() {
    let folder = Folder::new();
    let mut store = folder.connect();
    store.renew(&member("a")).expect("it is renewed");
    let feed = folder.path.join("=ops-bot/feeds/=all_messages");
    store.claim(&member("a"), &[wanted("a.1")], 1).expect("it is granted");
    let first =
        fs::read_dir(&feed).expect("it has a folder").next().expect("a version").expect("it can be read").path();
    let content = fs::read(&first).expect("it can be read");
    let version: u64 = first.file_name().and_then(|it| it.to_str()).and_then(|it| it.parse().ok()).expect("a number");
    let versions = super::versions::Versions::new(&folder.path, "=ops-bot/feeds/=all_messages".as_ref(), true);
    // Others have added four versions meanwhile, and removed the first of them.
    for number in 1..=4 {
        assert!(versions.add(version + number, &content).expect("it can be written"));
    }
    assert!(!versions.add(version + 1, b"of the process that was stopped").expect("it can be written"));
    assert_eq!(versions.read().expect("it can be read"), Some((version + 4, content)));
    let files: Vec<_> = folder.files().into_iter().filter(|path| path.contains("feeds")).collect();
    assert_eq!(files.len(), 2, "{files:?}");
}

#[test]
fn claim_based_on_an_old_look_at_the_members_fails_once_the_holder_is_back() {
    let folder = Folder::new();
    let mut store = folder.connect();
    store.renew(&member("a")).expect("it is renewed");
    let claimed = store.claim(&member("a"), &[wanted("a.1")], 1).expect("it is granted").remove(0);
    let save = |seq| Save { claim: claimed.claim().clone(), seq, checkpoint: checkpoint() };
    for seq in [0, 1, 1, 0] {
        let before = folder.files();
        store.save(&member("a"), &[save(seq)]).expect("it is confirmed");
        assert_ne!(folder.files(), before, "another version makes a change of the one before fail");
    }
    let before = folder.files();
    let repeated = store.claim(&member("a"), &[wanted("a.1")], 0).expect("it is confirmed").remove(0);
    assert!(repeated.claim() == claimed.claim() && folder.files() != before);
}

#[test]
fn renewal_during_a_look_at_the_members_is_not_counted_as_an_old_one() {
    let folder = Folder::new();
    let mut holder = folder.connect();
    holder.renew(&member("a")).expect("it is renewed");
    holder.claim(&member("a"), &[wanted("a.1")], 1).expect("it is granted");
    // The other member is stopped while it looks, for two leases, during which the holder renews.
    let (now, is_stopped) = (Arc::clone(&folder.now), AtomicUsize::new(0));
    let holder = Mutex::new(holder);
    let clock = move || {
        let time = now.load(Ordering::SeqCst);
        if is_stopped.fetch_add(1, Ordering::SeqCst) == 0 {
            now.fetch_add(micros(Duration::from_secs(20)), Ordering::SeqCst);
            holder.lock().expect("it does not panic").renew(&member("a")).expect("it is renewed");
        }
        time
    };
    let mut stopped = FileStore::with_clock(&folder.path, clock).expect("the folder is usable");
    stopped.renew(&member("b")).expect("it is renewed");
    folder.pass(Duration::from_millis(1));
    let mut third = folder.connect();
    assert!(third.renew(&member("c")).expect("it is renewed").members.contains(&"a".to_owned()));
    let claimed = third.claim(&member("c"), &[wanted("c.1")], 1).expect("it is tried").remove(0);
    assert!(matches!(claimed, Claimed::Taken { .. }), "{claimed:?}");
}

#[test]
fn folder_that_is_missing_is_an_outage_and_is_not_created_again() {
    let folder = Folder::new();
    let mut store = folder.connect();
    store.renew(&member("a")).expect("it is renewed");
    let claimed = store.claim(&member("a"), &[wanted("a.1")], 1).expect("it is granted").remove(0);
    let save = Save { claim: claimed.claim().clone(), seq: 1, checkpoint: checkpoint() };
    let release = Release { claim: claimed.claim().clone(), is_unfinished: false };
    let elsewhere = folder.path.with_extension("elsewhere");
    fs::rename(&folder.path, &elsewhere).expect("it is ours");
    let failures = [
        store.renew(&member("a")).map(drop),
        store.claim(&member("a"), &[wanted("a.1")], 1).map(drop),
        store.save(&member("a"), std::slice::from_ref(&save)).map(drop),
        store.release(&member("a"), &[release]),
        store.leave(&member("a")),
    ];
    for failure in failures {
        let error = failure.expect_err("the folder is missing");
        assert_eq!(error.kind, StoreErrorKind::Unavailable);
        assert!(error.to_string().contains(folder.path.to_str().expect("it is Unicode")), "{error}");
    }
    fs::rename(&elsewhere, &folder.path).expect("there is none meanwhile");
    assert_eq!(store.claim(&member("a"), &[wanted("a.1")], 1).expect("it is back"), [claimed]);
    assert_eq!(store.save(&member("a"), &[save]).expect("it is back"), [Saved::Yes]);
}

#[test]
fn errors_name_the_path() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.path).expect("a folder");
    let file = folder.path.join("file");
    fs::write(&file, "").expect("a file");
    let error = FileStore::open(&file).expect_err("it is not a folder");
    assert!(error.to_string().contains(file.to_str().expect("it is Unicode")), "{error}");
    for damaged in ["{", r#"{ "version": 2, "fence": 0, "tries": 0, "seq": 0 }"#] {
        let feed = folder.path.join("=ops-bot").join("feeds").join("=all_messages");
        fs::create_dir_all(&feed).and_then(|()| fs::write(feed.join("7"), damaged)).expect("a file");
        let mut store = folder.connect();
        store.renew(&member("a")).expect("it is renewed");
        let error = store.claim(&member("a"), &[wanted("a.1")], 1).expect_err("it cannot be read");
        assert_eq!(error.kind, StoreErrorKind::Unusable);
        assert!(error.to_string().contains(feed.join("7").to_str().expect("it is Unicode")), "{error}");
    }
}

#[test]
fn stray_files_do_not_matter() {
    let folder = Folder::new();
    let mut store = folder.connect();
    store.renew(&member("a")).expect("it is renewed");
    let claimed = store.claim(&member("a"), &[wanted("a.1")], 1).expect("it is granted");
    let record = folder.path.join("=ops-bot/feeds/=all_messages");
    for place in [&folder.path, &folder.path.join("=ops-bot"), &folder.path.join("=ops-bot/members"), &record] {
        for name in ["007", "+8", "9.bak", "lost+found", ".hidden"] {
            fs::write(place.join(name), "another file").expect("the folder is ours");
        }
    }
    assert_eq!(store.renew(&member("a")).expect("it is renewed").members, ["a"]);
    assert_eq!(store.claim(&member("a"), &[wanted("a.1")], 1).expect("it is granted"), claimed);
}

#[cfg(unix)]
#[test]
fn version_that_is_listed_but_missing_is_an_outage() {
    let folder = Folder::new();
    let mut store = folder.connect();
    store.renew(&member("a")).expect("it is renewed");
    store.claim(&member("a"), &[wanted("a.1")], 1).expect("it is granted");
    let link = folder.path.join("=ops-bot/feeds/=all_messages/9");
    std::os::unix::fs::symlink("nowhere", &link).expect("the folder is ours");
    let error = store.claim(&member("a"), &[wanted("a.1")], 1).expect_err("it cannot be read");
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    assert!(error.to_string().contains(link.to_str().expect("it is Unicode")), "{error}");
}

#[test]
fn damaged_member_counts_as_dead() {
    let folder = Folder::new();
    let mut store = folder.connect();
    store.renew(&member("a")).expect("it is renewed");
    for file in folder.files() {
        // As after a power cut.
        fs::write(folder.path.join(file), "").expect("it is ours");
    }
    assert_eq!(store.renew(&member("b")).expect("it is renewed").members, ["b"]);
    assert_eq!(store.renew(&member("a")).expect("it is renewed").members, ["b", "a"]);
}
