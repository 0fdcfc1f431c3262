use std::time::Duration;

use http::Request;
use teamwire_core::machine::Ticket;

use crate::{network::Delivery, protocol::RequestKind};

/// The sender of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Feed(usize),
    Operation(usize),
}

/// An exchange in flight, or finished.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) incarnation: u32,
    pub(crate) owner: Owner,
    pub(crate) ticket: Ticket,
    /// True while the client waits for the reply.
    pub(crate) is_awaited: bool,
    /// True if no reply can reach the client any more.
    pub(crate) is_abandoned: bool,
    pub(super) kind: RequestKind,
    pub(super) request: Option<Request<Vec<u8>>>,
    pub(crate) delivery: Delivery,
    /// Latency of the response.
    pub(super) response_latency: Duration,
    pub(super) times_out_at: Duration,
}
