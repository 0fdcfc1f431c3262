//! Progress of transfers.

use alloc::sync::Arc;
use core::fmt;

/// A callback that receives the progress of a transfer.
///
/// It is called from the thread or task of the transfer after every chunk, so it should be quick.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(TransferProgress) + Send + Sync>);

/// The progress of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferProgress {
    /// Number of bytes so far. It restarts or resumes with the transfer.
    pub bytes: u64,
    /// Total number of bytes, if known.
    pub total: Option<u64>,
}

impl Progress {
    /// Creates a callback that calls `observer` after every chunk of the body.
    pub fn new(observer: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    /// For executors: reports the number of bytes so far.
    pub fn report(&self, bytes: u64, total: Option<u64>) {
        (self.0)(TransferProgress { bytes, total });
    }
}

/// Equal if both call the same observer.
impl PartialEq for Progress {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Progress {}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
