//! The limit on the time of a test, so that an executor that never comes to an end fails it and does not hang the
//! suite.

use std::{any::Any, panic, sync::mpsc, thread, time::Duration};

/// Maximum duration of a test: a multiple of the time that the slowest one takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs the body of the test with this name.
///
/// # Panics
/// If the body panics, or has not ended after ten minutes.
pub fn run(name: &str, body: impl FnOnce() + Send + 'static) {
    if let Err(panic) = within(LIMIT, name, body) {
        panic::resume_unwind(panic);
    }
}

/// Runs the body of a test in another thread. Returns its panic, or one that names the test if it has not ended in
/// time; the thread then continues.
///
/// # Errors
/// The panic.
pub fn within(limit: Duration, name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), Box<dyn Any + Send>> {
    let (running, ended) = mpsc::channel::<()>();
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _running = running;
        body();
    });
    let thread = thread.expect("the system has room for a thread");
    // Nothing is ever sent: the channel closes at the end of the body, or at its panic.
    match ended.recv_timeout(limit) {
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Box::new(format!("{name} has not ended within {limit:?}"))),
        _ => thread.join(),
    }
}
