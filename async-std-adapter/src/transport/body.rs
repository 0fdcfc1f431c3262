use std::fmt;

use http::StatusCode;
use teamwire_core::effect::{Body, BodyPolicy, TransportError};
use teamwire_std::{BodyProgress, UploadProgress};

use crate::{
    engine::{BodySink, ChunkSource},
    runtime::Runtime,
};

/// A request body in chunks, for a [`Transport`](super::Transport). Files are read on the runtime's blocking threads.
pub struct RequestBody<R> {
    runtime: R,
    source: ChunkSource,
    progress: Option<UploadProgress>,
}

impl<R: Runtime> RequestBody<R> {
    /// Opens the files of this body.
    ///
    /// # Errors
    ///
    /// `File` if one cannot be opened.
    pub async fn open(runtime: R, body: &Body) -> Result<Self, TransportError> {
        let source = ChunkSource::open(&runtime, body.clone()).await?;
        Ok(Self { runtime, source, progress: UploadProgress::new(body) })
    }

    /// Returns the next chunk, of at most 256 KiB; `None` at the end. It counts as sent.
    ///
    /// # Errors
    ///
    /// `File` if a file cannot be read, or its length has changed. The request must then not be completed.
    pub async fn next(&mut self) -> Result<Option<&[u8]>, TransportError> {
        let chunk = self.source.next(&self.runtime).await?;
        if let Some(progress) = &mut self.progress {
            progress.record(chunk.len() as u64);
        }
        Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
    }
}

/// A response body, for a [`Transport`](super::Transport): in memory, or in the file of the exchange.
pub struct ResponseBody<R> {
    runtime: R,
    sink: BodySink,
    progress: BodyProgress,
    announced: Option<u64>,
    arrived: u64,
}

impl<R: Runtime> ResponseBody<R> {
    /// Prepares for the body of a response with this status and announced length. `policy` is that of the
    /// [exchange](teamwire_core::effect::Exchange::body_policy).
    ///
    /// # Errors
    ///
    /// `TooLarge` if the announced length exceeds the limit, `File` if the file cannot be written.
    pub async fn open(
        runtime: R,
        policy: BodyPolicy,
        status: StatusCode,
        announced: Option<u64>,
    ) -> Result<Self, TransportError> {
        let policy = policy.for_status(status);
        let progress = BodyProgress::new(&policy);
        let mut sink = BodySink::open(&runtime, policy).await?;
        sink.expect(announced)?;
        Ok(Self { runtime, sink, progress, announced, arrived: 0 })
    }

    /// Adds bytes that have arrived.
    ///
    /// # Errors
    ///
    /// `TooLarge` if the limit is exceeded, `File` if the file cannot be written.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), TransportError> {
        self.arrived += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = self.sink.room(bytes.len());
            let amount = room.len().min(bytes.len());
            room[..amount].copy_from_slice(&bytes[..amount]);
            bytes = &bytes[amount..];
            if self.sink.fill(amount)? {
                self.sink.write_out(&self.runtime).await?;
            }
        }
        self.progress.report(self.arrived, self.announced);
        Ok(())
    }

    /// Writes everything to the file, if there is one: at the end, and also after an interruption, because a download
    /// can be resumed.
    ///
    /// # Errors
    ///
    /// `TooLarge` if the limit of the file is exceeded, `File` if it cannot be written. After an interruption, it is
    /// the error of the exchange, because the bytes had arrived before.
    pub async fn flush(&mut self) -> Result<(), TransportError> {
        self.sink.write_out(&self.runtime).await
    }

    /// Returns the number of bytes that have arrived at their destination, without those beyond the limit.
    pub fn received(&self) -> u64 {
        self.sink.received()
    }

    /// Returns the body in memory, which is empty if it was written to a file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.sink.into_bytes()
    }
}

impl<R> fmt::Debug for RequestBody<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for ResponseBody<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("arrived", &self.arrived).finish_non_exhaustive()
    }
}
