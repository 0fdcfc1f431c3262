//! Work that can be left to itself.

use std::{fmt, io, sync::mpsc, thread};

/// Lets whoever waits for the work go.
pub(crate) struct CallOff(Box<dyn Fn() + Send + Sync>);

impl CallOff {
    /// Now. Harmless to repeat, and after the end of the work.
    pub(crate) fn call_off(&self) {
        (self.0)();
    }
}

/// Does this in a thread of its own. With what calls it off comes what waits for it, and answers `None` if it was called off
/// or has panicked.
pub(crate) fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<(CallOff, impl FnOnce() -> Option<T>)> {
    let (tell, told) = mpsc::channel();
    let call_off = tell.clone();
    let last = Last(tell);
    // Nobody may be left to be told.
    thread::Builder::new().name("teamwire apart".into()).spawn(move || drop(last.0.send(Some(work()))))?;
    let wait = move || told.recv().ok().flatten();
    Ok((CallOff(Box::new(move || drop(call_off.send(None)))), wait))
}

/// Says that there is nothing more to come, also if that is because of a panic.
struct Last<T>(mpsc::Sender<Option<T>>);

impl<T> Drop for Last<T> {
    fn drop(&mut self) {
        self.0.send(None).ok();
    }
}

impl fmt::Debug for CallOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallOff")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_waited_for_unless_it_is_called_off() {
        let (_call_off, wait) = apart(|| 7).expect("a thread");
        assert_eq!(wait(), Some(7));

        let (go_on, goes_on) = mpsc::channel::<()>();
        let (call_off, wait) = apart(move || goes_on.recv()).expect("a thread");
        call_off.call_off();
        call_off.call_off();
        assert_eq!(wait(), None);
        drop(go_on);

        let (_call_off, wait) = apart(|| -> u8 { panic!("as a test of that") }).expect("a thread");
        assert_eq!(wait(), None, "whoever waits is let go");
    }
}
