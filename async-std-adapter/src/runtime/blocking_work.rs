//! Work that blocks, on the threads that both runtimes share.
//!
//! `async_std::task::spawn_blocking` uses the same threads, but also spawns a task on its executor: that starts the
//! threads of the executor, and wakes two of them for each result.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

pub(super) use blocking::unblock;

/// Looks the addresses of a host up. async-std's own lookup replaces the reason of a failure by a text of its own.
pub(super) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let host = host.to_owned();
    unblock(move || Ok((host.as_str(), port).to_socket_addrs()?.collect())).await
}
