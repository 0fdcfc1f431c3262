use std::io::{self, ErrorKind};

use teamwire_core::effect::{FileError, FileErrorKind};

/// Message for a pipe or a device.
pub(super) const NOT_A_FILE: &str = "it is neither a file nor a folder";

/// Returns a function that maps I/O errors to errors of this file.
pub(crate) fn file_error(path: &str) -> impl Fn(io::Error) -> FileError {
    move |error| {
        let kind = match error.kind() {
            ErrorKind::NotFound => FileErrorKind::NotFound,
            ErrorKind::IsADirectory => FileErrorKind::IsDirectory,
            ErrorKind::PermissionDenied => FileErrorKind::PermissionDenied,
            _ => FileErrorKind::Other,
        };
        FileError::new(path, kind, error)
    }
}
