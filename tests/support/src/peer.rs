//! A connection, as the server sees it.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{Request, response};

/// Maximum wait for the client: far longer than any test takes.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// A connection, and the bytes that have been read but not used.
#[derive(Debug)]
pub struct Peer<S = TcpStream> {
    /// The connection itself.
    pub stream: S,
    unused: Vec<u8>,
    reads: usize,
}

/// A connection with TLS.
pub type TlsPeer = Peer<StreamOwned<ServerConnection, TcpStream>>;

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        let set = || {
            stream.set_read_timeout(Some(MAX_WAIT))?;
            stream.set_write_timeout(Some(MAX_WAIT))?;
            // Unacknowledged bytes would be lost when the connection is reset.
            stream.set_nodelay(true)
        };
        set().expect("the socket is open");
        Self::over(stream)
    }

    /// The same connection with TLS, whose handshake takes place with the first byte that is read or written.
    ///
    /// # Panics
    /// If the settings are unusable.
    pub fn secure(self, settings: &Arc<ServerConfig>) -> TlsPeer {
        let session = ServerConnection::new(Arc::clone(settings)).expect("the settings are complete");
        Peer::over(StreamOwned::new(session, self.stream))
    }

    /// Closes the sending side, so that the client reads the end of the connection but can still write.
    ///
    /// # Panics
    /// If the connection is lost already.
    pub fn end_sending(&self) {
        self.stream.shutdown(Shutdown::Write).expect("the connection is open");
    }

    /// Waits until the client has sent a byte, and leaves it unread, which turns the end of the connection into a
    /// reset.
    ///
    /// # Panics
    /// If the connection fails.
    pub fn wait_for_bytes(&self) {
        self.stream.peek(&mut [0]).expect("the client sends or closes the connection");
    }
}

impl TlsPeer {
    /// Announces the end of the connection, and closes it.
    ///
    /// # Panics
    /// If the connection is lost already.
    pub fn close(&mut self) {
        self.stream.conn.send_close_notify();
        self.stream.flush().expect("the connection is open");
        self.stream.sock.shutdown(Shutdown::Both).expect("the connection is open");
    }

    /// The outcome of the handshake: the text of its error, if it fails.
    ///
    /// # Errors
    /// The text of the error.
    pub fn handshake(&mut self) -> Result<(), String> {
        let result = self.stream.conn.complete_io(&mut self.stream.sock);
        result.map(drop).map_err(|error| error.to_string())
    }
}

impl<S: Read + Write> Peer<S> {
    fn over(stream: S) -> Self {
        Self { stream, unused: Vec::new(), reads: 0 }
    }

    /// The next request, whole; `None` if the client has closed the connection before its end.
    pub fn try_request(&mut self) -> Option<Request> {
        let mut request = self.try_head()?;
        request.body = self.try_body(request.length())?;
        request.reads = self.reads;
        Some(request)
    }

    /// The next request, whole.
    ///
    /// # Panics
    /// If it does not come.
    #[track_caller]
    pub fn request(&mut self) -> Request {
        self.try_request().expect("the client sends a whole request")
    }

    /// The head of the next request; `None` if the client has closed the connection before its end.
    pub fn try_head(&mut self) -> Option<Request> {
        self.reads = usize::from(!self.unused.is_empty());
        let end = loop {
            match self.unused.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.read()?,
            }
        };
        let head = self.unused.drain(..end).collect();
        Some(Request { head: String::from_utf8(head).expect("a head is text"), body: Vec::new(), reads: self.reads })
    }

    /// The head of the next request.
    ///
    /// # Panics
    /// If it does not come.
    #[track_caller]
    pub fn head(&mut self) -> Request {
        self.try_head().expect("the client sends a whole head")
    }

    /// This number of bytes of a body; `None` if the client has closed the connection before that.
    pub fn try_body(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.unused.len() < length {
            self.read()?;
        }
        Some(self.unused.drain(..length).collect())
    }

    /// This number of bytes of a body.
    ///
    /// # Panics
    /// If they do not come.
    #[track_caller]
    pub fn body(&mut self, length: usize) -> Vec<u8> {
        self.try_body(length).expect("the client sends so much of a body")
    }

    /// Sends these bytes. Returns `false` if the client does not take them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Sends a response with this body. Returns `false` if the client does not take it.
    pub fn respond(&mut self, status: u16, body: &str) -> bool {
        self.send(response(status, body))
    }

    /// Reads a request, and responds to it.
    ///
    /// # Panics
    /// If no request comes.
    #[track_caller]
    pub fn serve(&mut self, status: u16, body: &str) -> Request {
        let request = self.request();
        self.respond(status, body);
        request
    }

    /// Waits until the client closes the connection.
    pub fn wait_for_end(&mut self) {
        while self.read().is_some() {
            self.unused.clear();
        }
    }

    fn read(&mut self) -> Option<()> {
        let mut some = vec![0; 64 << 10];
        self.reads += 1;
        match self.stream.read(&mut some) {
            Ok(0) => None,
            Ok(length) => {
                self.unused.extend_from_slice(&some[..length]);
                Some(())
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the client neither sends nor closes the connection")
            }
            Err(_) => None,
        }
    }
}
