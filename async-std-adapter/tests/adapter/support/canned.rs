//! A network without sockets, on which no operation is ever pending.

use std::{
    future::pending,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use teamwire_async_std::{
    Runtime,
    futures_io::{AsyncRead, AsyncWrite},
};

/// A network whose servers send this response as soon as a byte of a request has arrived, and close the connection.
#[derive(Clone)]
pub(crate) struct Canned {
    pub(crate) response: Arc<Vec<u8>>,
    /// Sends the response from here on again and again, without an end.
    pub(crate) again_from: Option<usize>,
    /// Maximum length of a read.
    pub(crate) piece: usize,
    /// Number of bytes that were written.
    pub(crate) written: Arc<AtomicUsize>,
    /// Number of reads.
    pub(crate) reads: Arc<AtomicUsize>,
}

impl Canned {
    pub(crate) fn new(response: impl Into<Vec<u8>>) -> Self {
        let (written, reads) = (Arc::default(), Arc::default());
        Self { response: Arc::new(response.into()), again_from: None, piece: 65_536, written, reads }
    }
}

/// Maximum length of a write.
const WRITE: usize = 65_536;

pub(crate) struct Tape {
    canned: Canned,
    at: usize,
    asked: bool,
}

impl Runtime for Canned {
    type Stream = Tape;

    async fn connect(&self, _: SocketAddr) -> io::Result<Tape> {
        Ok(Tape { canned: self.clone(), at: 0, asked: false })
    }

    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Err(io::Error::other("there are no names here"))
    }

    async fn sleep(&self, _: Duration) {
        pending::<()>().await;
    }

    async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        work()
    }
}

impl AsyncRead for Tape {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        assert!(self.asked, "it reads before it has written");
        self.canned.reads.fetch_add(1, Ordering::SeqCst);
        if self.at == self.canned.response.len() {
            self.at = self.canned.again_from.unwrap_or(self.at);
        }
        let rest = &self.canned.response[self.at..];
        let bytes = rest.len().min(self.canned.piece).min(buffer.len());
        buffer[..bytes].copy_from_slice(&rest[..bytes]);
        self.at += bytes;
        Poll::Ready(Ok(bytes))
    }
}

impl AsyncWrite for Tape {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.asked = true;
        let taken = bytes.len().min(WRITE);
        self.canned.written.fetch_add(taken, Ordering::SeqCst);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
