//! Folders that cannot be used.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use redb::{Database, TableDefinition};
use teamwire_sandbox::{Sandbox, org};

use super::Folder;

/// All files below a folder, with their bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).expect("it can be read"))).collect()
}

/// Asserts that a folder is rejected with its path, and that nothing in it is changed.
#[track_caller]
fn assert_rejected(folder: &Folder, path: &Path, kind: ErrorKind, reason: &str) {
    let before = files(folder.path());
    let error = folder.builder().start().expect_err("the folder cannot be used");
    let message = error.to_string();
    assert_eq!(error.kind(), kind, "{message}");
    assert!(message.contains(&path.display().to_string()) && message.contains(reason), "{message}");
    assert!(files(folder.path()) == before, "nothing is changed");
}

#[test]
fn folder_with_other_files_is_rejected() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).expect("it is new");
    drop(folder.start());
    let other = Folder::new();
    fs::create_dir(other.path()).expect("it is new");
    fs::write(other.path().join("thesis.txt"), "all of it").expect("it can be written");
    assert_rejected(&other, other.path(), ErrorKind::InvalidInput, "not empty");
}

#[test]
fn file_is_no_folder() {
    let folder = Folder::new();
    fs::write(folder.path(), "text").expect("it can be written");
    let error = folder.builder().start().expect_err("it is a file");
    assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    assert_eq!(fs::read(folder.path()).expect("it exists"), b"text");
    fs::remove_file(folder.path()).expect("it exists");
}

#[test]
fn folder_is_used_by_one_sandbox_at_a_time() {
    let folder = Folder::new();
    let sandbox = folder.start();
    let error = folder.builder().start().expect_err("it is in use");
    assert!(error.to_string().contains("in use by another sandbox"), "{error}");
    assert!(error.to_string().contains(&folder.world().display().to_string()), "{error}");
    sandbox.as_person(org::ANNA).post(org::LOBBY, "x").expect("she is a member");
    drop(sandbox);
    assert_eq!(folder.start().message_count(), 1);
}

#[test]
fn file_of_another_program_is_rejected() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).expect("it is new");
    for content in [&b"a"[..], b"SQLite format 3\0", &[0; 10_000]] {
        fs::write(folder.world(), content).expect("it can be written");
        assert_rejected(&folder, &folder.world(), ErrorKind::InvalidData, "not the world of a sandbox");
    }
    fs::remove_file(folder.world()).expect("it exists");
    let database = Database::create(folder.world()).expect("it is new");
    let transaction = database.begin_write().expect("it is open");
    let table = TableDefinition::<&str, &[u8]>::new("another");
    transaction.open_table(table).expect("it is new").insert("format", &b"1"[..]).expect("it is open");
    transaction.commit().expect("there is room");
    drop(database);
    let error = folder.builder().start().expect_err("it is another database").to_string();
    assert!(error.contains("not the world of a sandbox"), "{error}");
}

#[test]
fn truncated_world_is_rejected() {
    let folder = Folder::new();
    let sandbox = folder.start();
    for _ in 0..100 {
        sandbox.as_person(org::ANNA).post(org::LOBBY, "some text").expect("she is a member");
    }
    drop(sandbox);
    let whole = fs::read(folder.world()).expect("it exists");
    for length in [1, 8, 100, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(folder.world(), &whole[..length]).expect("it can be written");
        assert_rejected(&folder, &folder.world(), ErrorKind::InvalidData, "damaged");
    }
    fs::write(folder.world(), &whole).expect("it can be written");
    assert_eq!(folder.start().message_count(), 100);
}

#[test]
fn files_of_interrupted_uploads_are_removed() {
    let folder = Folder::new();
    drop(folder.start());
    let file = |name: &str| folder.path().join("files").join(name);
    for name in ["aB3aB3aB3aB3aB3aB3aB3aB3", "notes.txt"] {
        fs::write(file(name), "text").expect("it can be written");
    }
    drop(folder.start());
    assert!(!file("aB3aB3aB3aB3aB3aB3aB3aB3").exists() && file("notes.txt").exists());
}

#[test]
fn folder_of_assets_is_part_of_it() {
    let folder = Folder::new();
    let error = Sandbox::builder().data(folder.path()).asset_folder(folder.path()).start().expect_err("both are given");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(!folder.path().exists());
}
