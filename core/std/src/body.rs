//! Bodies on their way: limits and faults.

use std::io;

use teamwire_core::{Fault, FaultKind, FileError};

/// The most to make room for before it has arrived.
const MAX_PREALLOCATION: u64 = 1 << 20;

/// How much room to make in memory for a body of this announced length, before any of it has arrived. Refuses one that is
/// longer than the limit.
pub fn initial_capacity(announced: Option<u64>, limit: u64) -> Result<usize, Fault> {
    match announced {
        Some(length) if length > limit => Err(too_large(limit)),
        announced => Ok(usize::try_from(announced.map_or(0, |length| length.min(MAX_PREALLOCATION))).unwrap_or(0)),
    }
}

/// The fault of an answer that has more bytes than may go into memory, or into its file.
pub fn too_large(limit: u64) -> Fault {
    Fault::new(FaultKind::TooLarge, format!("more than {limit} bytes"))
}

/// The fault that an error of this crate wraps; any other error as it is.
pub fn downcast_fault(error: io::Error) -> Result<Fault, io::Error> {
    match error.downcast::<FileError>() {
        Ok(error) => Ok(Fault::new(FaultKind::File, error)),
        Err(error) => error.downcast(),
    }
}
