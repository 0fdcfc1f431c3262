//! Being told to stop, by Ctrl-C or by whoever supervises.

use std::{future::Future, io};

/// Listens from now on. The future ends with the first signal.
#[cfg(unix)]
pub(crate) fn signals() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Listens from now on. The future ends with the first signal.
#[cfg(windows)]
pub(crate) fn signals() -> io::Result<impl Future<Output = ()>> {
    let mut interrupted = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupted.recv().await;
    })
}
