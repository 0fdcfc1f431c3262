//! The body of a response, into memory or into a file.

use std::io;

use teamwire_core::effect::{BodyPolicy, TransportError};
use teamwire_std::{
    BodyProgress,
    body::{initial_capacity, too_large},
    http1::ChunkLines,
    is_abrupt_end,
};
use ureq_proto::BodyMode;

use super::{connection::Connection, deadline::Deadline, errors::disconnected, file::FileSink};
use crate::runtime::Runtime;

/// Destination of a body.
pub(crate) enum BodySink {
    /// Buffer: bytes before `filled` are the body, of at most `limit` bytes, those behind are free.
    Memory {
        bytes: Vec<u8>,
        filled: usize,
        limit: u64,
    },
    File(FileSink),
}

impl BodySink {
    /// Opens the destination of a body with this policy.
    pub(crate) async fn open(runtime: &impl Runtime, policy: BodyPolicy) -> Result<Self, TransportError> {
        Ok(match policy.to_file {
            // Boxed, so that the future of the usual case stays small.
            Some(to) => Self::File(Box::pin(FileSink::open(runtime, to)).await?),
            None => Self::Memory { bytes: Vec::new(), filled: 0, limit: policy.limit },
        })
    }

    /// Returns the number of bytes that are at their destination, without those beyond the limit.
    pub(crate) fn received(&self) -> u64 {
        match self {
            Self::Memory { filled, limit, .. } => (*filled as u64).min(*limit),
            Self::File(file) => file.written,
        }
    }

    /// Returns the body in memory, which is empty if it was written to a file.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Memory { mut bytes, filled, .. } => {
                bytes.truncate(filled);
                bytes
            }
            Self::File(_) => Vec::new(),
        }
    }

    /// Prepares for a body of this announced length.
    pub(crate) fn expect(&mut self, announced: Option<u64>) -> Result<(), TransportError> {
        match self {
            Self::Memory { bytes, limit, .. } => bytes.reserve_exact(initial_capacity(announced, *limit)?),
            Self::File(file) => drop(initial_capacity(announced, file.limit)?),
        }
        Ok(())
    }

    /// Returns room for `most` bytes in memory, or for some bytes of a file.
    pub(crate) fn room(&mut self, most: usize) -> &mut [u8] {
        match self {
            Self::Memory { bytes, filled, .. } => {
                if bytes.len() < *filled + most {
                    bytes.resize(*filled + most, 0);
                }
                &mut bytes[*filled..]
            }
            Self::File(file) => file.room(),
        }
    }

    /// Records that this number of bytes was put into the room. Returns whether the buffer is full and has to be
    /// written.
    pub(crate) fn fill(&mut self, got: usize) -> Result<bool, TransportError> {
        match self {
            Self::Memory { filled, limit, .. } => {
                *filled += got;
                if *filled as u64 > *limit { Err(too_large(*limit)) } else { Ok(false) }
            }
            Self::File(file) => Ok(file.fill(got)),
        }
    }

    /// Writes the received bytes to the file, if there is one.
    pub(crate) async fn write_out(&mut self, runtime: &impl Runtime) -> Result<(), TransportError> {
        match self {
            Self::Memory { .. } => Ok(()),
            // Boxed, so that the future of the usual case stays small.
            Self::File(file) => Box::pin(file.write(runtime)).await,
        }
    }

    /// Same as [`write_out`](Self::write_out), which counts as activity.
    pub(super) async fn write<R: Runtime>(&mut self, deadline: &mut Deadline<'_, R>) -> Result<(), TransportError> {
        self.write_out(deadline.runtime()).await?;
        if let Self::File(_) = self {
            deadline.on_activity();
        }
        Ok(())
    }
}

/// Properties of an exchange that affect the receiving of the body.
pub(super) struct Receiving {
    pub(super) progress: BodyProgress,
    /// The status is 400 or more.
    pub(super) is_error_status: bool,
    /// A write has failed: an apparent end of the stream may be a reset, which the operating system reports only once.
    pub(super) is_broken: bool,
}

