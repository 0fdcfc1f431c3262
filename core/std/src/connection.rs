//! Lifetime of connections.

use std::{io, time::Duration};

/// Maximum age of a connection, even in constant use, so that changes of DNS and load balancing take effect.
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(5 * 60);

/// Returns whether this error means that the connection has ended without an orderly close.
pub fn is_abrupt_end(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe | E::UnexpectedEof)
}

/// Returns whether unread bytes, or the end of the stream, have arrived on this socket; `None` where the operating
/// system does not report it without blocking.
#[cfg(unix)]
pub fn has_pending_data(socket: &impl std::os::fd::AsFd) -> Option<bool> {
    use rustix::{
        io::Errno,
        net::{RecvFlags, recv},
    };
    let peeked = recv(socket, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    Some(!matches!(peeked, Err(Errno::AGAIN | Errno::INTR)))
}

/// Returns whether unread bytes, or the end of the stream, have arrived on this socket; `None` where the operating
/// system does not report it without blocking.
#[cfg(not(unix))]
pub fn has_pending_data<S>(_: &S) -> Option<bool> {
    None
}
