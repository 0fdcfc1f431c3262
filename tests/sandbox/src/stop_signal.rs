//! Signals that stop a program.

use std::{fmt, future::Future, io, pin::Pin};

use tokio::runtime::{self, Runtime};

/// Ctrl-C and termination requests, for a program that serves a sandbox until then: only if it ends by itself are
/// connections closed and temporary files removed.
///
/// ```no_run
/// use teamwire_sandbox::{Sandbox, StopSignal};
///
/// let stop = StopSignal::listen()?;
/// let sandbox = Sandbox::start()?;
/// println!("{} until Ctrl-C", sandbox.url());
/// stop.wait();
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct StopSignal {
    runtime: Runtime,
    received: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl StopSignal {
    /// Starts to listen. From now on, the signals do not end the program.
    ///
    /// # Errors
    ///
    /// The error of the operating system if the signals cannot be handled.
    pub fn listen() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let received = runtime.block_on(async { signals() })?;
        Ok(Self { runtime, received: Box::pin(received) })
    }

    /// Waits for the first signal since it was created.
    pub fn wait(self) {
        self.runtime.block_on(self.received);
    }
}

impl fmt::Debug for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopSignal").finish_non_exhaustive()
    }
}

#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()> + Send + 'static> {
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

#[cfg(windows)]
fn signals() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupted = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupted.recv().await;
    })
}
