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
            // `rustls::Stream` would first send that, which a server that has responded may not read.
            Some(tls) if tls.wants_write() => self.read_unsent(buffer, until),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.socket).read(buffer),
        }
    }

    /// Same as [`read`](Self::read), and leaves what is not sent.
    fn read_unsent(&mut self, buffer: &mut [u8], until: Option<Instant>) -> io::Result<usize> {
        loop {
            match self.try_read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            if !self.wait(false, until)?.readable {
                return Err(ErrorKind::TimedOut.into());
            }
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
    pub(super) fn wait(&mut self, wants_to_write: bool, until: Option<Instant>) -> io::Result<Ready> {
        // What rustls has read is not in the socket any more.
        if !self.is_read() {
            return Ok(Ready { readable: true, writable: false });
        }
        self.socket.wait(wants_to_write, until)
    }

    /// Returns the number of bytes that the operating system has still to deliver, where it reports it.
    pub(super) fn unacknowledged_bytes(&self) -> Option<u64> {
        self.socket.unacknowledged_bytes()
    }

    /// Returns whether all bytes that have arrived from the socket were read, and TLS is neither closed nor broken.
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

// Elsewhere, only a write shows whether there is room.
#[cfg(all(test, unix))]
mod tests {
    use std::{net::TcpStream, sync::mpsc, time::Duration};

    use teamwire_test_support::{Authority, Server, config};

    use super::*;
    use crate::ureq::tls::tls_handshake;

    #[test]
    fn response_is_read_while_the_server_reads_nothing() {
        let authority = Authority::new("a CA");
        let settings = authority.server("localhost");
        let (is_blocked, blocked) = mpsc::channel();
        let server = Server::script(move |listener| {
            let mut peer = listener.accept().secure(&settings);
            peer.handshake().expect("the client trusts it");
            blocked.recv().expect("the client sends until it is blocked");
            assert!(peer.send("refused"));
            blocked.recv().expect("the client has read it");
        });
        // Dropped before the server, which otherwise waits for it if this test fails.
        let is_blocked = is_blocked;
        let config = config(&server.https("localhost")).with_root_certificates_pem(authority.pem());
        let tls = teamwire_std::tls_config(&config).expect("the settings are valid");
        let stream = TcpStream::connect(server.address).expect("it listens");
        let mut socket = Socket::new(stream).expect("it is connected");
        let session = tls_handshake(tls, "localhost", &mut socket).expect("it is trusted");
        let mut link = Link::new(socket, Some(session));
        // The socket has room for more until the server's side of it is full, too.
        let soon = || Some(Instant::now() + Duration::from_millis(50));
        while !link.has_unsent() || link.wait(true, soon()).expect("a socket").writable {
            let written = link.try_write(&[0; MAX_TLS_RECORD]).map_err(|error| error.kind());
            assert!(matches!(written, Ok(_) | Err(ErrorKind::WouldBlock)), "{written:?}");
        }
        is_blocked.send(()).expect("the server waits for it");
        let (mut buffer, until) = ([0; 16], Instant::now() + Duration::from_secs(20));
        let length = link.read(&mut buffer, Some(until)).expect("the response arrives");
        assert_eq!(&buffer[..length], b"refused");
        is_blocked.send(()).expect("the server waits for it");
        let late = link.read(&mut buffer, Some(Instant::now())).expect_err("nothing more arrives");
        assert!(matches!(late.kind(), ErrorKind::TimedOut | ErrorKind::ConnectionReset), "{late}");
    }
}
