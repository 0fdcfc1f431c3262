use std::{net::SocketAddr, sync::atomic::AtomicBool};

use super::sessions::Sessions;

/// The state that the threads of the server share.
#[derive(Debug)]
pub(super) struct Shared {
    /// The sandbox.
    pub(super) upstream: SocketAddr,
    pub(super) sessions: Sessions,
    pub(super) is_over: AtomicBool,
}
