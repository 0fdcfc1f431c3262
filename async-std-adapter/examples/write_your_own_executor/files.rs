//! File tasks, with whole files in memory. A production executor would stream them.

use std::{
    fs::{self, OpenOptions},
    hash::{BuildHasher, RandomState},
    io::{self, ErrorKind, Seek, SeekFrom, Write},
    path::PathBuf,
};

use teamwire_core::effect::{Body, FileError, FileErrorKind, FileOutcome, FileTarget, FileTask, PartContent};

pub(crate) fn perform(task: &FileTask) -> Result<FileOutcome, FileError> {
    match task {
        FileTask::Read { path, limit } => match fs::read(path) {
            Ok(bytes) if bytes.len() as u64 > *limit => Err(FileError::new(path, FileErrorKind::TooLarge, "")),
            bytes => bytes.map(FileOutcome::Bytes).map_err(about(path)),
        },
        FileTask::Len { path } => match fs::metadata(path) {
            Ok(data) if data.is_dir() => Err(FileError::new(path, FileErrorKind::IsDirectory, "")),
            data => data.map(|data| FileOutcome::Len(data.len())).map_err(about(path)),
        },
        FileTask::Create { target } => {
            create(target).map(|(part, target)| FileOutcome::Created { part, target }).map_err(about(target))
        }
        FileTask::Rename { from, to } => fs::rename(from, to).map(|()| FileOutcome::Done).map_err(about(to)),
        FileTask::Remove { path } => match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(about(path)(error)),
            _ => Ok(FileOutcome::Done),
        },
        task => Err(FileError::new("", FileErrorKind::Other, format!("this executor does not support {task:?}"))),
    }
}

/// Returns the bytes of a request's body: its parts, one after the other.
pub(crate) fn bytes(body: &Body) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    for part in body.parts() {
        match &part.content {
            PartContent::Bytes(part) => bytes.extend_from_slice(part),
            PartContent::File { path, length, may_grow } => bytes.extend(measured(path, *length, *may_grow)?),
        }
    }
    Ok(bytes)
}

/// Reads the file, which the core has measured.
fn measured(path: &str, length: u64, may_grow: bool) -> Result<Vec<u8>, FileError> {
    let mut bytes = fs::read(path).map_err(about(path))?;
    let has_changed = if may_grow { (bytes.len() as u64) < length } else { bytes.len() as u64 != length };
    if has_changed {
        return Err(FileError::new(path, FileErrorKind::Changed, ""));
    }
    bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    Ok(bytes)
}

/// Creates a new file next to the one that it will replace, with the same permissions. Links are resolved here.
fn create(target: &str) -> io::Result<(String, String)> {
    let (target, replaced) = match fs::metadata(target) {
        Ok(data) if data.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        Ok(data) if !data.is_file() => return Err(io::Error::other("it is neither a file nor a folder")),
        Ok(data) => (fs::canonicalize(target)?, Some(data)),
        Err(error) if error.kind() == ErrorKind::NotFound => (PathBuf::from(target), None),
        Err(error) => return Err(error),
    };
    // 128 random bits, from the only source in `std`, so that no file can be planted under this name.
    let name = format!(".{:016x}{:016x}.part", RandomState::new().hash_one(0), RandomState::new().hash_one(0));
    let part = target.with_file_name(name);
    let file = OpenOptions::new().write(true).create_new(true).open(&part)?;
    if let Some(data) = replaced {
        file.set_permissions(data.permissions())?;
    }
    let text = |path: PathBuf| path.into_os_string().into_string().map_err(|_| io::Error::other("it is not Unicode"));
    Ok((text(part)?, text(target)?))
}

/// Writes the body of a response behind the bytes that are kept.
pub(crate) fn write(to: &FileTarget, body: &[u8]) -> io::Result<()> {
    if (body.len() as u64).saturating_add(to.offset) > to.limit {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let write = || {
        if !fs::symlink_metadata(&to.path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut file = OpenOptions::new().write(true).open(&to.path)?;
        file.set_len(to.offset)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(body)
    };
    write().map_err(|error| io::Error::other(about(&to.path)(error)))
}

fn about(path: &str) -> impl Fn(io::Error) -> FileError {
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
