use std::{
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    time::Duration,
};

use async_io::{Async, Timer};
use blocking::unblock;

use super::traits::Runtime;

/// The smol runtime: its reactor and its threads for blocking work, which start by themselves. So it also serves
/// programs with another executor, or with none but a `block_on`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smol;

impl Runtime for Smol {
    type Stream = Async<TcpStream>;

    async fn connect(&self, address: SocketAddr) -> io::Result<Async<TcpStream>> {
        let stream = Async::<TcpStream>::connect(address).await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(stream)
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let host = host.to_owned();
        unblock(move || Ok((host.as_str(), port).to_socket_addrs()?.collect())).await
    }

    fn has_arrived(&self, stream: &Async<TcpStream>) -> Option<bool> {
        // The socket does not block: an error means that nothing has arrived yet, or that the connection is lost.
        let nothing_yet = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
        Some(!stream.get_ref().peek(&mut [0]).is_err_and(nothing_yet))
    }

    fn addresses(&self, stream: &Async<TcpStream>) -> Option<(SocketAddr, SocketAddr)> {
        stream.get_ref().local_addr().ok().zip(stream.get_ref().peer_addr().ok())
    }

    async fn sleep(&self, time: Duration) {
        Timer::after(time).await;
    }

    async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        unblock(work).await
    }
}
