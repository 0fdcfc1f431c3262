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
    let wanted = wanted.for_status(status);
    let mut body = CountingReader { progress: BodyProgress::new(&wanted), received: &mut *received, length, source };
    let BodyPolicy { limit, to_file, .. } = wanted;
    if let Some(to_file) = to_file {
        let room = to_file.limit.saturating_sub(to_file.offset);
        if length.is_some_and(|length| length > room) {
            return Err(io::Error::other(too_large(to_file.limit)));
        }
        let file = DownloadFile::open(&to_file).map_err(io::Error::other)?;
        let mut file = BufWriter::with_capacity(CHUNK_SIZE, file);
        let copied = io::copy(&mut body, &mut file);
        // The file has no more than that, even if more has arrived.
        *received = room.min(*received);
        // Also after an interruption, as a download can continue behind the bytes that have arrived. A failed write is
        // final.
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

/// Reader of a body that counts its bytes and reports its progress.
struct CountingReader<'a, S> {
    progress: BodyProgress,
    received: &'a mut u64,
    length: Option<u64>,
    source: S,
}

impl<S: Read> Read for CountingReader<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        if read > 0 {
            *self.received += read as u64;
            self.progress.report(*self.received, self.length);
        }
        Ok(read)
    }
}
