//! What an asynchronous runtime has to offer, and the one implementation that comes along.

#[cfg(feature = "async-std")]
mod async_std;

use std::{future::Future, io, net::SocketAddr, time::Duration};

use futures_io::{AsyncRead, AsyncWrite};

#[cfg(feature = "async-std")]
pub use self::async_std::AsyncStdRuntime;

/// An asynchronous runtime, as far as [`AsyncExecutor`](crate::AsyncExecutor) needs one: connections, names, waits and
/// files.
///
/// The methods can be written as `async fn`. Their futures may be dropped at any time; what they were doing then ends, or
/// goes on unseen. Clones are the same runtime. The crate's example `smol_runtime` has an implementation.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// A TCP connection. Dropping it closes it.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Connects to this address. What is written to the stream should leave at once (`TCP_NODELAY`): requests are
    /// written whole.
    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// The addresses of this host name, each with this port, the best first. Not asked for hosts that are addresses.
    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;

    /// Whether something has arrived on this stream and was not read yet, or its end: told at once, and without reading it.
    /// It is asked before a connection is used again.
    ///
    /// `None` if the runtime cannot tell, which is the default: then a read is begun, which on most runtimes is dearer.
    fn has_arrived(&self, stream: &Self::Stream) -> Option<bool> {
        let _ = stream;
        None
    }

    /// Returns the local and the remote address of this connection; `None`, the default, if the runtime cannot tell.
    ///
    /// They serve to find out how many bytes of a request the operating system has still to deliver (on Linux), so that a
    /// slow upload is not taken for a silent server.
    fn addresses(&self, stream: &Self::Stream) -> Option<(SocketAddr, SocketAddr)> {
        let _ = stream;
        None
    }

    /// Waits until this time has passed.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;

    /// Does this on a thread that may be blocked for a moment, as those of the tasks may not: it reads or writes up to 256 KB
    /// of a file, say. Work that has begun is brought to its end, also if the future is dropped.
    fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = T> + Send;
}
