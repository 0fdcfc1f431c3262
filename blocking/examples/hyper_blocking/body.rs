//! Bodies, between hyper and the functions of the adapter.

use std::{
    future::poll_fn,
    io::{self, Read},
    pin::Pin,
    task::{Context, Poll},
};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use teamwire_blocking::{
    effect::TransportError,
    transport::{RequestBody, downcast_transport_error},
};

use super::{failed, pool::Link, unsendable};

const CHUNK_SIZE: usize = 64 << 10;

/// A request body of a known length.
pub(super) struct SentBody {
    source: RequestBody,
    left: u64,
}

impl SentBody {
    pub(super) fn new(source: RequestBody, length: u64) -> Self {
        Self { source, left: length }
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut chunk = vec![0; usize::try_from(self.left).unwrap_or(CHUNK_SIZE).min(CHUNK_SIZE)];
        let read = self.source.read(&mut chunk);
        Poll::Ready(match read.map_err(|error| downcast_transport_error(error).unwrap_or_else(unsendable)) {
            Ok(0) => None,
            Ok(amount) => {
                self.left -= amount as u64;
                chunk.truncate(amount);
                Some(Ok(Frame::data(chunk.into())))
            }
            Err(error) => Some(Err(error)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Reader of a response body. Its errors wrap a [`TransportError`].
pub(super) struct ResponseReader<'a> {
    incoming: Incoming,
    /// Bytes that have arrived and were not read yet.
    chunk: Bytes,
    link: &'a mut Link,
}

impl<'a> ResponseReader<'a> {
    pub(super) const fn new(incoming: Incoming, link: &'a mut Link) -> Self {
        Self { incoming, chunk: Bytes::new(), link }
    }
}

impl Read for ResponseReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            let Self { incoming, link, .. } = self;
            let frame = poll_fn(|cx| Pin::new(&mut *incoming).poll_frame(cx));
            let frame = link.wait(async { frame.await.transpose().map_err(failed) });
            let Some(frame) = frame.map_err(io::Error::other)? else { return Ok(0) };
            // Trailers are ignored.
            self.chunk = frame.into_data().unwrap_or_default();
        }
        let amount = self.chunk.len().min(buffer.len());
        buffer[..amount].copy_from_slice(&self.chunk.split_to(amount));
        Ok(amount)
    }
}
