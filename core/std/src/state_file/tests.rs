use std::{
    collections::BTreeMap,
    fs,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use teamwire_core::{Draft, ErrorKind};

use super::*;

/// A folder with a state file.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("teamwire-state-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn file(&self) -> StateFile {
        StateFile::new(self.path("state.json"))
    }

    /// The names of its files.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("it is there").map(|entry| entry.expect("it can be listed"));
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().expect("Unicode")).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns the kind and the text of an error of the file, which names the path.
#[track_caller]
fn error_of<T: std::fmt::Debug>(result: Result<T, Error>, file: &StateFile) -> (ErrorKind, String) {
    let error = result.expect_err("it fails");
    let text = error.to_string();
    assert!(text.contains(&format!("{:?}", file.path())), "{text} does not name {:?}", file.path());
    (error.kind(), text)
}

#[test]
fn state_is_loaded_as_it_was_saved() {
    let folder = Folder::new();
    let file = folder.file();
    assert_eq!(file.load::<u32>().expect("it does not exist"), None);
    for state in [BTreeMap::from([("a", 1)]), BTreeMap::new()] {
        file.save(&state).expect("it can be written");
        let loaded = folder.file().load::<BTreeMap<String, i32>>().expect("it can be read").expect("it exists");
        assert!(loaded.iter().map(|(name, value)| (name.as_str(), *value)).eq(state), "{loaded:?}");
    }
    assert_eq!(folder.names(), ["state.json"]);
}

/// Such as the file of a download that is retried for a long time, or after a jump of the clock.
#[test]
fn old_file_of_this_process_is_not_removed() {
    let folder = Folder::new();
    fs::create_dir(folder.path("sub")).expect("it can be created");
    // The folder is searched once for each path to it.
    let (first, second) = (folder.path("file"), StateFile::new(folder.path("sub/../state.json")));
    let (part, target) = part::create(&path_to_string(&first).expect("Unicode")).expect("it can be created");
    let of_another = folder.path(&format!(".teamwire-{}.part", "0".repeat(32)));
    File::create(&of_another).expect("it can be created");
    for file in [&part, path_to_string(&of_another).as_ref().expect("Unicode")] {
        let days_ago = SystemTime::now() - Duration::from_secs(3_600 * 48);
        part::open(file).expect("it is there").set_modified(days_ago).expect("it is ours");
    }
    second.save("state").expect("it can be written");
    assert!(!of_another.exists(), "the folder is searched");
    part::rename(&part, &target).expect("it is still there");
}

/// A crash between the writing of the new file and its renaming leaves the new file, whole or in part.
#[test]
fn crash_before_the_new_state_is_complete_leaves_the_old_one() {
    let folder = Folder::new();
    let file = folder.file();
    file.save("old").expect("it can be written");
    for bytes in ["", "\"ne", "\"new\""] {
        let target = path_to_string(file.path()).expect("Unicode");
        let (part, _) = part::create(&target).expect("it can be created");
        write(&part, bytes.as_bytes()).expect("it can be written");
        assert_eq!(file.load::<String>().expect("it can be read").as_deref(), Some("old"));
    }
    file.save("newer").expect("what was left is not in the way");
    assert_eq!(file.load::<String>().expect("it can be read").as_deref(), Some("newer"));
    assert_eq!(folder.names().len(), 4, "what was left is not touched");
}

#[test]
fn files_of_killed_processes_are_removed_when_they_are_old() {
    let folder = Folder::new();
    let file = folder.file();
    let leave = |name: &str, hours: u64| {
        let left = File::create(folder.path(name)).expect("it can be created");
        left.set_modified(SystemTime::now() - Duration::from_secs(3_600 * hours)).expect("it is ours");
    };
    let part = |digit: &str| format!(".teamwire-{}.part", digit.repeat(32));
    leave(&part("0"), 25);
    leave(&part("1"), 23);
    let others = [".teamwire-0.part", ".teamwire-notes.part", "teamwire.part"];
    for name in others {
        leave(name, 25);
    }
    fs::create_dir(folder.path(&part("2"))).expect("it can be created");
    file.save("state").expect("it can be written");
    assert_eq!(file.load::<String>().expect("it can be read").as_deref(), Some("state"));
    let mut expected = vec!["state.json".to_owned(), part("1"), part("2")];
    expected.extend(others.map(str::to_owned));
    expected.sort();
    assert_eq!(folder.names(), expected);
}

