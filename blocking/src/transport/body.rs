use std::io::{self, BufWriter, Read, Write};

use teamwire_core::effect::{Body, BodyPolicy};
use teamwire_std::{
    BodyProgress, UploadProgress,
    body::{initial_capacity, too_large},
    files::{BodyReader, DownloadFile},
};
use ureq::http::StatusCode;

/// Reader of a request body that reports the progress of its parts. The errors of reading wrap a
/// [`FileError`](teamwire_core::effect::FileError).
#[derive(Debug)]
pub struct RequestBody {
    source: BodyReader,
    progress: Option<UploadProgress>,
}

impl RequestBody {
    /// Opens the files of this body.
    ///
    /// # Errors
    ///
    /// One that wraps a [`FileError`](teamwire_core::effect::FileError) if a file cannot be opened.
    pub fn open(body: &Body) -> io::Result<Self> {
        Ok(Self { source: BodyReader::open(body).map_err(io::Error::other)?, progress: UploadProgress::new(body) })
    }
}

impl Read for RequestBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        if let Some(progress) = &mut self.progress {
            progress.record(read as u64);
        }
        Ok(read)
    }
}

/// Number of bytes that are written to a file at once.
const CHUNK_SIZE: usize = 64 << 10;

/// Reads the body of a response with this status and announced length, and counts the bytes in `received`. Returns the
/// part in memory, which is empty if the body goes to the file of the exchange. `wanted` is the policy of the
/// [exchange](teamwire_core::effect::Exchange::body_policy).
///
/// # Errors
///
/// The error of the source, or one that wraps a [`FileError`](teamwire_core::effect::FileError) or
/// [`TransportError`](teamwire_core::effect::TransportError): see
/// [`downcast_transport_error`](super::downcast_transport_error).
pub fn read_response(
    wanted: BodyPolicy,
    status: StatusCode,
    length: Option<u64>,
    source: impl Read,
    received: &mut u64,
) -> io::Result<Vec<u8>> {
    read_body(wanted, status, length, Unbuffered(source), received)
}

/// Source of the body of a response.
pub(crate) trait BodySource: Read {
    /// Copies the body to a file: in case of an error also the bytes that have arrived before it, as a download can
    /// continue behind them. Calls `on_bytes` with the number of bytes, each time that some have arrived.
    ///
    /// # Errors
    ///
    /// An error of the file, which is final, or else that of the source.
    fn copy_to(self, file: &mut impl Write, on_bytes: impl FnMut(usize)) -> io::Result<()>;
}

/// Same as [`read_response`], from a source with a copy of its own.
pub(crate) fn read_body(
    wanted: BodyPolicy,
    status: StatusCode,
    length: Option<u64>,
    source: impl BodySource,
    received: &mut u64,
) -> io::Result<Vec<u8>> {
    let wanted = wanted.for_status(status);
    let progress = BodyProgress::new(&wanted);
    let on_bytes = |bytes: usize| {
        *received += bytes as u64;
        progress.report(*received, length);
    };
    let BodyPolicy { limit, to_file, .. } = wanted;
    if let Some(to_file) = to_file {
        let room = to_file.limit.saturating_sub(to_file.offset);
        if length.is_some_and(|length| length > room) {
            return Err(io::Error::other(too_large(to_file.limit)));
        }
        let mut file = DownloadFile::open(&to_file).map_err(io::Error::other)?;
        let copied = source.copy_to(&mut file, on_bytes);
        // The file has no more than that, even if more has arrived.
        *received = room.min(*received);
        return copied.map(|()| Vec::new());
    }
    let mut bytes = Vec::with_capacity(initial_capacity(length, limit).map_err(io::Error::other)?);
    let mut body = CountingReader { source, on_bytes };
    body.by_ref().take(limit).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == limit && body.source.read(&mut [0])? > 0 {
        return Err(io::Error::other(too_large(limit)));
    }
    Ok(bytes)
}

/// A source without a buffer.
struct Unbuffered<S>(S);

impl<S: Read> Read for Unbuffered<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Read> BodySource for Unbuffered<S> {
    fn copy_to(self, file: &mut impl Write, on_bytes: impl FnMut(usize)) -> io::Result<()> {
        let mut file = BufWriter::with_capacity(CHUNK_SIZE, file);
        let copied = io::copy(&mut CountingReader { source: self.0, on_bytes }, &mut file);
        file.flush()?;
        copied.map(drop)
    }
}

/// Reader of a body that counts its bytes.
struct CountingReader<S, F> {
    source: S,
    on_bytes: F,
}

impl<S: Read, F: FnMut(usize)> Read for CountingReader<S, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        if read > 0 {
            (self.on_bytes)(read);
        }
        Ok(read)
    }
}
