//! Errors that several steps of an exchange have in common.

use teamwire_core::effect::{TransportError, TransportErrorKind};

/// Returns the error for a connection that was lost.
pub(super) fn disconnected(why: impl ToString) -> TransportError {
    TransportError::new(TransportErrorKind::Disconnected, why.to_string())
}

/// Returns the error for a response that is not valid HTTP.
pub(super) fn not_http(why: impl ToString) -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, why.to_string())
}
