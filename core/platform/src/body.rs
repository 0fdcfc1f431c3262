//! Bodies on their way: how far they are, and where they go.

use std::io::{self, BufWriter, Read, Write};

use http::StatusCode;
use teamwire_core::{Exchange, Fault, FaultKind, FileError, Progress, Timeout, ToFile};

use crate::files::Incoming;

/// A body on its way out, which is followed.
#[derive(Debug)]
pub struct Leaving<'a, S> {
    bytes: u64,
    total: u64,
    progress: Option<&'a Progress>,
    source: S,
}

impl<'a, S: Read> Leaving<'a, S> {
    /// So many bytes from this source.
    pub const fn new(source: S, total: u64, progress: Option<&'a Progress>) -> Self {
        Self { bytes: 0, total, progress, source }
    }
}

impl<S: Read> Read for Leaving<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.bytes += read as u64;
        if let Some(progress) = self.progress.filter(|_| read > 0) {
            progress.report(self.bytes, Some(self.total));
        }
        Ok(read)
    }
}

/// What an exchange wants of the body of its answer.
#[derive(Debug)]
pub struct Wanted {
    limit: u64,
    to_file: Option<ToFile>,
    progress: Option<Progress>,
}

/// How much is written to a file at once.
const PIECE: usize = 64 << 10;
/// The most to make room for before it has arrived.
const CREDIBLE: u64 = 1 << 20;

impl Wanted {
    /// By this exchange.
    pub fn by(exchange: &Exchange) -> Self {
        let is_upload = exchange.request.body().length() > 0;
        Self {
            limit: exchange.limit,
            to_file: exchange.to_file.clone(),
            progress: exchange.progress.clone().filter(|_| !is_upload),
        }
    }

    /// Takes the body of an answer with this status and announced length in to its end, and counts what arrives of it.
    /// What goes into memory is returned. An error that is not the source's wraps a [`FileError`] or a [`Fault`]: see
    /// [`known_fault`].
    pub fn take(
        self,
        status: StatusCode,
        length: Option<u64>,
        source: impl Read,
        arrived: &mut u64,
    ) -> io::Result<Vec<u8>> {
        let is_the_rest = status == StatusCode::PARTIAL_CONTENT;
        let is_download = is_the_rest || status == StatusCode::OK;
        let to_file = self.to_file.filter(|_| is_download);
        let limit = if to_file.is_some() { u64::MAX } else { self.limit };
        if length.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let before = to_file.as_ref().filter(|_| is_the_rest).map_or(0, |to_file| to_file.offset);
        let progress = self.progress.filter(|_| is_download);
        let mut body = Arriving { before, arrived, length, progress, source };
        if let Some(to_file) = to_file {
            let file = Incoming::open(&to_file, is_the_rest).map_err(io::Error::other)?;
            let mut file = BufWriter::with_capacity(PIECE, file);
            let copied = io::copy(&mut body, &mut file);
            // Also if it was cut, as a transfer can go on behind what has arrived; unless it could not be written, which is final.
            file.flush()?;
            return copied.map(|_| Vec::new());
        }
        let room = length.map_or(0, |length| length.min(CREDIBLE));
        let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
        body.by_ref().take(limit).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == limit && body.source.read(&mut [0])? > 0 {
            return Err(too_large(limit));
        }
        Ok(bytes)
    }
}

fn too_large(limit: u64) -> io::Error {
    io::Error::other(Fault::new(FaultKind::TooLarge, format!("more than {limit} bytes")))
}

/// The fault of an exchange whose time ran out.
pub fn timed_out(timeout: Timeout) -> Fault {
    let what = match timeout {
        Timeout::Total(limit) => format!("no whole answer within {limit:?}"),
        Timeout::Inactivity(limit) => format!("not a byte moved for {limit:?}"),
    };
    Fault::new(FaultKind::Timeout, what)
}

/// The fault that an error of this crate wraps; any other error as it is.
pub fn known_fault(error: io::Error) -> Result<Fault, io::Error> {
    match error.downcast::<FileError>() {
        Ok(error) => Ok(Fault::new(FaultKind::File, error)),
        Err(error) => error.downcast(),
    }
}

/// A body on its way in, which is counted, and followed if somebody wants to.
struct Arriving<'a, S> {
    /// How much had arrived before a cut.
    before: u64,
    arrived: &'a mut u64,
    length: Option<u64>,
    progress: Option<Progress>,
    source: S,
}

impl<S: Read> Read for Arriving<'_, S> {
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
