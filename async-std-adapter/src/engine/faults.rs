//! Faults of an exchange that several steps of it may end with.

use teamwire_core::{Fault, FaultKind};

/// Returns the fault of a connection that was lost.
pub(super) fn disconnected(why: impl ToString) -> Fault {
    Fault::new(FaultKind::Lost, why.to_string())
}

/// Returns the fault of a response that is not valid HTTP.
pub(super) fn not_http(why: impl ToString) -> Fault {
    Fault::new(FaultKind::Protocol, why.to_string())
}
