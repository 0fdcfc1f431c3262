//! What the core has an executor do with files. The core opens none itself.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::escaped::Escaped;

/// Something to do with a file, small enough to be done at once.
///
/// Paths are text: one that is not Unicode cannot be given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileTask {
    /// Read the whole file: [`FileOutcome::Bytes`]. A file of more than `limit` bytes is [`FileErrorKind::TooLarge`].
    Read {
        /// The file.
        path: String,
        /// The most bytes to read.
        limit: u64,
    },
    /// Say how many bytes the file has: [`FileOutcome::Len`]. A folder is [`FileErrorKind::IsDirectory`].
    Len {
        /// The file.
        path: String,
    },
    /// Make a new, empty file in the folder of `target`, to be [renamed](Self::Rename) to it later: [`FileOutcome::Created`].
    ///
    /// Its name is random, and it is opened only if no file has that name. Its permissions are those of the file at
    /// `target` if there is one, else what the operating system gives to new files. If `target` is a link, the folder and the file are those
    /// that it leads to. A `target` that is a folder is [`FileErrorKind::IsDirectory`], one that is no file (a pipe, a
    /// device) is [`FileErrorKind::Other`].
    Create {
        /// The file that will be replaced, or does not exist yet.
        target: String,
    },
    /// Give the file this name, in place of what may have it: [`FileOutcome::Done`].
    Rename {
        /// The file.
        from: String,
        /// Its new name, in the same folder.
        to: String,
    },
    /// Remove the file: [`FileOutcome::Done`], also if there is none.
    Remove {
        /// The file.
        path: String,
    },
}

/// What came of a [`FileTask`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileOutcome {
    /// All there is in the file.
    Bytes(Vec<u8>),
    /// How many bytes it has.
    Len(u64),
    /// The new file, and the file to rename it to.
    Created {
        /// The new file.
        part: String,
        /// The target, or what it leads to if it is a link.
        target: String,
    },
    /// It is done, and there is nothing to say of it.
    Done,
}

/// A file that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileError {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub kind: FileErrorKind,
    /// The operating system's own words.
    pub message: String,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// There is none.
    NotFound,
    /// It is a folder.
    IsDirectory,
    /// This program may not use it.
    PermissionDenied,
    /// It has more bytes than it may.
    TooLarge,
    /// It became shorter or longer while it was being sent.
    Changed,
    /// Something else: the message says what.
    Other,
}

impl FileError {
    /// Trouble with the file at `path`.
    pub fn new(path: impl Into<String>, kind: FileErrorKind, message: impl fmt::Display) -> Self {
        Self { path: path.into(), kind, message: alloc::format!("{message}") }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FileErrorKind::NotFound => "there is no such file",
            FileErrorKind::IsDirectory => "it is a folder",
            FileErrorKind::PermissionDenied => "this program may not use it",
            FileErrorKind::TooLarge => "it is too large",
            FileErrorKind::Changed => "it changed while it was being sent",
            FileErrorKind::Other => "it cannot be used",
        };
        write!(f, "the file {:?}: {what}", self.path)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, " ({})", Escaped(&self.message)) }
    }
}

impl core::error::Error for FileError {}
