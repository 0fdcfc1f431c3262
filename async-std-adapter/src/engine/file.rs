//! Files that are sent or received in chunks, on threads that may block.

use std::{
    io::{self, Read, Write},
    mem,
};

use teamwire_core::effect::{Body, Exchange, FileError, FileTarget, TransportError, TransportErrorKind};
use teamwire_std::{
    body::downcast_transport_error,
    files::{DownloadFile, UploadFile},
    http1::MIN_EXPECT_CONTINUE_LENGTH,
};

use crate::runtime::Runtime;

/// Size of a chunk: each one costs a round trip to another thread.
pub(super) const CHUNK_SIZE: usize = 256 << 10;

/// A file to send as the body of a request.
pub(super) struct Upload {
    pub(super) file: FileSource,
    /// Sends the head with `Expect: 100-continue`.
    pub(super) expect_continue: bool,
}

impl Upload {
    /// Opens the file that this exchange sends, if any. A large one is sent with `Expect: 100-continue`.
    pub(super) async fn of(runtime: &impl Runtime, exchange: &Exchange) -> Result<Option<Box<Self>>, TransportError> {
        let Body::File { path, length, may_grow } = exchange.request.body() else { return Ok(None) };
        let file = FileSource::open(runtime, path.clone(), *length, *may_grow).await?;
        Ok(Some(Box::new(Self { file, expect_continue: *length >= MIN_EXPECT_CONTINUE_LENGTH })))
    }
}

/// Chunks of a file to send. They are not read ahead: the operating system still sends one while the next is read.
pub(super) struct FileSource {
    /// `None` after its end.
    file: Option<UploadFile>,
    /// Buffer for one chunk.
    chunk: Vec<u8>,
}

impl FileSource {
    /// Opens the file at `path`, which had this length. If it `may_grow`, bytes behind them are ignored.
    async fn open(runtime: &impl Runtime, path: String, length: u64, may_grow: bool) -> Result<Self, TransportError> {
        let opened = runtime.unblock(move || UploadFile::open(&path, length, may_grow)).await;
        Ok(Self { file: Some(opened.map_err(unusable)?), chunk: Vec::new() })
    }

    /// Returns the next chunk, which is empty at the end. Fails before the last one if the length of the file has
    /// changed.
    pub(super) async fn next(&mut self, runtime: &impl Runtime) -> Result<&[u8], TransportError> {
        self.chunk.clear();
        if let Some(mut file) = self.file.take() {
            let mut chunk = mem::take(&mut self.chunk);
            let read = move || {
                let read = (&mut file).take(CHUNK_SIZE as u64).read_to_end(&mut chunk);
                read.map(|_| (file, chunk))
            };
            let (file, chunk) = runtime.unblock(read).await.map_err(broken)?;
            self.chunk = chunk;
            self.file = Some(file).filter(|_| !self.chunk.is_empty());
        }
        Ok(&self.chunk)
    }
}

/// Writer of a response's body to a file.
pub(super) struct FileSink {
    /// `None` once a write has failed.
    file: Option<DownloadFile>,
    /// Buffer: bytes before `filled` are to be written, those behind are free.
    chunk: Vec<u8>,
    filled: usize,
    pub(super) written: u64,
    /// Maximum number of bytes to write.
    pub(super) limit: u64,
}

impl FileSink {
    pub(super) async fn open(runtime: &impl Runtime, to: FileTarget) -> Result<Self, TransportError> {
        let limit = to.limit.saturating_sub(to.offset);
        let opened = runtime.unblock(move || DownloadFile::open(&to)).await;
        Ok(Self { file: Some(opened.map_err(unusable)?), chunk: vec![0; CHUNK_SIZE], filled: 0, written: 0, limit })
    }

    /// Returns room for at least one byte.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.chunk[self.filled..]
    }

    /// Records that this number of bytes was put into the room. Returns whether the buffer is full.
    pub(super) fn fill(&mut self, bytes: usize) -> bool {
        self.filled += bytes;
        self.filled == self.chunk.len()
    }

    /// Writes the bytes in the buffer. It has no timeout, as an abandoned write could happen after the next one.
    pub(super) async fn write(&mut self, runtime: &impl Runtime) -> Result<(), TransportError> {
        if self.filled == 0 {
            return Ok(());
        }
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let (chunk, filled) = (mem::take(&mut self.chunk), mem::take(&mut self.filled));
        let write = move || file.write_all(&chunk[..filled]).map(|()| (file, chunk));
        let written = runtime.unblock(write).await.map_err(broken);
        if written.as_ref().is_err_and(|error| error.kind == TransportErrorKind::TooLarge) {
            // The file has been filled up to its limit.
            self.written = self.limit;
        }
        (self.file, self.chunk) = written.map(|(file, chunk)| (Some(file), chunk))?;
        self.written += filled as u64;
        Ok(())
    }
}

fn unusable(error: FileError) -> TransportError {
    TransportError::new(TransportErrorKind::File, error)
}

fn broken(error: io::Error) -> TransportError {
    downcast_transport_error(error).unwrap_or_else(|error| TransportError::new(TransportErrorKind::File, error))
}
