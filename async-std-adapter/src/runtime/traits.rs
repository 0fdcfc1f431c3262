use std::{future::Future, io, net::SocketAddr, time::Duration};

use futures_io::{AsyncRead, AsyncWrite};

/// An asynchronous runtime: connections, lookups, timers and blocking work.
///
/// The methods can be written as `async fn`. Their futures may be dropped at any time; their work is then aborted, or
/// completes in the background. Clones are the same runtime.
///
/// The features `async-std` and `smol` have implementations. The example `tokio_runtime` of the repository's test
/// suites has one for tokio.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// TCP connection, which is closed when it is dropped. While a file is sent or received, it is also polled by
    /// [`unblock`](Self::unblock)'s work, with a waker that does nothing.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Connects to this address. Bytes that are written to the stream should be sent at once (`TCP_NODELAY`): requests
    /// are written whole.
    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Returns the addresses of this host name, each with this port, the best first. Not called for IP addresses.
    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;

    /// Returns whether unread bytes, or the end of the stream, have arrived, without waiting and without reading them.
    /// Called before a connection is reused.
    ///
    /// Returns `None`, the default, if the runtime does not know. A read is then started, which is slower on most
    /// runtimes.
    fn has_arrived(&self, stream: &Self::Stream) -> Option<bool> {
        let _ = stream;
        None
    }

    /// Returns the local and the remote address of this connection; `None`, the default, if the runtime does not know
    /// them.
    ///
    /// With the addresses, the operating system (Linux) reports the number of bytes of a request that it has still to
    /// deliver, so that a slow upload is not mistaken for an inactive server.
    fn addresses(&self, stream: &Self::Stream) -> Option<(SocketAddr, SocketAddr)> {
        let _ = stream;
        None
    }

    /// Waits for this duration.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;

    /// Runs `work` on a thread that may block, for instance to read or write up to 5 MB of a file. Work that has
    /// started runs to completion, even if the future is dropped.
    fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = T> + Send;
}
