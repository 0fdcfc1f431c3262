//! How far a transfer is.

use alloc::sync::Arc;
use core::fmt;

/// Is told, as a body passes, how much of it has. Costs nothing where there is none.
///
/// It is called from the thread or task that transfers, after every piece: it should be quick.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(TransferProgress) + Send + Sync>);

/// How much of a body has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferProgress {
    /// How many bytes so far. It begins anew where a transfer does, and goes on where it does.
    pub bytes: u64,
    /// How many there are in all, if that is known.
    pub total: Option<u64>,
}

impl Progress {
    /// Calls `observer` after every piece of the body.
    pub fn new(observer: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    /// For executors: tells how much has passed.
    pub fn report(&self, bytes: u64, total: Option<u64>) {
        (self.0)(TransferProgress { bytes, total });
    }
}

/// Two are the same if they tell the same observer.
impl PartialEq for Progress {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
