//! Byte streams to a server: plain, or through TLS.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures_io::{AsyncRead, AsyncWrite};

use super::tls::TlsStream;

/// A connected stream.
pub(super) enum Stream<S> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
    /// On a thread that may block. It stays so if the future that waits for that thread is dropped.
    Lent,
}

impl<S> Stream<S> {
    pub(super) const fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Returns whether all bytes that have arrived from the socket were read.
    pub(super) fn is_idle(&mut self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Tls(tls) => tls.is_idle(),
            Self::Lent => false,
        }
    }

    /// Returns the socket, unless it is lent.
    pub(super) const fn socket(&self) -> Option<&S> {
        match self {
            Self::Plain(socket) => Some(socket),
            Self::Tls(tls) => Some(tls.socket()),
            Self::Lent => None,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// Reads some bytes; zero at the end of the stream.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(tls) => tls.poll_read(cx, buffer),
            Self::Lent => lent(),
        }
    }

    /// Takes some of these bytes, of which there must be one.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let taken = match self {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(tls) => tls.poll_write(cx, bytes),
            Self::Lent => lent(),
        };
        match taken {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            taken => taken,
        }
    }

    /// Sends all bytes that were taken.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(tls) => tls.poll_flush(cx),
            Self::Lent => lent(),
        }
    }
}

fn lent<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
}