#[test]
fn state_that_cannot_be_read_is_not_missing() {
    let folder = Folder::new();
    let file = folder.file();
    for content in ["", "{", "\0\0\0\0", "[1, 2", "\"text\"", "[1] [2]", "\u{feff}[1]"] {
        fs::write(file.path(), content).expect("it can be written");
        let (kind, text) = error_of(file.load::<Vec<u32>>(), &file);
        assert!(kind == ErrorKind::File && text.contains("the state is invalid"), "{content:?}: {text}");
    }
    let of_folder = StateFile::new(&folder.0);
    assert!(error_of(of_folder.load::<u32>(), &of_folder).1.contains("is a directory"));
    assert!(error_of(of_folder.save(&1), &of_folder).1.contains("is a directory"));
}

#[test]
fn failure_to_save_leaves_the_old_state_alone() {
    let folder = Folder::new();
    let file = folder.file();
    file.save(&1).expect("it can be written");
    let (_, text) = error_of(file.save(&BTreeMap::from([([1, 2], 3)])), &file);
    assert!(text.contains("the state cannot be saved: key must be a string"), "{text}");
    let (_, text) = error_of(file.save(&Draft::text("hello")), &file);
    assert!(text.contains("no idempotency key"), "{text}");
    assert_eq!((file.load::<u32>().expect("it can be read"), folder.names().len()), (Some(1), 1));
    let nowhere = StateFile::new(folder.path("none/state.json"));
    let (kind, text) = error_of(nowhere.save(&1), &nowhere);
    assert!(kind == ErrorKind::File && text.contains("there is no such folder"), "{text}");
    assert_eq!(nowhere.load::<u32>().expect("it does not exist"), None);
}

#[test]
fn threads_may_save_and_load_at_once() {
    let folder = Folder::new();
    let file = folder.file();
    file.save(&vec![0; 1_000]).expect("it can be written");
    thread::scope(|scope| {
        for number in 1..=4_u32 {
            let file = &file;
            scope.spawn(move || {
                for _ in 0..10 {
                    file.save(&vec![number; 1_000]).expect("it can be written");
                    let state: Vec<u32> = file.load().expect("it is whole").expect("it exists");
                    assert!(state.len() == 1_000 && state.iter().all(|it| *it == state[0]));
                }
            });
        }
    });
    assert_eq!(folder.names(), ["state.json"]);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new();
    fs::write(folder.path("real.json"), "1").expect("it can be written");
    fs::set_permissions(folder.path("real.json"), fs::Permissions::from_mode(0o600)).expect("it is ours");
    symlink("real.json", folder.path("state.json")).expect("a link");
    folder.file().save(&2).expect("it can be written");
    let data = fs::metadata(folder.path("real.json")).expect("it is there");
    assert_eq!(
        (data.permissions().mode() & 0o777, fs::read_to_string(folder.path("real.json")).ok()),
        (0o600, Some("2".into()))
    );
    assert!(fs::symlink_metadata(folder.path("state.json")).expect("it is there").is_symlink());
}

#[cfg(unix)]
#[test]
fn path_that_is_not_unicode_is_refused() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let path = Path::new(OsStr::from_bytes(b"state-\xff"));
    let file = StateFile::new(path);
    let errors = [
        file.load::<u32>().expect_err("it is not text"),
        file.save(&1).expect_err("it is not text"),
        crate::upload_file(path).expect_err("it is not text"),
        crate::image_file(path).expect_err("it is not text"),
    ];
    for error in errors {
        assert_eq!(
            (error.kind(), error.to_string().contains("is not Unicode")),
            (ErrorKind::InvalidInput, true),
            "{error}"
        );
    }
    let upload = crate::upload_file(Path::new("/var/log").join("backup.log")).expect("it is Unicode");
    assert_eq!(upload.file_name, "backup.log");
}

#[test]
fn state_that_is_too_long_to_be_loaded_is_not_saved() {
    check_length("state.json", 8, 8).expect("it fits");
    let error = check_length("state.json", 9, 8).expect_err("it does not").to_string();
    assert!(error.contains("state.json") && error.contains("9 bytes"), "{error}");
}
