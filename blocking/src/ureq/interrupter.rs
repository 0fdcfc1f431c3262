use std::{
    io::{self, ErrorKind},
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use crate::detached::CancelHandle;

/// Ends the exchange of one thread from another one. Clones belong to the same exchange.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupter(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_interrupted: bool,
    target: Option<Target>,
}

/// The object that the exchange waits for.
#[derive(Debug)]
pub(super) enum Target {
    /// Another exchange, whose connection it needs.
    Waiting(Waker),
    /// Neither a lookup nor an attempt to connect can be interrupted, but its waiter can be released.
    Connecting(CancelHandle),
    Connected(Arc<TcpStream>),
}

impl Interrupter {
    /// Ends the wait of the exchange, and all later ones.
    pub(super) fn interrupt(&self) {
        let mut state = self.state();
        state.is_interrupted = true;
        // Within the lock: a connection that the exchange has returned to the pool must not be shut down.
        match &state.target {
            Some(Target::Waiting(waker)) => waker.wake_by_ref(),
            Some(Target::Connecting(cancel)) => cancel.cancel(),
            // An error means that the connection is lost already.
            Some(Target::Connected(stream)) => drop(stream.shutdown(Shutdown::Both)),
            None => {}
        }
    }

    /// Sets the object that the exchange waits for from now on.
    ///
    /// # Errors
    ///
    /// Fails if the exchange has been interrupted.
    pub(super) fn set(&self, target: Target) -> io::Result<()> {
        let mut state = self.state();
        if state.is_interrupted {
            return Err(io::Error::new(ErrorKind::NotConnected, "the exchange was stopped"));
        }
        state.target = Some(target);
        Ok(())
    }

    /// Leaves the connection alone from now on.
    pub(super) fn clear(&self) {
        self.state().target = None;
    }

    /// Returns whether the exchange has been interrupted.
    pub(super) fn is_interrupted(&self) -> bool {
        self.state().is_interrupted
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
