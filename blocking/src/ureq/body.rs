//! Bodies on their way: how far they are, and where they go.

use std::io::{self, BufWriter, Read, Write};

use teamwire_core::{Fault, FaultKind, Progress, Timeout, Wanted};
use teamwire_std::{
    body::{initial_capacity, too_large},
    files::DownloadFile,
};
use ureq::http::StatusCode;

/// A body on its way out, which is followed.
#[derive(Debug)]
pub(super) struct ProgressReader<'a, S> {
    bytes: u64,
    total: u64,
    progress: Option<&'a Progress>,
    source: S,
}

impl<'a, S: Read> ProgressReader<'a, S> {
    /// So many bytes from this source.
    pub(super) const fn new(source: S, total: u64, progress: Option<&'a Progress>) -> Self {
        Self { bytes: 0, total, progress, source }
    }
}

impl<S: Read> Read for ProgressReader<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.bytes += read as u64;
        if let Some(progress) = self.progress.filter(|_| read > 0) {
            progress.report(self.bytes, Some(self.total));
        }
        Ok(read)
    }
}

/// How much is written to a file at once.
const CHUNK_SIZE: usize = 64 << 10;

/// Takes the body of an answer with this status and announced length in to its end, and counts what arrives of it.
/// What goes into memory is returned. An error that is not the source's wraps a [`FileError`](teamwire_core::FileError) or a [`Fault`]: see
/// [`downcast_fault`](teamwire_std::body::downcast_fault).
pub(super) fn read_body(
    wanted: Wanted,
    status: StatusCode,
    length: Option<u64>,
    source: impl Read,
    arrived: &mut u64,
) -> io::Result<Vec<u8>> {
    let Wanted { limit, to_file, progress, .. } = wanted.with(status);
    let before = to_file.as_ref().map_or(0, |to_file| to_file.offset);
    let mut body = CountingReader { before, arrived, length, progress, source };
    if let Some(to_file) = to_file {
        let room = to_file.limit.saturating_sub(to_file.offset);
        if length.is_some_and(|length| length > room) {
            return Err(io::Error::other(too_large(to_file.limit)));
        }
        let file = DownloadFile::open(&to_file).map_err(io::Error::other)?;
        let mut file = BufWriter::with_capacity(CHUNK_SIZE, file);
        let copied = io::copy(&mut body, &mut file);
        // Also if it was cut, as a transfer can go on behind what has arrived; unless it could not be written, which is final.
        file.flush()?;
        return copied.map(|_| Vec::new());
    }
    let mut bytes = Vec::with_capacity(initial_capacity(length, limit).map_err(io::Error::other)?);
    body.by_ref().take(limit).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == limit && body.source.read(&mut [0])? > 0 {
        return Err(io::Error::other(too_large(limit)));
    }
    Ok(bytes)
}

/// The fault of an exchange whose time ran out.
pub(super) fn timed_out(timeout: Timeout) -> Fault {
    let what = match timeout {
        Timeout::Total(limit) => format!("no whole answer within {limit:?}"),
        Timeout::Inactivity(limit) => format!("not a byte moved for {limit:?}"),
        Timeout::LongPoll { head, .. } => format!("no response within {head:?}"),
    };
    Fault::new(FaultKind::Timeout, what)
}

/// A body on its way in, which is counted, and followed if somebody wants to.
struct CountingReader<'a, S> {
    /// How much had arrived before a cut.
    before: u64,
    arrived: &'a mut u64,
    length: Option<u64>,
    progress: Option<Progress>,
    source: S,
}

impl<S: Read> Read for CountingReader<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        *self.arrived += read as u64;
        if let Some(progress) = self.progress.as_ref().filter(|_| read > 0) {
            let total = self.length.map(|length| self.before.saturating_add(length));
            progress.report(self.before.saturating_add(*self.arrived), total);
        }
        Ok(read)
    }
}
