//! Connections that are kept: how old they may get, and a look at one without reading from it.

use std::time::Duration;

/// Maximum age of a connection, however busy: a host that moved is found again, and load balancers get to balance.
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(5 * 60);

/// Whether something has arrived on this socket and was not read yet, or its end. `None` where the operating system tells
/// only those who would wait for it.
#[cfg(unix)]
pub fn has_pending_data(socket: &impl std::os::fd::AsFd) -> Option<bool> {
    use rustix::{
        io::Errno,
        net::{RecvFlags, recv},
    };
    let peeked = recv(socket, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    Some(!matches!(peeked, Err(Errno::AGAIN | Errno::INTR)))
}

/// Whether something has arrived on this socket and was not read yet, or its end. `None` where the operating system tells
/// only those who would wait for it.
#[cfg(not(unix))]
pub fn has_pending_data<S>(_: &S) -> Option<bool> {
    None
}
