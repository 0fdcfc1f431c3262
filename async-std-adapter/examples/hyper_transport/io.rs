//! A stream of a runtime, for hyper.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use teamwire_async_std::futures_io::{AsyncRead, AsyncWrite};

use super::attempt::Attempt;

const BUFFER_SIZE: usize = 16 << 10;

/// A stream that records in its attempt what moves.
pub(super) struct HyperIo<S> {
    stream: S,
    buffer: Vec<u8>,
    attempt: Attempt,
}

impl<S> HyperIo<S> {
    pub(super) fn new(stream: S, attempt: Attempt) -> Self {
        Self { stream, buffer: vec![0; BUFFER_SIZE], attempt }
    }
}

impl<S: AsyncRead + Unpin> Read for HyperIo<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut room: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let Self { stream, buffer, attempt } = &mut *self;
        let length = room.remaining().min(buffer.len());
        let amount = ready!(Pin::new(stream).poll_read(cx, &mut buffer[..length]))?;
        attempt.byte_moved();
        room.put_slice(&buffer[..amount]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Write for HyperIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.attempt.may_be_sent();
        let amount = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.attempt.byte_moved();
        Poll::Ready(Ok(amount))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
