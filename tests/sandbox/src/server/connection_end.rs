//! Answers that hyper does not write: cut short, made up, or never given.

use std::{
    error, fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, StatusCode, Version, header};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom},
    net::TcpStream,
};

/// How long a closed connection is still read from, so that what was written is not lost to a reset.
const LINGER: Duration = Duration::from_secs(2);

/// How a connection ends that hyper has given up.
#[derive(Debug)]
pub(super) enum ConnectionEnd {
    /// At once.
    Cut,
    /// After these bytes.
    Bytes(Vec<u8>),
    /// After these bytes, and so many of a file.
    File { head: Vec<u8>, path: PathBuf, from: u64, length: u64 },
    /// After these bytes, and when the client closes it.
    Hang(Vec<u8>),
}

/// The way to end a connection from within a request.
#[derive(Clone, Default)]
pub(super) struct ConnectionHandle(Arc<Mutex<Option<ConnectionEnd>>>);

/// hyper has given the connection up; what becomes of it stands in its [`ConnectionHandle`].
#[derive(Debug)]
pub(super) struct ConnectionCut;

impl fmt::Display for ConnectionCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was taken away by a fault")
    }
}

impl error::Error for ConnectionCut {}

impl ConnectionHandle {
    pub(super) fn cut(&self, end: ConnectionEnd) -> ConnectionCut {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
        ConnectionCut
    }

    pub(super) fn take_end(&self) -> Option<ConnectionEnd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The head of an answer as it is written.
pub(super) fn head_bytes(status: StatusCode, headers: &HeaderMap, length: u64) -> Vec<u8> {
    let reason = status.canonical_reason().unwrap_or("Unknown");
    let mut bytes = format!("{:?} {} {reason}\r\n", Version::HTTP_11, status.as_u16()).into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let has_body = status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED;
    if has_body && !headers.contains_key(header::CONTENT_LENGTH) {
        bytes.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

impl ConnectionEnd {
    /// Ends the connection. An error means that the client was faster.
    pub(super) async fn execute(self, mut stream: TcpStream) -> io::Result<()> {
        match self {
            Self::Cut => return Ok(()),
            Self::Bytes(bytes) => stream.write_all(&bytes).await?,
            Self::File { head, path, from, length } => {
                stream.write_all(&head).await?;
                let mut file = File::open(path).await?;
                file.seek(SeekFrom::Start(from)).await?;
                tokio::io::copy(&mut file.take(length), &mut stream).await?;
            }
            Self::Hang(bytes) => {
                stream.write_all(&bytes).await?;
                discard(&mut stream).await;
                return Ok(());
            }
        }
        close(stream).await;
        Ok(())
    }
}

/// Closes a connection so that everything that was written arrives: what the client is still sending is read and
/// forgotten for a while, as a reset would take the answer with it.
pub(super) async fn close(mut stream: TcpStream) {
    if stream.shutdown().await.is_ok() {
        // Whether the client has closed its side or the time is up makes no difference.
        let _ = tokio::time::timeout(LINGER, discard(&mut stream)).await;
    }
}

async fn discard(stream: &mut TcpStream) {
    let mut buffer = vec![0; 16 * 1024];
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}
