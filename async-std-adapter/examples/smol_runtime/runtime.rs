//! Implementation of `Runtime` for smol.

#![allow(unreachable_pub, reason = "tests of other crates include it")]

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use smol::{
    Async, Timer,
    net::{TcpStream, resolve},
    unblock,
};
use teamwire_async_std::Runtime;

/// The smol runtime. Its reactor starts by itself, so the type is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smol;

impl Runtime for Smol {
    type Stream = TcpStream;

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address).await?;
        // A request is sent in one write, so delaying it gains nothing.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        resolve((host, port)).await
    }

    fn has_arrived(&self, stream: &TcpStream) -> Option<bool> {
        let socket = Arc::<Async<std::net::TcpStream>>::from(stream.clone());
        // smol's sockets do not block: an error means that nothing has arrived yet, or that the connection is lost.
        let nothing_yet = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
        Some(!socket.get_ref().peek(&mut [0]).is_err_and(nothing_yet))
    }

    fn addresses(&self, stream: &TcpStream) -> Option<(SocketAddr, SocketAddr)> {
        stream.local_addr().ok().zip(stream.peer_addr().ok())
    }

    async fn sleep(&self, time: Duration) {
        Timer::after(time).await;
    }

    async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        unblock(work).await
    }
}
