//! Connections that are kept: how old they may get, and how they end.

use std::{io, time::Duration};

/// Maximum age of a connection, however busy, so that changes of DNS and of load balancing take effect.
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(5 * 60);

/// Returns whether this is how a connection ends that is not closed in order.
pub fn is_abrupt_end(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe | E::UnexpectedEof)
}

/// Returns whether bytes have arrived on this socket that were not read yet, or its end; `None` where the operating system
/// does not say it without waiting.
#[cfg(unix)]
pub fn has_pending_data(socket: &impl std::os::fd::AsFd) -> Option<bool> {
    use rustix::{
        io::Errno,
        net::{RecvFlags, recv},
    };
    let peeked = recv(socket, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    Some(!matches!(peeked, Err(Errno::AGAIN | Errno::INTR)))
}

/// Returns whether bytes have arrived on this socket that were not read yet, or its end; `None` where the operating system
/// does not say it without waiting.
#[cfg(not(unix))]
pub fn has_pending_data<S>(_: &S) -> Option<bool> {
    None
}
