//! Limits and errors of bodies.

use std::io;

use teamwire_core::effect::{FileError, Timeout, TransportError, TransportErrorKind};

/// Maximum number of bytes to allocate before any have arrived.
const MAX_PREALLOCATION: u64 = 1 << 20;

/// Phase of an exchange that has to wait until another one ends, for [`timed_out`].
pub const WAITING_FOR_CONNECTION: &str = "waiting for a free connection";

/// Returns the initial capacity for a body of this announced length.
///
/// # Errors
///
/// [`TransportErrorKind::TooLarge`] if the length exceeds the limit.
pub fn initial_capacity(announced: Option<u64>, limit: u64) -> Result<usize, TransportError> {
    match announced {
        Some(length) if length > limit => Err(too_large(limit)),
        announced => Ok(usize::try_from(announced.map_or(0, |length| length.min(MAX_PREALLOCATION))).unwrap_or(0)),
    }
}

/// Returns the error for a response that exceeds the limit of memory or of its file.
pub fn too_large(limit: u64) -> TransportError {
    TransportError::new(TransportErrorKind::TooLarge, format!("more than {limit} bytes"))
}

/// Returns the error for an exchange that timed out, with its phase if that is known.
pub fn timed_out(timeout: Timeout, phase: Option<&str>) -> TransportError {
    let (what, is_total) = match timeout {
        Timeout::Total(limit) => (format!("no complete response within {limit:?}"), true),
        Timeout::Idle(limit) => (format!("no bytes transferred for {limit:?}"), false),
        Timeout::LongPoll { head, .. } => (format!("no response within {head:?}"), true),
    };
    let what = match phase {
        Some(phase) if is_total => format!("{what} (while {phase})"),
        Some(phase) => format!("{what} (while {phase})"),
        None => what,
    };
    TransportError::new(TransportErrorKind::Timeout, what)
}

/// Returns the [`TransportError`] that an I/O error wraps; a wrapped [`FileError`] becomes one.
///
/// # Errors
///
/// The I/O error itself if it wraps neither.
pub fn downcast_transport_error(error: io::Error) -> Result<TransportError, io::Error> {
    match error.downcast::<FileError>() {
        Ok(error) => Ok(TransportError::new(TransportErrorKind::File, error)),
        Err(error) => error.downcast(),
    }
}
