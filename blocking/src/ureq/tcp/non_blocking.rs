//! Non-blocking reads and writes of TCP connections, and waits for both directions.

#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use self::portable::{read, wait, wait_to_write, write};
#[cfg(unix)]
pub(super) use self::unix::{read, wait, wait_to_write, write};

/// Directions in which a socket does not block: both after an error or the end of the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    /// Bytes or the end have arrived.
    pub(crate) readable: bool,
    /// There is room for bytes.
    pub(crate) writable: bool,
}
