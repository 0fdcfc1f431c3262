//! Detached background work.

use std::{fmt, io, sync::mpsc, thread};

/// Releases the waiter of the work.
pub(crate) struct CancelHandle(Box<dyn Fn() + Send + Sync>);

impl CancelHandle {
    /// Releases the waiter. Idempotent, and without effect once the work is done.
    pub(crate) fn cancel(&self) {
        (self.0)();
    }
}

/// Runs `work` in a new thread. Returns a cancel handle, and a function that waits for the result: `None` if it was
/// cancelled or has panicked.
pub(crate) fn spawn_detached<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<(CancelHandle, impl FnOnce() -> Option<T>)> {
    let (tx, rx) = mpsc::channel();
    let cancel = tx.clone();
    let tx_on_drop = SendOnDrop(tx);
    // The receiver may be gone.
    thread::Builder::new().name("teamwire detached".into()).spawn(move || drop(tx_on_drop.0.send(Some(work()))))?;
    let wait = move || rx.recv().ok().flatten();
    Ok((CancelHandle(Box::new(move || drop(cancel.send(None)))), wait))
}

/// Releases the waiter when the work ends, even by a panic.
struct SendOnDrop<T>(mpsc::Sender<Option<T>>);

impl<T> Drop for SendOnDrop<T> {
    fn drop(&mut self) {
        self.0.send(None).ok();
    }
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CancelHandle")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_waited_for_unless_it_is_cancelled() {
        let (_cancel, wait) = spawn_detached(|| 7).expect("a thread");
        assert_eq!(wait(), Some(7));

        let (finish, finished) = mpsc::channel::<()>();
        let (cancel, wait) = spawn_detached(move || finished.recv()).expect("a thread");
        cancel.cancel();
        cancel.cancel();
        assert_eq!(wait(), None);
        drop(finish);

        let (_cancel, wait) = spawn_detached(|| -> u8 { panic!("as a test of that") }).expect("a thread");
        assert_eq!(wait(), None, "the waiter is released");
    }
}
