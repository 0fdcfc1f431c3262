//! A TCP stream, for hyper.

use std::{
    io,
    net::TcpStream,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use smol::{
    Async,
    io::{AsyncRead, AsyncWrite},
};

use super::attempt::Attempt;

const BUFFER_SIZE: usize = 16 << 10;
/// Number of reads without a wait, after which the time limit is checked.
const MAX_READS: u32 = 64;

/// A stream that records in its attempt that bytes move.
pub(super) struct HyperIo {
    stream: Async<TcpStream>,
    buffer: Vec<u8>,
    reads: u32,
    /// A write has failed.
    is_broken: bool,
    attempt: Attempt,
}

impl HyperIo {
    pub(super) fn new(stream: Async<TcpStream>, attempt: Attempt) -> Self {
        Self { stream, buffer: vec![0; BUFFER_SIZE], reads: 0, is_broken: false, attempt }
    }
}

impl Read for HyperIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut room: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let Self { stream, buffer, reads, is_broken, attempt } = &mut *self;
        if *reads == MAX_READS {
            // hyper itself may never return from an endless response.
            *reads = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let length = room.remaining().min(buffer.len());
        let read = Pin::new(stream).poll_read(cx, &mut buffer[..length]);
        *reads = if read.is_pending() { 0 } else { *reads + 1 };
        let amount = ready!(read)?;
        if amount == 0 && *is_broken {
            // It may be a reset, which the operating system reports only once.
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        attempt.byte_moved();
        room.put_slice(&buffer[..amount]);
        Poll::Ready(Ok(()))
    }
}

impl Write for HyperIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.attempt.may_be_sent();
        if let Ok(amount) = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes)) {
            self.attempt.byte_moved();
            return Poll::Ready(Ok(amount));
        }
        // The server has closed the connection, perhaps after an early response: reading returns that, or an end.
        self.is_broken = true;
        Poll::Pending
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
