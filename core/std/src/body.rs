//! Limits and errors of bodies.

use std::io;

use teamwire_core::effect::{FileError, Timeout, TransportError, TransportErrorKind};

/// Maximum number of bytes to allocate before they have arrived.
const MAX_PREALLOCATION: u64 = 1 << 20;

/// Returns the number of bytes to allocate for a body of this announced length.
///
/// # Errors
///
/// [`TransportErrorKind::TooLarge`] for one that is longer than the limit.
pub fn initial_capacity(announced: Option<u64>, limit: u64) -> Result<usize, TransportError> {
    match announced {
        Some(length) if length > limit => Err(too_large(limit)),
        announced => Ok(usize::try_from(announced.map_or(0, |length| length.min(MAX_PREALLOCATION))).unwrap_or(0)),
    }
}

/// Returns the error of a response with more bytes than may go into memory, or into its file.
pub fn too_large(limit: u64) -> TransportError {
    TransportError::new(TransportErrorKind::TooLarge, format!("more than {limit} bytes"))
}

/// Returns the error of an exchange that timed out, in this phase of it if that is known.
pub fn timed_out(timeout: Timeout, phase: Option<&str>) -> TransportError {
    let (what, is_total) = match timeout {
        Timeout::Total(limit) => (format!("no complete response within {limit:?}"), true),
        Timeout::Idle(limit) => (format!("not a byte moved for {limit:?}"), false),
        Timeout::LongPoll { head, .. } => (format!("no response within {head:?}"), true),
    };
    let what = match phase {
        Some(phase) if is_total => format!("{what} (it was spent {phase})"),
        Some(phase) => format!("{what} ({phase})"),
        None => what,
    };
    TransportError::new(TransportErrorKind::Timeout, what)
}

/// Returns the error that an error of this crate wraps.
///
/// # Errors
///
/// The error itself, if it wraps none.
pub fn downcast_transport_error(error: io::Error) -> Result<TransportError, io::Error> {
    match error.downcast::<FileError>() {
        Ok(error) => Ok(TransportError::new(TransportErrorKind::File, error)),
        Err(error) => error.downcast(),
    }
}
