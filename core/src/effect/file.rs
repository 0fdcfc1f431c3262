//! File operations, which the core delegates to the executor.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::escaped::Escaped;

/// A short operation on a file.
///
/// Paths are strings, so paths that are not valid Unicode are not supported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileTask {
    /// Read the whole file: [`FileOutcome::Bytes`]. Fails with [`FileErrorKind::TooLarge`] if it has more than `limit`
    /// bytes.
    Read {
        /// Path of the file.
        path: String,
        /// Maximum length in bytes.
        limit: u64,
    },
    /// Return the length of the file: [`FileOutcome::Len`]. Fails with [`FileErrorKind::IsDirectory`] for a directory.
    Len {
        /// Path of the file.
        path: String,
    },
    /// Create a new, empty file in the directory of `target`, to be [renamed](Self::Rename) to it later:
    /// [`FileOutcome::Created`].
    ///
    /// Its name is random, and an existing file is never opened. It gets the permissions of the file at
    /// `target` if that exists, otherwise those of any new file. If `target` is a symbolic link, it is resolved first.
    /// Fails with [`FileErrorKind::IsDirectory`] if `target` is a directory, and with [`FileErrorKind::Other`] if it
    /// is not a regular file, for instance a pipe or a device.
    Create {
        /// Path of the final file, which may exist.
        target: String,
    },
    /// Rename the file, replacing an existing one: [`FileOutcome::Done`].
    Rename {
        /// Path of the file.
        from: String,
        /// Its new path, in the same directory.
        to: String,
    },
    /// Remove the file: [`FileOutcome::Done`], even if it does not exist.
    Remove {
        /// Path of the file.
        path: String,
    },
}

/// The outcome of a [`FileTask`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileOutcome {
    /// The content of the file.
    Bytes(Vec<u8>),
    /// Its length in bytes.
    Len(u64),
    /// The paths of a new file.
    Created {
        /// Path of the new file.
        part: String,
        /// Path of the target, with symbolic links resolved.
        target: String,
    },
    /// Completed without a value.
    Done,
}

/// The error of a file operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileError {
    /// Path of the file.
    pub path: String,
    /// The kind of error.
    pub kind: FileErrorKind,
    /// The message of the operating system; may be empty.
    pub message: String,
    /// `true` if the file is part of a request of which an earlier attempt may have taken effect: see
    /// [`Error::outcome_unknown`](crate::Error::outcome_unknown). Executors leave it `false`.
    pub previous_outcome_unknown: bool,
}

/// The kind of a [`FileError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// No such file.
    NotFound,
    /// It is a directory.
    IsDirectory,
    /// Permission denied.
    PermissionDenied,
    /// Larger than the limit.
    TooLarge,
    /// Its length changed while it was being sent.
    Changed,
    /// Any other error; see the message.
    Other,
}

impl FileError {
    /// Creates the error of an operation on the file at `path`.
    pub fn new(path: impl Into<String>, kind: FileErrorKind, message: impl fmt::Display) -> Self {
        Self { path: path.into(), kind, message: alloc::format!("{message}"), previous_outcome_unknown: false }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let description = match self.kind {
            FileErrorKind::NotFound => "no such file",
            FileErrorKind::IsDirectory => "is a directory",
            FileErrorKind::PermissionDenied => "permission denied",
            FileErrorKind::TooLarge => "too large",
            FileErrorKind::Changed => "changed while it was being sent",
            FileErrorKind::Other => "cannot be used",
        };
        write!(f, "the file {:?}: {description}", self.path)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, " ({})", Escaped(&self.message)) }
    }
}

impl core::error::Error for FileError {}
