//! The delivery of the exchanges of a session.

use teamwire_core::{
    effect::{TransportError, TransportErrorKind},
    machine::Reply,
};

use super::server;
use crate::random::Random;

/// The delivery of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    Intact,
    /// No connection is established.
    Refused,
    /// The request does not arrive.
    RequestLost,
    /// The request arrives, but not its response.
    ResponseLost,
    /// As that, but the client sees only the timeout.
    ResponseNeverArrives,
    /// The server is busy, and does nothing.
    Busy,
}

impl Delivery {
    pub(super) fn draw(random: &mut Random, fault_permille: u64) -> Self {
        if !random.chance(fault_permille) {
            return Self::Intact;
        }
        *random.pick(&[Self::Refused, Self::RequestLost, Self::ResponseLost, Self::ResponseNeverArrives, Self::Busy])
    }

    /// Returns `true` if the request arrives, and is handled.
    pub(super) const fn arrives(self) -> bool {
        matches!(self, Self::Intact | Self::ResponseLost | Self::ResponseNeverArrives)
    }

    /// Returns the reply that the client sees instead of the response.
    pub(super) fn failure(self) -> Option<Reply> {
        Some(match self {
            Self::Intact => return None,
            Self::Refused => Reply::Error(TransportError::new(TransportErrorKind::Connect, "no route to host")),
            Self::RequestLost | Self::ResponseLost => lost(TransportErrorKind::Disconnected),
            Self::ResponseNeverArrives => lost(TransportErrorKind::Timeout),
            Self::Busy => Reply::Response(server::status(503)),
        })
    }
}

fn lost(kind: TransportErrorKind) -> Reply {
    Reply::Error(TransportError::new(kind, "lost").with_sent(true))
}
