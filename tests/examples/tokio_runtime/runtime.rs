//! Implementation of `Runtime` for tokio.

#![allow(unreachable_pub, reason = "a test includes it")]

use std::{
    io,
    net::SocketAddr,
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use teamwire_async_std::{
    Runtime,
    futures_io::{AsyncRead, AsyncWrite},
};
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::{TcpStream, lookup_host},
    task, time,
};

/// The tokio runtime. The futures of the client run inside of it, such as in `#[tokio::main]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokio;

impl Runtime for Tokio {
    type Stream = Stream;

    async fn connect(&self, address: SocketAddr) -> io::Result<Stream> {
        let stream = TcpStream::connect(address).await?;
        // A request is sent in one write, so delaying it gains nothing.
        stream.set_nodelay(true)?;
        Ok(Stream(stream))
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(lookup_host((host, port)).await?.collect())
    }

    fn addresses(&self, stream: &Stream) -> Option<(SocketAddr, SocketAddr)> {
        stream.0.local_addr().ok().zip(stream.0.peer_addr().ok())
    }

    async fn sleep(&self, time: Duration) {
        time::sleep(time).await;
    }

    async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match task::spawn_blocking(work).await {
            Ok(output) => output,
            Err(error) => resume_unwind(error.into_panic()),
        }
    }
}

/// A connection of tokio with the traits that other runtimes share.
pub struct Stream(TcpStream);

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
