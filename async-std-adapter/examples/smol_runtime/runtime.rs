//! smol as a runtime for Teamwire: the page of code that another runtime takes.

#![allow(unreachable_pub, reason = "it is tested with all other executors, from another crate")]

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use smol::{
    Async, Timer,
    net::{TcpStream, resolve},
    unblock,
};
use teamwire_async_std::Runtime;

/// smol. Its reactor starts by itself, so there is nothing to hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smol;

impl Runtime for Smol {
    type Stream = TcpStream;

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address).await?;
        // A request leaves in one write; nothing is gained by waiting for more.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        resolve((host, port)).await
    }

    fn has_arrived(&self, stream: &TcpStream) -> Option<bool> {
        let socket = Arc::<Async<std::net::TcpStream>>::from(stream.clone());
        // smol's sockets never wait: an error says that nothing is there yet, or that nothing ever will be.
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
