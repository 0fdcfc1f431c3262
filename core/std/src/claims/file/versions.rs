//! The versions of a record, in a folder.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use teamwire_core::claim::StoreError;

use crate::files::{
    leftovers::{self, is_abandoned},
    part::random_name,
};

/// Number of times that a folder without versions is read again: a version may have been added and its predecessor
/// removed while it was read.
const EMPTY_READS: u32 = 3;
/// Attempts to read a version: one that is replaced meanwhile is missing, and on Windows cannot be opened.
const MAX_READS: u32 = 100;

/// The folder of a record.
#[derive(Debug)]
pub(super) struct Versions {
    /// The folder of the store, which exists.
    root: PathBuf,
    folder: PathBuf,
    /// Set if a version has to survive a power cut.
    is_durable: bool,
}

impl Versions {
    /// Creates the folder of the record with this path in the folder of a store.
    pub(super) fn new(root: &Path, path: &Path, is_durable: bool) -> Self {
        Self { root: root.to_owned(), folder: root.join(path), is_durable }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the path of a version.
    pub(super) fn path(&self, version: u64) -> PathBuf {
        self.folder.join(version.to_string())
    }

    /// Returns the newest version and its content; `None` if there is none.
    pub(super) fn read(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let (mut empty_reads, mut reads) = (0, 0);
        loop {
            let Some(version) = self.list()?.into_iter().max() else {
                empty_reads += 1;
                if empty_reads >= EMPTY_READS || !self.folder.exists() {
                    return Ok(None);
                }
                continue;
            };
            let path = self.path(version);
            match fs::read(&path) {
                Ok(bytes) => return Ok(Some((version, bytes))),
                Err(error) if is_replaced(&error) && reads < MAX_READS => reads += 1,
                Err(error) => return Err(failed("cannot read", &path, error)),
            }
        }
    }

    /// Adds a version, unless there is one with the same or a greater number. Returns `true` if it was added.
    pub(super) fn add(&self, version: u64, bytes: &[u8]) -> Result<bool, StoreError> {
        self.create().map_err(|error| failed("cannot create the folder", &self.folder, error))?;
        let part = Part::write(&self.folder, bytes, self.is_durable);
        let part = match part {
            // Another process has just removed the folder.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            part => part.map_err(|error| failed("cannot write to the folder", &self.folder, error))?,
        };
        let path = self.path(version);
        match fs::hard_link(&part.0, &path) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => return Ok(false),
            Err(error) => return Err(failed("cannot create", &path, error)),
        }
        // If this process was stopped before, others may have added later versions and removed this one.
        let versions = self.list()?;
        if versions.iter().any(|other| *other > version) {
            let _ = fs::remove_file(&path);
            return Ok(false);
        }
        if self.is_durable {
            crate::state_file::sync_folder(&path).map_err(|error| failed("cannot save", &path, error))?;
        }
        // The one before stays for those who have just listed it.
        let mut old: Vec<u64> = versions.into_iter().filter(|other| *other < version).collect();
        old.sort_unstable();
        old.pop();
        for version in old {
            let _ = fs::remove_file(self.path(version));
        }
        Ok(true)
    }

    /// Creates the folder, but not that of the store: if that is missing, such as a file system that is not mounted, an
    /// empty one would look as if all data were lost.
    fn create(&self) -> io::Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        let mut path = self.root.clone();
        for part in self.folder.strip_prefix(&self.root).into_iter().flatten() {
            path.push(part);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                // What is in a folder that is lost in a power cut is lost, too.
                Ok(()) if self.is_durable => crate::state_file::sync_folder(&path)?,
                created => created?,
            }
        }
        Ok(())
    }

    /// Removes the versions up to this one, and the folder if that leaves none.
    pub(super) fn remove_up_to(&self, version: u64) -> Result<(), StoreError> {
        for old in self.list()?.into_iter().filter(|other| *other <= version) {
            match fs::remove_file(self.path(old)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(failed("cannot remove", &self.path(old), error));
                }
                _ => {}
            }
        }
        // It fails if another version was added meanwhile.
        let _ = fs::remove_dir(&self.folder);
        Ok(())
    }

    /// Returns the numbers of all versions. Files that were never finished are removed.
    fn list(&self) -> Result<Vec<u64>, StoreError> {
        let failed = |error| failed("cannot read the folder", &self.folder, error);
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut versions = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if let Some(version) = number(name) {
                versions.push(version);
            } else if name.ends_with(PART) && is_abandoned(&entry.path()) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(versions)
    }
}

/// Returns the version that a file with this name has. Other files are not ours, such as `007`.
fn number(name: &str) -> Option<u64> {
    name.parse().ok().filter(|version: &u64| version.to_string() == name)
}

/// Returns `true` if a version may have been replaced after it was listed.
fn is_replaced(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || cfg!(windows) && error.kind() == ErrorKind::PermissionDenied
}

const PART: &str = ".part";

/// A file that is not a version yet. It is removed on drop; a hard link to it remains.
struct Part(PathBuf);

impl Part {
    fn write(folder: &Path, bytes: &[u8], is_durable: bool) -> io::Result<Self> {
        let path = folder.join(format!(".{}{PART}", random_name()?));
        let mut file: File = OpenOptions::new().write(true).create_new(true).open(&path)?;
        leftovers::protect(&path);
        let part = Self(path);
        file.write_all(bytes)?;
        if is_durable {
            file.sync_all()?;
        }
        Ok(part)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        leftovers::forget(&self.0);
    }
}

/// Returns the error of an operation on a path.
pub(super) fn failed(what: &str, path: &Path, error: io::Error) -> StoreError {
    let message = format!("{what} {}", path.display());
    let is_lasting = matches!(
        error.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidInput
    );
    let failed = if is_lasting { StoreError::unusable(message) } else { StoreError::unavailable(message) };
    failed.with_source(error)
}

/// Fails unless files can be created in this folder, and can have hard links.
pub(super) fn check(folder: &Path) -> Result<(), StoreError> {
    let part = Part::write(folder, b"", false).map_err(|error| failed("cannot write to the folder", folder, error))?;
    let link = Part(part.0.with_extension("link.part"));
    fs::hard_link(&part.0, &link.0).map_err(|error| {
        StoreError::unusable(format!("the file system of {} has no hard links", folder.display())).with_source(error)
    })
}
