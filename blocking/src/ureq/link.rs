use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Instant,
};

use rustls::ClientConnection;
use teamwire_std::tls_is_idle;

use super::tcp::{Ready, Socket};

/// Maximum number of bytes in a TLS record.
const MAX_TLS_RECORD: usize = 16 << 10;

/// Byte stream of a connection: TCP, or TLS over TCP.
pub(super) struct Link {
    socket: Socket,
    /// Boxed, because it is much larger than the rest.
    tls: Option<Box<ClientConnection>>,
}

impl Link {
    pub(super) const fn new(socket: Socket, tls: Option<Box<ClientConnection>>) -> Self {
        Self { socket, tls }
    }

    /// Reads bytes, for which it waits until this deadline.
    pub(super) fn read(&mut self, buffer: &mut [u8], until: Option<Instant>) -> io::Result<usize> {
        self.socket.set_deadline(until);
        match &mut self.tls {
            None => self.socket.read(buffer),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.socket).read(buffer),
        }
    }

    /// Reads without blocking: fails with [`ErrorKind::WouldBlock`] if nothing has arrived.
    pub(super) fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.try_read(buffer) };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            tls.read_tls(&mut NonBlocking(&self.socket))?;
            tls.process_new_packets().map_err(|why| io::Error::new(ErrorKind::InvalidData, why))?;
        }
    }

    /// Writes without blocking: fails with [`ErrorKind::WouldBlock`] if there is no room. Over TLS, some of the bytes
    /// may [remain to be sent](Self::has_unsent).
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // `rustls::Stream` would report errors of a write later.
        let Some(tls) = &mut self.tls else { return self.socket.try_write(bytes) };
        // One record at a time, because rustls would buffer all of them.
        while tls.wants_write() {
            tls.write_tls(&mut NonBlocking(&self.socket))?;
        }
        let taken = tls.writer().write(&bytes[..bytes.len().min(MAX_TLS_RECORD)])?;
        while tls.wants_write() {
            match tls.write_tls(&mut NonBlocking(&self.socket)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                result => drop(result?),
            }
        }
        Ok(taken)
    }

    /// Returns whether some of the written bytes remain to be sent.
    pub(super) fn has_unsent(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Waits until bytes have arrived, or there is room to write if `wants_to_write`, or until this time.
    pub(super) fn wait(&self, wants_to_write: bool, until: Option<Instant>) -> io::Result<Ready> {
        self.socket.wait(wants_to_write, until)
    }

    /// Returns the number of bytes that the operating system has still to deliver, where it reports it.
    pub(super) fn unacknowledged_bytes(&self) -> Option<u64> {
        self.socket.unacknowledged_bytes()
    }

    /// Returns whether all bytes that have arrived from the socket were read, and TLS was not closed.
    pub(super) fn is_read(&mut self) -> bool {
        self.tls.as_mut().is_none_or(|tls| tls_is_idle(tls))
    }

    /// Returns whether the socket is open and no bytes are pending. A system call.
    pub(super) fn is_idle(&self) -> bool {
        self.socket.is_idle()
    }

    pub(super) const fn stream(&self) -> &Arc<TcpStream> {
        self.socket.stream()
    }

    pub(super) const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

/// A socket whose reads and writes do not block.
struct NonBlocking<'a>(&'a Socket);

impl Read for NonBlocking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for NonBlocking<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