/// Decoder of a body. `ureq_proto` does not see bodies, as it logs every byte that it reads.
enum BodyDecoder {
    /// This number of bytes is left.
    Length(u64),
    Chunks(ChunkLines),
    UntilClosed,
}

impl BodyDecoder {
    fn new(mode: BodyMode) -> Self {
        match mode {
            BodyMode::NoBody => Self::Length(0),
            BodyMode::LengthDelimited(length) => Self::Length(length),
            BodyMode::Chunked => Self::Chunks(ChunkLines::default()),
            BodyMode::CloseDelimited => Self::UntilClosed,
        }
    }

    /// Returns the number of the next bytes that are data, whatever arrives; zero in chunks.
    fn plain(&self) -> usize {
        match self {
            Self::Length(left) => usize::try_from(*left).unwrap_or(usize::MAX),
            Self::Chunks(_) => 0,
            Self::UntilClosed => usize::MAX,
        }
    }

    /// Records that data was received that needs no decoding.
    fn skip(&mut self, bytes: usize) {
        if let Self::Length(left) = self {
            *left -= bytes as u64;
        }
    }

    /// Decodes these bytes. Returns the number of bytes that were read, and the number that were written.
    fn decode(&mut self, from: &[u8], to: &mut [u8]) -> (usize, usize) {
        if let Self::Chunks(lines) = self {
            return lines.decode(from, to);
        }
        let length = from.len().min(to.len()).min(self.plain());
        to[..length].copy_from_slice(&from[..length]);
        self.skip(length);
        (length, length)
    }

    fn check(&self) -> Result<(), TransportError> {
        match self {
            Self::Chunks(lines) => lines.check(),
            Self::Length(_) | Self::UntilClosed => Ok(()),
        }
    }

    const fn has_ended(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunks(lines) => lines.has_ended(),
            Self::UntilClosed => false,
        }
    }
}

/// Receives the whole body.
pub(super) async fn receive<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    mode: BodyMode,
    sink: &mut BodySink,
    receiving: &Receiving,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), TransportError> {
    let announced = match mode {
        BodyMode::LengthDelimited(length) => Some(length),
        _ => None,
    };
    sink.expect(announced)?;
    if let (BodySink::File(_), BodyMode::Chunked) = (&*sink, mode) {
        connection.input.expand();
    }
    let (mut decoder, mut arrived, mut reported) = (BodyDecoder::new(mode), 0, 0);
    let mut report = |arrived| {
        if arrived > reported {
            receiving.progress.report(arrived, announced);
            reported = arrived;
        }
    };
    loop {
        loop {
            let unread = connection.input.unread();
            let (used, got) = decoder.decode(unread, sink.room(unread.len()));
            connection.input.consume(used);
            arrived += got as u64;
            if sink.fill(got)? {
                sink.write(deadline).await?;
            }
            if used == 0 || connection.input.is_empty() {
                break;
            }
        }
        decoder.check()?;
        report(arrived);
        if decoder.has_ended() {
            return Ok(());
        }
        let until_closed = mode == BodyMode::CloseDelimited;
        let plain = decoder.plain();
        let received = match sink {
            // Without a copy. In memory, the room would have to be zeroed.
            BodySink::File(file) if plain > 0 && connection.input.is_empty() => {
                connection.input.note_bypass();
                // Boxed, so that the future of the usual case stays small.
                let (bytes, received) = Box::pin(file.receive(connection, plain, deadline)).await?;
                decoder.skip(bytes);
                arrived += bytes as u64;
                report(arrived);
                received
            }
            _ => connection.receive(deadline).await?,
        };
        match received {
            Ok(0) if until_closed && (receiving.is_error_status || !receiving.is_broken) => return Ok(()),
            Ok(0) => return Err(disconnected(io::Error::from(io::ErrorKind::UnexpectedEof))),
            Ok(_) => {}
            // A server that rejects a request without reading all of it ends the connection with a reset.
            Err(error) if until_closed && receiving.is_error_status && is_abrupt_end(&error) => return Ok(()),
            Err(error) => return Err(connection.transport_error(&error)),
        }
    }
}
