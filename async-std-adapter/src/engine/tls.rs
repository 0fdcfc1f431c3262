//! TLS over any stream: I/O for the protocol in rustls.

use std::{
    io::{self, Read, Write},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_io::{AsyncRead, AsyncWrite};
use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::tls_error;

use super::deadline::Deadline;
use crate::runtime::Runtime;

/// A stream that rustls encrypts.
pub(super) struct TlsStream<S> {
    session: ClientConnection,
    socket: S,
}

/// Performs the TLS handshake, and verifies that the server is `host`.
pub(super) async fn handshake<R: Runtime>(
    config: Arc<ClientConfig>,
    host: &str,
    socket: R::Stream,
    deadline: &mut Deadline<'_, R>,
) -> Result<TlsStream<R::Stream>, TransportError> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| TransportError::new(TransportErrorKind::Tls, "no certificate can be valid for this host name"))?;
    let session = ClientConnection::new(config, name).map_err(|error| tls_error(&error))?;
    let mut stream = TlsStream { session, socket };
    deadline.enter_phase("performing the TLS handshake");
    while stream.session.is_handshaking() {
        deadline.run(|cx| stream.poll_handshake(cx)).await??;
    }
    Ok(stream)
}

impl<S> TlsStream<S> {
    pub(super) const fn socket(&self) -> &S {
        &self.socket
    }

    /// Returns whether all decrypted bytes were read, and the server has not closed the session.
    pub(super) fn is_idle(&mut self) -> bool {
        teamwire_std::tls_is_idle(&mut self.session)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// Performs one step of the handshake. The last bytes of the handshake are sent together with the first request.
    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // No byte of the request was sent, so the failure is one of connecting.
        let broken = |error: io::Error| {
            TransportError::new(TransportErrorKind::Connect, format!("during the TLS handshake: {error}"))
        };
        ready!(self.poll_send(cx)).map_err(broken)?;
        match ready!(self.poll_receive(cx)).map_err(broken)? {
            0 => return Poll::Ready(Err(broken(io::ErrorKind::UnexpectedEof.into()))),
            _ => self.session.process_new_packets(),
        }
        .map_err(|error| {
            self.send_alert(cx);
            tls_error(&error)
        })?;
        Poll::Ready(Ok(()))
    }

    /// Reads some bytes; zero after `close_notify`. The end of the stream without it is an error: it may be a
    /// truncation attack.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
            ready!(self.poll_receive(cx))?;
            self.session.process_new_packets().map_err(|error| {
                self.send_alert(cx);
                io::Error::new(io::ErrorKind::InvalidData, error)
            })?;
        }
    }

    /// Takes and encrypts some of these bytes. They are sent when there is no room for more, or by
    /// [`poll_flush`](Self::poll_flush).
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.session.writer().write(bytes)? {
                0 => ready!(self.poll_send(cx))?,
                taken => return Poll::Ready(Ok(taken)),
            }
        }
    }

    /// Sends all bytes that were taken.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    /// Sends all bytes that rustls has to send.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut AsStdIo { socket: &mut self.socket, cx }) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Passes bytes that have arrived to rustls; zero at the end of the stream.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match self.session.read_tls(&mut AsStdIo { socket: &mut self.socket, cx }) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            result => Poll::Ready(result),
        }
    }

    /// Sends the alert after a failure, if that does not block: the connection is closed either way.
    fn send_alert(&mut self, cx: &mut Context<'_>) {
        let _ = self.poll_send(cx);
    }
}

/// A socket as the `std` traits that rustls requires: a pending operation is `WouldBlock`.
struct AsStdIo<'a, 'b, S> {
    socket: &'a mut S,
    cx: &'a mut Context<'b>,
}

impl<S: AsyncRead + Unpin> Read for AsStdIo<'_, '_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        or_would_block(Pin::new(&mut *self.socket).poll_read(self.cx, buffer))
    }
}

impl<S: AsyncWrite + Unpin> Write for AsStdIo<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        or_would_block(Pin::new(&mut *self.socket).poll_write(self.cx, bytes))
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        or_would_block(Pin::new(&mut *self.socket).poll_write_vectored(self.cx, slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        or_would_block(Pin::new(&mut *self.socket).poll_flush(self.cx))
    }
}

fn or_would_block<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
