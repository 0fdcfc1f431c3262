//! File tasks, and the files of request and response bodies.

mod body_reader;
mod error;
pub(crate) mod leftovers;
pub(crate) mod part;

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
};

use teamwire_core::effect::{FileError, FileErrorKind, FileOutcome, FileTarget, FileTask};

pub use self::body_reader::BodyReader;
use self::error::NOT_A_FILE;
pub(crate) use self::error::file_error;
use crate::body::too_large;

/// Performs this file task.
///
/// # Errors
///
/// Fails if the operating system does, or if the file is not a regular file or exceeds its limit.
pub fn perform(task: &FileTask) -> Result<FileOutcome, FileError> {
    match task {
        FileTask::Read { path, limit } => read(path, *limit).map(FileOutcome::Bytes),
        FileTask::Len { path } => measure(path).map(FileOutcome::Len),
        FileTask::Create { target } => part::create(target).map(|(part, target)| FileOutcome::Created { part, target }),
        FileTask::Rename { from, to } => part::rename(from, to).map(|()| FileOutcome::Done).map_err(file_error(to)),
        FileTask::Remove { path } => match part::remove(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(file_error(path)(error)),
            _ => Ok(FileOutcome::Done),
        },
        task => Err(FileError::new("", FileErrorKind::Other, format!("this version does not support {task:?}"))),
    }
}

/// Returns the content of a file of at most `limit` bytes.
///
/// # Errors
///
/// A [`FileError`] with the path, if the file cannot be read, is longer, or is not a regular file.
pub fn read(path: &str, limit: u64) -> Result<Vec<u8>, FileError> {
    // Checked before opening: opening a pipe may block forever.
    measure(path)?;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(file_error(path))?;
    // One byte more shows whether the file is too large.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(file_error(path))?;
    if bytes.len() as u64 > limit {
        return Err(FileError::new(path, FileErrorKind::TooLarge, format!("more than {limit} bytes")));
    }
    Ok(bytes)
}

fn measure(path: &str) -> Result<u64, FileError> {
    let data = fs::metadata(path).map_err(file_error(path))?;
    if data.is_dir() {
        return Err(FileError::new(path, FileErrorKind::IsDirectory, ""));
    }
    if !data.is_file() {
        return Err(FileError::new(path, FileErrorKind::Other, NOT_A_FILE));
    }
    Ok(data.len())
}

/// Reader of a file to upload. It returns exactly as many bytes as the file had when it was measured. If the length of
/// the file has changed since, it fails before the last byte, so that the request is never completed. Its errors wrap a
/// [`FileError`].
#[derive(Debug)]
struct UploadFile {
    path: String,
    file: File,
    left: u64,
    may_grow: bool,
}

impl UploadFile {
    /// Opens the file at `path`, which had `length` bytes. If it `may_grow`, bytes behind them are ignored.
    ///
    /// # Errors
    ///
    /// Fails if the operating system does, if it is not a regular file, or if the file was empty and is not any more.
    fn open(path: &str, length: u64, may_grow: bool) -> Result<Self, FileError> {
        measure(path)?;
        let file = File::open(path).map_err(file_error(path))?;
        let mut outgoing = Self { path: path.into(), file, left: length, may_grow };
        if length == 0 {
            outgoing.check_end()?;
        }
        Ok(outgoing)
    }

    /// Fails unless this is the end of the file.
    fn check_end(&mut self) -> Result<(), FileError> {
        if self.may_grow {
            return Ok(());
        }
        match self.file.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(FileError::new(&self.path, FileErrorKind::Changed, "it has grown")),
            Err(error) => Err(file_error(&self.path)(error)),
        }
    }
}

impl Read for UploadFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read =
            self.file.read(&mut buffer[..most]).map_err(|error| io::Error::other(file_error(&self.path)(error)))?;
        if read == 0 {
            let shorter = FileError::new(&self.path, FileErrorKind::Changed, "it has shrunk");
            return Err(io::Error::other(shorter));
        }
        self.left -= read as u64;
        if self.left == 0 {
            self.check_end().map_err(io::Error::other)?;
        }
        Ok(read)
    }
}

/// Writer of a downloaded file, up to its limit. Its errors wrap a [`FileError`], or the
/// [`TransportError`](teamwire_core::effect::TransportError) of a response that is too large.
#[derive(Debug)]
pub struct DownloadFile {
    path: String,
    file: File,
    limit: u64,
    /// Number of bytes that may still be written.
    left: u64,
}

impl DownloadFile {
    /// Opens the target of a download, to write behind the bytes that are kept. It has to exist, and links are not
    /// followed.
    ///
    /// # Errors
    ///
    /// Fails if the operating system does, or if it is not a regular file.
    pub fn open(to: &FileTarget) -> Result<Self, FileError> {
        let mut file = part::open(&to.path)?;
        let place = |file: &mut File| {
            // ext4, for instance, writes a file to the disk at its close if its length was set to zero, even if it was
            // empty before. No more than other programs does a download promise to survive a power cut.
            if file.metadata()?.len() != to.offset {
                file.set_len(to.offset)?;
            }
            file.seek(SeekFrom::Start(to.offset))
        };
        place(&mut file).map_err(file_error(&to.path))?;
        Ok(Self { path: to.path.clone(), file, limit: to.limit, left: to.limit.saturating_sub(to.offset) })
    }
}

