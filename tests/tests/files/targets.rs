//! Targets of downloads: regular files are replaced, other objects are not.

use std::fs;

use teamwire_core::{Error, ErrorKind, effect::FileErrorKind, error::Cause, model::Asset};
use teamwire_sandbox::{Fault, Rule};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::{ANY_ASSET, Folder, bytes, shown};

struct Download<H: Harness> {
    fixture: Fixture<H>,
    asset: Asset,
    content: Vec<u8>,
}

impl<H: Harness> Download<H> {
    fn new() -> Self {
        let (fixture, content) = (Fixture::<H>::new(), bytes(100_000));
        Self { asset: shown(&fixture, &content), fixture, content }
    }

    fn to(&self, path: &str) -> Result<(), Error> {
        self.fixture.wait(self.fixture.client.chats().download_to(&self.asset, path))
    }

    /// Asserts that the target is rejected before a request.
    #[track_caller]
    fn is_refused(&self, path: &str) -> FileErrorKind {
        let before = self.fixture.sandbox.transcript().len();
        let error = self.to(path).expect_err(path);
        assert_eq!(error.kind(), ErrorKind::File, "{path}: {error}");
        assert!(error.to_string().contains(&format!("{path:?}")), "{path}: {error}");
        assert_eq!(self.fixture.sandbox.transcript().len(), before, "{path}: something was requested");
        let Cause::File(error) = error.cause() else { panic!("{error:?}") };
        error.kind
    }
}

#[executor_test]
fn unwritable_target_is_refused_before_any_request<H: Harness>() {
    let (download, folder) = (Download::<H>::new(), Folder::new());
    let file = folder.file("a file", "x");
    assert_eq!(download.is_refused(folder.path("").trim_end_matches('/')), FileErrorKind::IsDirectory);
    assert_eq!(download.is_refused(&folder.path("no such folder/plan.pdf")), FileErrorKind::NotFound);
    download.is_refused(&format!("{file}/plan.pdf"));
    download.is_refused(&folder.path("nul\0.pdf"));
    assert_eq!(folder.content(), [("a file".to_owned(), b"x".to_vec())]);
}

#[executor_test]
fn download_uses_a_name_of_its_own_each_time<H: Harness>() {
    let (download, folder) = (Download::<H>::new(), Folder::new());
    let path = folder.path("plan.pdf");
    let mut names = std::collections::BTreeSet::new();
    for _ in 0..3 {
        // The new file exists before the response.
        let (seen, looked) = (std::sync::Arc::new(std::sync::Mutex::new(Vec::new())), folder.path(""));
        let found = std::sync::Arc::clone(&seen);
        let look = Rule::new(Fault::CutBefore).on("GET", ANY_ASSET).when(move |_| {
            let names = fs::read_dir(&looked)
                .expect("the folder is there")
                .map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned());
            found.lock().expect("no test panics in here").extend(names);
            false
        });
        download.fixture.sandbox.faults().add(look);
        download.to(&path).expect("it can be written");
        let seen = seen.lock().expect("no test panics in here").clone();
        let part = seen.iter().find(|name| name.starts_with('.')).expect("a new file is there").clone();
        assert!(part.starts_with('.') && part.len() >= ".".len() + 16 + ".part".len(), "{part}");
        assert!(names.insert(part.clone()), "{part} was used before");
        download.fixture.sandbox.faults().clear();
    }
    assert_eq!(folder.content(), [("plan.pdf".to_owned(), download.content.clone())]);
}

#[executor_test]
fn folder_that_vanishes_is_an_error<H: Harness>() {
    let (download, folder) = (Download::<H>::new(), Folder::new());
    let gone = folder.path("gone");
    fs::create_dir(&gone).expect("the folder takes a folder");
    let vanishing = gone.clone();
    let rule = Rule::new(Fault::CutBefore).on("GET", ANY_ASSET).when(move |_| {
        let _ = fs::remove_dir_all(&vanishing);
        false
    });
    download.fixture.sandbox.faults().add(rule);
    let error = download.to(&format!("{gone}/plan.pdf")).expect_err("its folder is gone");
    assert_eq!(error.kind(), ErrorKind::File, "{error}");
}

#[executor_test]
fn target_that_becomes_a_folder_meanwhile_leaves_no_part<H: Harness>() {
    let (download, folder) = (Download::<H>::new(), Folder::new());
    let target = folder.path("plan.pdf");
    let taken = target.clone();
    let rule = Rule::new(Fault::CutBefore).on("GET", ANY_ASSET).when(move |_| {
        fs::create_dir(&taken).expect("nothing has the name yet");
        false
    });
    download.fixture.sandbox.faults().add(rule);
    let error = download.to(&target).expect_err("no file replaces a folder");
    assert_eq!(error.kind(), ErrorKind::File, "{error}");
    fs::remove_dir(&target).expect("it is empty");
    assert_eq!(folder.content(), []);
}

