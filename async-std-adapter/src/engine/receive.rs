//! The body of an answer, into memory or into a file.

use std::io;

use teamwire_core::{Fault, Progress};
use teamwire_std::{
    body::{initial_capacity, too_large},
    http1::ChunkLines,
};
use ureq_proto::{
    BodyMode,
    client::{Call, state::RecvBody},
};

use super::{
    connection::Connection,
    deadline::Deadline,
    file,
    response::{lost, not_http},
};
use crate::runtime::Runtime;

/// Where a body goes.
pub(super) enum BodySink {
    /// The part before `filled` is the body. What is behind it is room, of zeros. It may have no more than `limit` bytes.
    Memory {
        bytes: Vec<u8>,
        filled: usize,
        limit: u64,
    },
    File(file::FileSink),
}

impl BodySink {
    pub(super) const fn memory(limit: u64) -> Self {
        Self::Memory { bytes: Vec::new(), filled: 0, limit }
    }

    /// How many bytes are where they belong.
    pub(super) fn received(&self) -> u64 {
        match self {
            Self::Memory { filled, .. } => *filled as u64,
            Self::File(file) => file.written,
        }
    }

    /// What went into memory.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Memory { mut bytes, filled, .. } => {
                bytes.truncate(filled);
                bytes
            }
            Self::File(_) => Vec::new(),
        }
    }

    fn expect(&mut self, announced: Option<u64>) -> Result<(), Fault> {
        match self {
            Self::Memory { bytes, limit, .. } => bytes.reserve_exact(initial_capacity(announced, *limit)?),
            Self::File(file) => drop(initial_capacity(announced, file.limit)?),
        }
        Ok(())
    }

    /// Room for so many bytes, or some.
    fn room(&mut self, most: usize) -> &mut [u8] {
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

    /// So much of the room was filled. Whether it is time to write.
    fn fill(&mut self, got: usize) -> Result<bool, Fault> {
        match self {
            Self::Memory { filled, limit, .. } => {
                *filled += got;
                if *filled as u64 > *limit { Err(too_large(*limit)) } else { Ok(false) }
            }
            Self::File(file) => Ok(file.fill(got)),
        }
    }

    /// Brings what has arrived to where it belongs.
    pub(super) async fn write<R: Runtime>(&mut self, deadline: &mut Deadline<'_, R>) -> Result<(), Fault> {
        if let Self::File(file) = self {
            // Boxed, so that the future of the usual case stays small.
            Box::pin(file.write(deadline.runtime())).await?;
            deadline.on_activity();
        }
        Ok(())
    }
}

/// Who wants to know how much has arrived.
pub(super) struct BodyProgress {
    /// How much the file had already.
    pub(super) before: u64,
    pub(super) progress: Option<Progress>,
    /// The status is 400 or more.
    pub(super) is_refusal: bool,
    /// A write has failed: what looks like the end may be a reset, which the operating system reports only once.
    pub(super) is_broken: bool,
}

impl BodyProgress {
    fn report(&self, bytes: u64, length: Option<u64>) {
        if let Some(progress) = &self.progress {
            let total = length.map(|length| self.before.saturating_add(length));
            progress.report(self.before.saturating_add(bytes), total);
        }
    }
}

/// Returns `true` if this is how a connection ends that is not closed in order.
fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe | E::UnexpectedEof)
}

/// Takes the body in, to its end.
pub(super) async fn receive<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    call: &mut Call<RecvBody>,
    sink: &mut BodySink,
    progress: &BodyProgress,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Fault> {
    let mode = call.body_mode();
    let announced = match mode {
        BodyMode::LengthDelimited(length) => Some(length),
        _ => None,
    };
    sink.expect(announced)?;
    if let BodySink::File(_) = sink {
        connection.input.expand();
    }
    let mut lines = (mode == BodyMode::Chunked).then(ChunkLines::default);
    let mut new = connection.input.unread().len();
    let mut arrived = 0;
    loop {
        if let Some(lines) = &mut lines {
            connection.input.strip(new, lines);
            lines.check()?;
        }
        let before = arrived;
        loop {
            let unread = connection.input.unread();
            let (used, got) = call.read(unread, sink.room(unread.len())).map_err(not_http)?;
            connection.input.consume(used);
            arrived += got as u64;
            if sink.fill(got)? {
                sink.write(deadline).await?;
            }
            if used == 0 || connection.input.is_empty() {
                break;
            }
        }
        if arrived > before {
            progress.report(arrived, announced);
        }
        let until_closed = mode == BodyMode::CloseDelimited;
        if !until_closed && call.can_proceed() {
            return Ok(());
        }
        new = match connection.receive(deadline).await? {
            Ok(0) if until_closed && (progress.is_refusal || !progress.is_broken) => return Ok(()),
            Ok(0) => return Err(lost(io::Error::from(io::ErrorKind::UnexpectedEof))),
            Ok(bytes) => bytes,
            // What a server that refused a request leaves unread makes its end a reset.
            Err(error) if until_closed && progress.is_refusal && is_end(&error) => return Ok(()),
            Err(error) => return Err(connection.lost(&error)),
        };
    }
}
