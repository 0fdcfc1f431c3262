//! The only file that uses async-std, which is no longer maintained (RUSTSEC-2025-0052).

use std::{io, net::SocketAddr, time::Duration};

use ::async_std::{net::TcpStream, task};

use super::{blocking_work, traits::Runtime};

/// The runtime of [`client`](crate::client): async-std. Its reactor and its threads start by themselves, so it also
/// serves programs with another executor, or with none but a `block_on`.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsyncStdRuntime;

impl Runtime for AsyncStdRuntime {
    type Stream = TcpStream;

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        blocking_work::resolve(host, port).await
    }

    fn has_arrived(&self, stream: &TcpStream) -> Option<bool> {
        teamwire_std::has_pending_data(stream)
    }

    fn addresses(&self, stream: &TcpStream) -> Option<(SocketAddr, SocketAddr)> {
        stream.local_addr().ok().zip(stream.peer_addr().ok())
    }

    async fn sleep(&self, time: Duration) {
        task::sleep(time).await;
    }

    async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        blocking_work::unblock(work).await
    }
}
