//! Work that can be left to itself.

use std::{fmt, io, sync::mpsc, thread};

/// Lets whoever waits for the work go.
pub(crate) struct CancelHandle(Box<dyn Fn() + Send + Sync>);

impl CancelHandle {
    /// Now. Harmless to repeat, and after the end of the work.
    pub(crate) fn cancel(&self) {
        (self.0)();
    }
}

/// Does this in a thread of its own. With what calls it off comes what waits for it, and answers `None` if it was called off
/// or has panicked.
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

/// Says that there is nothing more to come, also if that is because of a panic.
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
    fn work_is_waited_for_unless_it_is_called_off() {
        let (_call_off, wait) = spawn_detached(|| 7).expect("a thread");
        assert_eq!(wait(), Some(7));

        let (go_on, goes_on) = mpsc::channel::<()>();
        let (cancel, wait) = spawn_detached(move || goes_on.recv()).expect("a thread");
        cancel.cancel();
        cancel.cancel();
        assert_eq!(wait(), None);
        drop(go_on);

        let (_call_off, wait) = spawn_detached(|| -> u8 { panic!("as a test of that") }).expect("a thread");
        assert_eq!(wait(), None, "whoever waits is let go");
    }
}
