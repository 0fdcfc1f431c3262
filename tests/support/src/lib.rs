//! Shared parts of the tests of executors over real sockets.
//!
//! - [`Server`]: a server that does what its test says, byte by byte, over plain TCP or TLS.
//! - [`Authority`]: a private CA for it.
//! - [`attempt()`]: a single exchange of an executor, whose outcome the core does not interpret.
//! - [`Folder`], [`pattern`] and [`Rng`]: files, and bytes to fill them.
//! - [`test_process`], [`send_signal`] and [`RedisServer`]: other processes.

mod attempt;
mod authority;
mod files;
mod peer;
mod process;
mod redis_server;
mod request;
mod rng;
mod server;

pub use self::{
    attempt::{attempt, config},
    authority::Authority,
    files::{Folder, pattern},
    peer::{Peer, TlsPeer},
    process::{send_signal, test_process},
    redis_server::RedisServer,
    request::Request,
    rng::Rng,
    server::{Listener, Server, refusing_address},
};

/// Returns a response with a body of JSON, which is a problem document if the status is an error, and its length.
pub fn response(status: u16, body: &str) -> String {
    let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
    format!("HTTP/1.1 {status} Reason\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
