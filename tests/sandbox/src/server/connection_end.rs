//! Ends of connections that hyper cannot produce: responses that are cut short, made up or withheld.

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

/// The time for which a closed connection is still read from, so that a reset does not destroy the response.
const LINGER: Duration = Duration::from_secs(2);

/// The end of a connection that was taken from hyper.
#[derive(Debug)]
pub(super) enum ConnectionEnd {
    /// Cut at once.
    Cut,
    /// Cut after these bytes.
    Bytes(Vec<u8>),
    /// Cut after these bytes and a part of a file.
    File { head: Vec<u8>, path: PathBuf, from: u64, length: u64 },
    /// Kept open after these bytes until the client closes it.
    Hang(Vec<u8>),
}

/// A handle by which a request ends its connection.
#[derive(Clone, Default)]
pub(super) struct ConnectionHandle(Arc<Mutex<Option<ConnectionEnd>>>);

/// The error that makes hyper give up the connection. Its [`ConnectionHandle`] has the [`ConnectionEnd`].
#[derive(Debug)]
pub(super) struct ConnectionCut;

impl fmt::Display for ConnectionCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection cut by a fault")
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

/// Serialises the head of a response.
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
    /// Ends the connection.
    ///
    /// # Errors
    ///
    /// Fails if the client has closed the connection before.
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

/// Closes a connection after everything written has been delivered. Input is read and discarded for a while, because
/// unread input causes a reset, which can destroy the response.
pub(super) async fn close(mut stream: TcpStream) {
    if stream.shutdown().await.is_ok() {
        // The connection ends in either case.
        let _ = tokio::time::timeout(LINGER, discard(&mut stream)).await;
    }
}

async fn discard(stream: &mut TcpStream) {
    let mut buffer = vec![0; 16 * 1024];
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}