#[cfg(unix)]
mod unix {
    use std::{
        fs::Permissions,
        os::unix::{fs::PermissionsExt, net::UnixListener},
    };

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn mode(path: &str) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
    }

    #[executor_test]
    fn file_keeps_its_permissions<H: Harness>() {
        let (download, folder) = (Download::<H>::new(), Folder::new());
        for bits in [0o600, 0o640, 0o666, 0o755, 0o777] {
            let path = folder.file("plan.pdf", "the old one");
            fs::set_permissions(&path, Permissions::from_mode(bits)).expect("it is ours");
            let looked = folder.path("");
            let look = Rule::new(Fault::CutBefore).on("GET", ANY_ASSET).when(move |_| {
                for entry in fs::read_dir(&looked).expect("the folder is there") {
                    let path = entry.expect("it can be listed").path();
                    let more = mode(path.to_str().expect("names of tests are Unicode")) & !bits;
                    assert_eq!(more, 0, "{} can be read by others meanwhile", path.display());
                }
                false
            });
            download.fixture.sandbox.faults().add(look);
            download.to(&path).expect("it can be written");
            download.fixture.sandbox.faults().clear();
            assert_eq!(format!("{:o}", mode(&path)), format!("{bits:o}"));
            assert_eq!(folder.content(), [("plan.pdf".to_owned(), download.content.clone())]);
        }
        // A new file has the usual permissions.
        let ordinary = folder.file("ordinary", "x");
        download.to(&folder.path("new")).expect("it can be written");
        assert_eq!(mode(&folder.path("new")), mode(&ordinary));
    }

    #[executor_test]
    fn link_stays_and_leads_to_the_new_file<H: Harness>() {
        let (download, folder, elsewhere) = (Download::<H>::new(), Folder::new(), Folder::new());
        let file = elsewhere.file("plan.pdf", "the old one");
        let (link, link_to_link) = (folder.path("link"), folder.path("link to link"));
        std::os::unix::fs::symlink(&file, &link).expect("the folder takes a link");
        std::os::unix::fs::symlink("link", &link_to_link).expect("the folder takes a link");
        for path in [link, link_to_link] {
            fs::write(&file, "the old one").expect("it is ours");
            download.to(&path).expect("it can be written");
            assert!(fs::symlink_metadata(&path).expect("it is there").is_symlink(), "the link is gone");
            assert_eq!(elsewhere.content(), [("plan.pdf".to_owned(), download.content.clone())]);
        }
        assert_eq!(folder.content().len(), 2, "something is left beside the links");
    }

    #[executor_test]
    fn special_file_is_not_replaced<H: Harness>() {
        let (download, folder) = (Download::<H>::new(), Folder::new());
        let (pipe, socket, link) = (folder.path("pipe"), folder.path("socket"), folder.path("link"));
        mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).expect("the folder takes a pipe");
        let _listener = UnixListener::bind(&socket).expect("the folder takes a socket");
        std::os::unix::fs::symlink(&pipe, &link).expect("the folder takes a link");
        for path in [&pipe, &socket, &link] {
            assert_eq!(download.is_refused(path), FileErrorKind::Other, "{path}");
        }
        let names = fs::read_dir(folder.path("")).expect("it is there").count();
        assert_eq!(names, 3, "something is left");
    }

    /// An attacker replaces the new file of a download by a link while it is written.
    #[executor_test]
    fn planted_link_is_not_written_through<H: Harness>() {
        let (download, folder, elsewhere) = (Download::<H>::new(), Folder::new(), Folder::new());
        let victim = elsewhere.file("victim", "precious");
        let (path, looked, planted) = (folder.path("plan.pdf"), folder.path(""), victim.clone());
        let rule = Rule::new(Fault::CutBefore).on("GET", ANY_ASSET).when(move |_| {
            for entry in fs::read_dir(&looked).expect("the folder is there") {
                let part = entry.expect("it can be listed").path();
                fs::remove_file(&part).expect("it is ours");
                std::os::unix::fs::symlink(&planted, &part).expect("the folder takes a link");
            }
            false
        });
        download.fixture.sandbox.faults().add(rule);
        let error = download.to(&path).expect_err("a link is in its way");
        assert_eq!(error.kind(), ErrorKind::File, "{error}");
        assert_eq!(elsewhere.content(), [("victim".to_owned(), b"precious".to_vec())]);
        assert!(fs::symlink_metadata(path).is_err(), "it has the name of the download");
    }
}
