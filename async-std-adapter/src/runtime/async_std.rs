//! The one file that names async-std, which is in maintenance only (RUSTSEC-2025-0052).

use std::{io, net::SocketAddr, time::Duration};

use ::async_std::{
    net::{TcpStream, ToSocketAddrs},
    task,
};

use super::Runtime;

/// async-std: what [`connect`](crate::connect) runs on. Its reactor and its threads start by themselves, so it also
/// serves programs that have another executor, or none but a `block_on`.
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
        Ok((host, port).to_socket_addrs().await?.collect())
    }

    fn has_arrived(&self, stream: &TcpStream) -> Option<bool> {
        teamwire_platform::has_arrived(stream)
    }

    async fn sleep(&self, time: Duration) {
        task::sleep(time).await;
    }

    async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        task::spawn_blocking(work).await
    }
}
