//! The only file that uses async-std, which is no longer maintained (RUSTSEC-2025-0052).

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    time::Duration,
};

use ::async_std::{net::TcpStream, task};
use blocking::unblock;

use super::traits::Runtime;

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
        // async-std's own lookup replaces the reason of a failure by a text of its own.
        let host = host.to_owned();
        let lookup = move || Ok((host.as_str(), port).to_socket_addrs()?.collect());
        unblock(lookup).await
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
        // The threads of `task::spawn_blocking`, which also spawns a task on the executor: that starts its threads, and
        // wakes two of them for each result.
        unblock(work).await
    }
}
