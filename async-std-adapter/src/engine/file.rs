//! Files on their way, chunk by chunk, read and written where no task waits.

use std::{
    io::{self, Read, Write},
    mem,
};

use teamwire_core::{Body, Exchange, Fault, FaultKind, FileError, ToFile};
use teamwire_std::{
    body::downcast_fault,
    files::{DownloadFile, UploadFile},
    http1::MIN_EXPECT_CONTINUE_LENGTH,
};

use crate::runtime::Runtime;

/// How much of a file is read or written at once: each time costs the way to another thread and back.
pub(super) const CHUNK_SIZE: usize = 256 << 10;

/// A file to send as the body of a request.
pub(super) struct Upload {
    pub(super) file: FileSource,
    /// Asks the server first whether it accepts the file (`Expect: 100-continue`).
    pub(super) expect_continue: bool,
}

impl Upload {
    /// Opens the file that this exchange sends, if it sends one. A large one is asked for first.
    pub(super) async fn of(runtime: &impl Runtime, exchange: &Exchange) -> Result<Option<Box<Self>>, Fault> {
        let Body::File { path, length, may_grow } = exchange.request.body() else { return Ok(None) };
        let file = FileSource::open(runtime, path.clone(), *length, *may_grow).await?;
        Ok(Some(Box::new(Self { file, expect_continue: *length >= MIN_EXPECT_CONTINUE_LENGTH })))
    }
}

/// The bytes of a file to send. Nothing of it is read ahead: while a chunk is read, the operating system still sends those before it.
pub(super) struct FileSource {
    /// `None` after its end.
    file: Option<UploadFile>,
    /// Room for one.
    chunk: Vec<u8>,
}

impl FileSource {
    /// The file at this path, which had this length, and has no more unless it `may_grow`.
    async fn open(runtime: &impl Runtime, path: String, length: u64, may_grow: bool) -> Result<Self, Fault> {
        let opened = runtime.unblock(move || UploadFile::open(&path, length, may_grow)).await;
        Ok(Self { file: Some(opened.map_err(unusable)?), chunk: Vec::new() })
    }

    /// The next chunk; empty at the end. Raises an error before the last one if the file is not as long as it was.
    pub(super) async fn next(&mut self, runtime: &impl Runtime) -> Result<&[u8], Fault> {
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

/// A file that an answer goes to.
pub(super) struct FileSink {
    /// `None` once it could not be written to.
    file: Option<DownloadFile>,
    /// The part before `filled` is to be written. What is behind it is room.
    chunk: Vec<u8>,
    filled: usize,
    pub(super) written: u64,
    /// Maximum number of bytes that the file takes.
    pub(super) limit: u64,
}

impl FileSink {
    pub(super) async fn open(runtime: &impl Runtime, to: ToFile) -> Result<Self, Fault> {
        let limit = to.limit.saturating_sub(to.offset);
        let opened = runtime.unblock(move || DownloadFile::open(&to)).await;
        Ok(Self { file: Some(opened.map_err(unusable)?), chunk: vec![0; CHUNK_SIZE], filled: 0, written: 0, limit })
    }

    /// Room, of which there is some.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.chunk[self.filled..]
    }

    /// So much of the room was filled. Whether it is time to write.
    pub(super) fn fill(&mut self, bytes: usize) -> bool {
        self.filled += bytes;
        self.filled == self.chunk.len()
    }

    /// Writes what there is. It waits for as long as that takes: were it given up, what comes next could be written first.
    pub(super) async fn write(&mut self, runtime: &impl Runtime) -> Result<(), Fault> {
        if self.filled == 0 {
            return Ok(());
        }
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let (chunk, filled) = (mem::take(&mut self.chunk), mem::take(&mut self.filled));
        let write = move || file.write_all(&chunk[..filled]).map(|()| (file, chunk));
        let (file, chunk) = runtime.unblock(write).await.map_err(broken)?;
        (self.file, self.chunk) = (Some(file), chunk);
        self.written += filled as u64;
        Ok(())
    }
}

fn unusable(error: FileError) -> Fault {
    Fault::new(FaultKind::File, error)
}

fn broken(error: io::Error) -> Fault {
    downcast_fault(error).unwrap_or_else(|error| Fault::new(FaultKind::File, error))
}
