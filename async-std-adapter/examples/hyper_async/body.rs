//! A request body for hyper.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use teamwire_async_std::{Runtime, effect::TransportError, transport::RequestBody};

type NextChunk<R> = Pin<Box<dyn Future<Output = (RequestBody<R>, Result<Option<Bytes>, TransportError>)> + Send>>;

/// A request body of a known length.
pub(super) struct SentBody<R> {
    /// The chunk that is being read; `None` at the end.
    next: Option<NextChunk<R>>,
    left: u64,
}

impl<R: Runtime> SentBody<R> {
    pub(super) fn new(source: RequestBody<R>, length: u64) -> Self {
        Self { next: (length > 0).then(|| read(source)), left: length }
    }
}

/// Reads the next chunk, and returns it with the rest.
fn read<R: Runtime>(mut source: RequestBody<R>) -> NextChunk<R> {
    Box::pin(async move {
        let chunk = source.next().await.map(|chunk| chunk.map(Bytes::copy_from_slice));
        (source, chunk)
    })
}

impl<R: Runtime> Body for SentBody<R> {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        let (rest, chunk) = ready!(next.as_mut().poll(cx));
        Poll::Ready(match chunk {
            Ok(Some(chunk)) => {
                self.left = self.left.saturating_sub(chunk.len() as u64);
                self.next = (self.left > 0).then(|| read(rest));
                Some(Ok(Frame::data(chunk)))
            }
            Ok(None) => {
                self.next = None;
                None
            }
            Err(error) => {
                self.next = None;
                Some(Err(error))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
