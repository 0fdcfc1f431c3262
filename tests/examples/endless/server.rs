//! A server with endless responses of one form.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// The form of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Reads nothing, not even the request.
    Unread,
    /// Sends a first part, and then nothing.
    Silent(&'static str, &'static str),
    /// Sends a first part, and then repeats another one without pauses.
    Flood(&'static str, &'static str, &'static str),
    /// Sends a first part, and then repeats another one with pauses.
    Drip(&'static str, &'static str, &'static str),
}

/// Pause between repeated parts.
const PAUSE: Duration = Duration::from_millis(30);
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

impl Form {
    /// Returns all forms.
    pub(crate) fn all() -> Vec<Self> {
        let endless = [
            ("header fields", "HTTP/1.1 200 OK\r\n", "x: y\r\n"),
            ("one header field", "HTTP/1.1 200 OK\r\nx: ", "y"),
            ("interim responses", "", "HTTP/1.1 103 Early Hints\r\n\r\n"),
            ("chunks of one byte", CHUNKED, "1\r\na\r\n"),
            ("chunk extension", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", "x"),
            ("trailers", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "x: y\r\n"),
            ("body with a length", "HTTP/1.1 200 OK\r\ncontent-length: 16000000\r\n\r\n", " "),
            ("body until the end", "HTTP/1.1 200 OK\r\n\r\n", " "),
        ];
        let mut forms = vec![
            Self::Unread,
            Self::Silent("nothing at all", ""),
            Self::Silent("half of a head", "HTTP/1.1 200 OK\r\nx"),
            Self::Silent("half of a body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
        ];
        forms.extend(endless.map(|(name, first, repeated)| Self::Flood(name, first, repeated)));
        forms.extend(endless.map(|(name, first, repeated)| Self::Drip(name, first, repeated)));
        forms
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Unread => "unread upload of 32 MB".to_owned(),
            Self::Silent(name, _) => format!("{name}, then silence"),
            Self::Flood(name, ..) => format!("endless {name}"),
            Self::Drip(name, ..) => format!("endless {name} with pauses"),
        }
    }

    /// Responds until the client closes the connection.
    fn serve(self, mut client: TcpStream) -> std::io::Result<()> {
        if self == Self::Unread {
            // Longer than any call.
            thread::sleep(Duration::from_secs(10));
            return Ok(());
        }
        let mut head = [0; 4096];
        let _ = client.read(&mut head)?;
        match self {
            Self::Unread => Ok(()),
            Self::Silent(_, first) => {
                client.write_all(first.as_bytes())?;
                client.read(&mut head).map(drop)
            }
            Self::Flood(_, first, repeated) => {
                client.write_all(first.as_bytes())?;
                let block = repeated.repeat(4096 / repeated.len());
                loop {
                    client.write_all(block.as_bytes())?;
                }
            }
            Self::Drip(_, first, repeated) => {
                client.write_all(first.as_bytes())?;
                loop {
                    client.write_all(repeated.as_bytes())?;
                    thread::sleep(PAUSE);
                }
            }
        }
    }
}

/// A server that handles each connection in a separate thread until the process ends.
pub(crate) struct Server(SocketAddr);

impl Server {
    pub(crate) fn start(form: Form) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("the listener is bound");
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // It ends with an error when the client closes the connection.
                thread::spawn(move || form.serve(client).ok());
            }
        });
        Self(address)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0)
    }
}
