//! Files, at their simplest: whole, and in memory. An executor of your own would stream them.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Seek, SeekFrom, Write},
};

use teamwire_core::{Body, FileDone, FileError, FileErrorKind, FileTask, ToFile};

pub(crate) fn perform(task: &FileTask) -> Result<FileDone, FileError> {
    match task {
        FileTask::Read { path, limit } => match fs::read(path) {
            Ok(bytes) if bytes.len() as u64 > *limit => Err(FileError::new(path, FileErrorKind::TooLarge, "")),
            bytes => bytes.map(FileDone::Bytes).map_err(about(path)),
        },
        FileTask::Measure { path } => match fs::metadata(path) {
            Ok(data) if data.is_dir() => Err(FileError::new(path, FileErrorKind::IsDirectory, "")),
            data => data.map(|data| FileDone::Length(data.len())).map_err(about(path)),
        },
        FileTask::Rename { from, to } => fs::rename(from, to).map(|()| FileDone::Done).map_err(about(to)),
        FileTask::Discard { path } => match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(about(path)(error)),
            _ => Ok(FileDone::Done),
        },
        task => Err(FileError::new("", FileErrorKind::Other, format!("it cannot do {task:?}"))),
    }
}

/// What to send.
pub(crate) fn bytes(body: &Body) -> Result<Vec<u8>, FileError> {
    let Body::File { path, length, may_grow } = body else { return Ok(body.as_bytes().to_vec()) };
    match fs::read(path) {
        // What the core has measured is what it has announced.
        Ok(bytes) if *may_grow && bytes.len() as u64 > *length => {
            Ok(bytes[..usize::try_from(*length).unwrap_or(bytes.len())].to_vec())
        }
        Ok(bytes) if bytes.len() as u64 != *length => Err(FileError::new(path, FileErrorKind::Changed, "")),
        bytes => bytes.map_err(about(path)),
    }
}

/// Puts the body of an answer behind the bytes that stay.
pub(crate) fn write(to: &ToFile, body: &[u8]) -> Result<(), FileError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&to.path)?;
        file.set_len(to.offset)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(body)
    };
    write().map_err(about(&to.path))
}

fn about(path: &str) -> impl Fn(io::Error) -> FileError {
    move |error| {
        let kind = match error.kind() {
            ErrorKind::NotFound => FileErrorKind::NotFound,
            ErrorKind::PermissionDenied => FileErrorKind::Denied,
            _ => FileErrorKind::Other,
        };
        FileError::new(path, kind, error)
    }
}
