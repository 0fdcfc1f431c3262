use std::{
    io,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use async_io::{Async, Timer};

use super::{blocking_work, traits::Runtime};

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
        blocking_work::resolve(host, port).await
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
        blocking_work::unblock(work).await
    }
}
