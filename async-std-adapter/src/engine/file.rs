//! Bodies with files that are sent or received in chunks, on threads that may block.
//!
//! Such a thread also sends what it has read, and receives what it writes, as long as the connection does not make it
//! wait: a burst. Each wake-up of another thread costs as much as the copy of many kilobytes, and bytes that another
//! processor has copied are not in the cache of this one.

use std::{
    io::{self, Read, Write},
    mem,
    task::Poll,
};

use teamwire_core::effect::{Body, Exchange, FileError, FileTarget, TransportError, TransportErrorKind};
use teamwire_std::{
    body::downcast_transport_error,
    files::{BodyReader, DownloadFile},
    http1::MIN_EXPECT_CONTINUE_LENGTH,
};

use super::{
    connection::{Borrowed, Connection},
    deadline::Deadline,
    in_flight::Interrupted,
};
use crate::runtime::Runtime;

/// Size of a chunk that is passed to another thread.
pub(super) const CHUNK_SIZE: usize = 256 << 10;
/// Number of bytes that one thread copies from a file to a connection, or back, before the next ones: they stay in the
/// cache of its processor.
const PIECE_SIZE: usize = 64 << 10;
/// Number of bytes after which a burst ends, so that others use the thread, and the response and the clock are read.
pub(super) const MAX_BURST: usize = 4 << 20;

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
    /// Buffer for a chunk or a piece. It keeps its length, because new bytes would have to be zeroed for each read.
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
        self.reader = Some(reader).filter(|_| filled == CHUNK_SIZE);
        Ok(&self.chunk[..filled])
    }

    /// Returns whether all chunks were read.
    pub(super) const fn has_ended(&self) -> bool {
        self.reader.is_none()
    }

    /// Reads and sends pieces, until the connection would have to wait, or about `most` bytes were sent. Returns the
    /// number of bytes that were sent, and those that were read but not sent.
    pub(super) async fn send<R: Runtime>(
        &mut self,
        connection: &mut Connection<R::Stream>,
        runtime: &R,
        most: usize,
    ) -> (usize, Result<&[u8], Interrupted>) {
        let Some(mut reader) = self.reader.take() else { return (0, Ok(&[])) };
        let mut chunk = mem::take(&mut self.chunk);
        let burst = move |stream: &mut Borrowed<R::Stream>| {
            if chunk.len() < PIECE_SIZE {
                chunk.resize(PIECE_SIZE, 0);
            }
            let (mut sent, mut rest) = (0, 0..0);
            let mut has_ended = false;
            let result = loop {
                if rest.is_empty() {
                    if has_ended || sent >= most || stream.is_abandoned() {
                        break Ok(rest);
                    }
                    match fill(&mut reader, &mut chunk[..PIECE_SIZE]) {
                        Ok(filled) => (rest, has_ended) = (0..filled, filled < PIECE_SIZE),
                        Err(error) => break Err(Interrupted::Error(broken(error))),
                    }
                    continue;
                }
                match stream.poll_write(&chunk[rest.clone()]) {
                    Poll::Ready(Ok(taken)) => (sent, rest.start) = (sent + taken, rest.start + taken),
                    Poll::Ready(Err(error)) => break Err(Interrupted::ConnectionBroken(error)),
                    Poll::Pending => break Ok(rest),
                }
            };
            (Some(reader).filter(|_| !has_ended), chunk, sent, result)
        };
        let (sent, result);
        (self.reader, self.chunk, sent, result) = connection.lend(runtime, burst).await;
        (sent, result.map(|rest| &self.chunk[rest]))
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

    /// Waits until more has arrived that is all of the body, of which at most `plain` bytes, and receives it without a
    /// copy. A full buffer is written, together with what arrives at once. Returns the number of received bytes, and
    /// the outcome of the last read.
    pub(super) async fn receive<R: Runtime>(
        &mut self,
        connection: &mut Connection<R::Stream>,
        plain: usize,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<(usize, io::Result<usize>), TransportError> {
        let room = self.room();
        let most = room.len().min(plain);
        let bytes = match connection.receive_into(&mut room[..most], deadline).await? {
            Ok(bytes) => bytes,
            received => return Ok((0, received)),
        };
        if !self.fill(bytes) {
            return Ok((bytes, Ok(bytes)));
        }
        let (more, received) = self.receive_burst(connection, plain - bytes, deadline.runtime()).await?;
        deadline.on_burst()?;
        Ok((bytes + more, received.unwrap_or(Ok(bytes + more))))
    }

    /// Writes the bytes in the buffer, and receives and writes at most `plain` ones more, until the connection would
    /// have to wait. Returns their number, and the outcome of the last read if that was the end of the stream, or an
    /// error.
    async fn receive_burst<R: Runtime>(
        &mut self,
        connection: &mut Connection<R::Stream>,
        plain: usize,
        runtime: &R,
    ) -> Result<(usize, Option<io::Result<usize>>), TransportError> {
        let Some(mut file) = self.file.take() else { return Ok((0, None)) };
        let (mut chunk, mut filled) = (mem::take(&mut self.chunk), mem::take(&mut self.filled));
        let most = plain.min(MAX_BURST);
        let burst = move |stream: &mut Borrowed<R::Stream>| {
            let (mut received, mut written, mut end) = (0, 0, None);
            let result = loop {
                if filled >= PIECE_SIZE || received == most {
                    if let Err(error) = file.write_all(&chunk[..filled]) {
                        break Err(error);
                    }
                    written += mem::take(&mut filled);
                }
                if received == most || stream.is_abandoned() {
                    break Ok(());
                }
                let room = filled..PIECE_SIZE.min(filled + most - received);
                match stream.poll_read(&mut chunk[room]) {
                    Poll::Ready(Ok(bytes)) if bytes > 0 => (received, filled) = (received + bytes, filled + bytes),
                    Poll::Ready(ended) => {
                        end = Some(ended);
                        break Ok(());
                    }
                    Poll::Pending => break Ok(()),
                }
            };
            (file, chunk, filled, written, received, end, result)
        };
        let (file, chunk, filled, written, received, end, result) = connection.lend(runtime, burst).await;
        self.written += written as u64;
        self.check(result)?;
        (self.file, self.chunk, self.filled) = (Some(file), chunk, filled);
        Ok((received, end))
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
        let written = runtime.unblock(write).await;
        let (file, chunk) = self.check(written)?;
        (self.file, self.chunk) = (Some(file), chunk);
        self.written += filled as u64;
        Ok(())
    }

    /// Checks the outcome of a write.
    fn check<T>(&mut self, written: io::Result<T>) -> Result<T, TransportError> {
        let written = written.map_err(broken);
        if written.as_ref().is_err_and(|error| error.kind == TransportErrorKind::TooLarge) {
            // The file has been filled up to its limit.
            self.written = self.limit;
        }
        written
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
