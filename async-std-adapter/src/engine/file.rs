//! Files on their way, piece by piece, read and written where no task waits.

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
pub(super) const PIECE: usize = 256 << 10;

/// A file to send as the body of a request.
pub(super) struct Upload {
    pub(super) file: Source,
    /// Asks the server first whether it accepts the file (`Expect: 100-continue`).
    pub(super) asks: bool,
}

impl Upload {
    /// Opens the file that this exchange sends, if it sends one. A large one is asked for first.
    pub(super) async fn of(runtime: &impl Runtime, exchange: &Exchange) -> Result<Option<Box<Self>>, Fault> {
        let Body::File { path, length, may_grow } = exchange.request.body() else { return Ok(None) };
        let file = Source::open(runtime, path.clone(), *length, *may_grow).await?;
        Ok(Some(Box::new(Self { file, asks: *length >= MIN_EXPECT_CONTINUE_LENGTH })))
    }
}

/// The bytes of a file to send. Nothing of it is read ahead: while a piece is read, the operating system still sends those before it.
pub(super) struct Source {
    /// `None` after its end.
    file: Option<UploadFile>,
    /// Room for one.
    piece: Vec<u8>,
}

impl Source {
    /// The file at this path, which had this length, and has no more unless it `may_grow`.
    async fn open(runtime: &impl Runtime, path: String, length: u64, may_grow: bool) -> Result<Self, Fault> {
        let opened = runtime.unblock(move || UploadFile::open(&path, length, may_grow)).await;
        Ok(Self { file: Some(opened.map_err(unusable)?), piece: Vec::new() })
    }

    /// The next piece; empty at the end. Raises an error before the last one if the file is not as long as it was.
    pub(super) async fn next(&mut self, runtime: &impl Runtime) -> Result<&[u8], Fault> {
        self.piece.clear();
        if let Some(mut file) = self.file.take() {
            let mut piece = mem::take(&mut self.piece);
            let read = move || {
                let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece);
                read.map(|_| (file, piece))
            };
            let (file, piece) = runtime.unblock(read).await.map_err(broken)?;
            self.piece = piece;
            self.file = Some(file).filter(|_| !self.piece.is_empty());
        }
        Ok(&self.piece)
    }
}

/// A file that an answer goes to.
pub(super) struct Sink {
    /// `None` once it could not be written to.
    file: Option<DownloadFile>,
    /// The part before `filled` is to be written. What is behind it is room.
    piece: Vec<u8>,
    filled: usize,
    pub(super) written: u64,
    /// Maximum number of bytes that the file takes.
    pub(super) limit: u64,
}

impl Sink {
    pub(super) async fn open(runtime: &impl Runtime, to: ToFile) -> Result<Self, Fault> {
        let limit = to.limit.saturating_sub(to.offset);
        let opened = runtime.unblock(move || DownloadFile::open(&to)).await;
        Ok(Self { file: Some(opened.map_err(unusable)?), piece: vec![0; PIECE], filled: 0, written: 0, limit })
    }

    /// Room, of which there is some.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.piece[self.filled..]
    }

    /// So much of the room was filled. Whether it is time to write.
    pub(super) fn fill(&mut self, bytes: usize) -> bool {
        self.filled += bytes;
        self.filled == self.piece.len()
    }

    /// Writes what there is. It waits for as long as that takes: were it given up, what comes next could be written first.
    pub(super) async fn write(&mut self, runtime: &impl Runtime) -> Result<(), Fault> {
        if self.filled == 0 {
            return Ok(());
        }
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let (piece, filled) = (mem::take(&mut self.piece), mem::take(&mut self.filled));
        let write = move || file.write_all(&piece[..filled]).map(|()| (file, piece));
        let (file, piece) = runtime.unblock(write).await.map_err(broken)?;
        (self.file, self.piece) = (Some(file), piece);
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
