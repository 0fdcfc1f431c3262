//! Bodies with files that are sent or received in chunks, on threads that may block.

use std::{
    io::{self, Read, Write},
    mem,
};

use teamwire_core::effect::{Body, Exchange, FileError, FileTarget, TransportError, TransportErrorKind};
use teamwire_std::{
    body::downcast_transport_error,
    files::{BodyReader, DownloadFile},
    http1::MIN_EXPECT_CONTINUE_LENGTH,
};

use crate::runtime::Runtime;

/// Size of a chunk: each one costs a round trip to another thread.
pub(super) const CHUNK_SIZE: usize = 256 << 10;

/// A body to send in chunks.
pub(super) struct Upload {
    pub(super) source: ChunkSource,
    /// Sends the head with `Expect: 100-continue`.
    pub(super) expect_continue: bool,
}

impl Upload {
    /// Opens the files that this exchange sends. A large body with a file is sent with `Expect: 100-continue`.
    pub(super) async fn of(runtime: &impl Runtime, exchange: &Exchange) -> Result<Box<Self>, TransportError> {
        let body = exchange.request.body();
        let source = ChunkSource::open(runtime, body.clone()).await?;
        let expect_continue = body.has_file() && body.length() >= MIN_EXPECT_CONTINUE_LENGTH;
        Ok(Box::new(Self { source, expect_continue }))
    }
}

/// Chunks of a body to send. They are not read ahead: the operating system still sends one while the next is read.
pub(crate) struct ChunkSource {
    /// `None` after its end.
    reader: Option<BodyReader>,
    /// Buffer for one chunk. It keeps its length, because new bytes would have to be zeroed for each read.
    chunk: Vec<u8>,
}

impl ChunkSource {
    /// Opens the files of this body.
    pub(crate) async fn open(runtime: &impl Runtime, body: Body) -> Result<Self, TransportError> {
        let opened = runtime.unblock(move || BodyReader::open(&body)).await;
        Ok(Self { reader: Some(opened.map_err(unusable)?), chunk: Vec::new() })
    }

    /// Returns the next chunk, which is empty at the end. Fails before the end of a file whose length has changed.
    pub(crate) async fn next(&mut self, runtime: &impl Runtime) -> Result<&[u8], TransportError> {
        let Some(mut reader) = self.reader.take() else { return Ok(&[]) };
        let mut chunk = mem::take(&mut self.chunk);
        let read = move || {
            chunk.resize(CHUNK_SIZE, 0);
            fill(&mut reader, &mut chunk).map(|filled| (reader, chunk, filled))
        };
        let (reader, chunk, filled) = runtime.unblock(read).await.map_err(broken)?;
        self.chunk = chunk;
        self.reader = Some(reader).filter(|_| filled > 0);
        Ok(&self.chunk[..filled])
    }
}

/// Writer of a response's body to a file.
pub(crate) struct FileSink {
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

/// Reads until the buffer is full, or the reader has ended. Returns the number of bytes.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn unusable(error: FileError) -> TransportError {
    TransportError::new(TransportErrorKind::File, error)
}

fn broken(error: io::Error) -> TransportError {
    downcast_transport_error(error).unwrap_or_else(|error| TransportError::new(TransportErrorKind::File, error))
}