impl Write for DownloadFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 && !bytes.is_empty() {
            return Err(io::Error::other(too_large(self.limit)));
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let written =
            self.file.write(&bytes[..most]).map_err(|error| io::Error::other(file_error(&self.path)(error)))?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> String {
        let folder = std::env::temp_dir().join(format!("teamwire-std-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        folder.to_str().expect("a path in Unicode").to_owned()
    }

    #[test]
    fn changed_file_is_never_read_whole() {
        let folder = folder("changed");
        let path = format!("{folder}/file");
        for (length, bytes) in [(3, "1234"), (5, "1234"), (0, "1234"), (4, "")] {
            fs::write(&path, bytes).expect("a file");
            let mut given = Vec::new();
            let result = UploadFile::open(&path, length, false)
                .map_err(io::Error::other)
                .and_then(|mut it| it.read_to_end(&mut given));
            let error = result.expect_err("it changed").downcast::<FileError>().expect("ours");
            assert_eq!(error.kind, FileErrorKind::Changed, "{length} bytes measured, {bytes:?} there");
            assert!((given.len() as u64) < length.max(1), "it was read whole");
        }
        fs::remove_dir_all(folder).expect("it is there");
    }

    #[test]
    fn read_errors_have_their_kind_and_path() {
        let folder = folder("unreadable");
        let path = format!("{folder}/file");
        fs::write(&path, "12345").expect("a file");
        for (path, limit, kind) in [
            (format!("{folder}/none"), 9, FileErrorKind::NotFound),
            (folder.clone(), 9, FileErrorKind::IsDirectory),
            (path.clone(), 4, FileErrorKind::TooLarge),
            ("/dev/null".into(), 9, FileErrorKind::Other),
        ] {
            let error = perform(&FileTask::Read { path: path.clone(), limit }).expect_err("it cannot be read");
            assert_eq!((error.kind, error.path), (kind, path));
        }
        assert_eq!(perform(&FileTask::Read { path, limit: 5 }), Ok(FileOutcome::Bytes(b"12345".to_vec())));
        fs::remove_dir_all(folder).expect("it is there");
    }

    #[test]
    fn download_continues_behind_the_kept_bytes() {
        let folder = folder("rest");
        let path = format!("{folder}/file");
        fs::write(&path, "12345").expect("a file");
        let part = |offset| {
            let mut incoming = DownloadFile::open(&FileTarget::new(&path, offset)).expect("it can be opened");
            incoming.write_all(b"67").expect("it can be written");
            fs::read_to_string(&path).expect("it can be read")
        };
        assert_eq!(part(3), "12367");
        assert_eq!(part(0), "67");
        fs::remove_dir_all(folder).expect("it is there");
    }

    #[test]
    fn nothing_is_written_beyond_the_limit() {
        let folder = folder("limit");
        let path = format!("{folder}/file");
        fs::write(&path, "123").expect("a file");
        for (offset, bytes, left) in [(0, "12345", "12345"), (3, "45", "12345"), (3, "4567", "12345"), (9, "x", "")] {
            fs::write(&path, "12345").expect("a file");
            let mut incoming = DownloadFile::open(&FileTarget::new(&path, offset).limit(5)).expect("it can be opened");
            let result = incoming.write_all(bytes.as_bytes());
            let fits = offset + bytes.len() as u64 <= 5;
            match result {
                Ok(()) => assert!(fits, "{offset} and {bytes}"),
                Err(error) => {
                    let error = crate::body::downcast_transport_error(error).expect("it is a transport error");
                    assert_eq!(
                        (error.kind, fits),
                        (teamwire_core::effect::TransportErrorKind::TooLarge, false),
                        "{error}"
                    );
                }
            }
            if offset <= 5 {
                assert_eq!(fs::read_to_string(&path).expect("it is there"), left, "{offset} and {bytes}");
            }
        }
        fs::remove_dir_all(folder).expect("it is there");
    }

    #[test]
    fn growing_file_is_read_up_to_its_measured_length() {
        let folder = folder("grows");
        let path = format!("{folder}/file");
        fs::write(&path, "1234").expect("a file");
        for (length, whole) in [(0_u8, true), (3, true), (4, true), (5, false)] {
            let mut given = Vec::new();
            let read = UploadFile::open(&path, length.into(), true).expect("it is there").read_to_end(&mut given);
            assert_eq!(
                (read.is_ok(), given.as_slice() == &b"1234"[..usize::from(length).min(4)]),
                (whole, true),
                "{length}"
            );
        }
        fs::remove_dir_all(folder).expect("it is there");
    }
}
