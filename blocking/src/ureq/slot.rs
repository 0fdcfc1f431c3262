use std::{
    future::Future,
    io::{self, ErrorKind},
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use teamwire_std::{ConnectionSlot, ConnectionSlots};

use super::{
    interrupter::{Interrupter, Target},
    limits::TimeLimits,
};
use crate::signal::Signal;

/// Waits for the right to have a connection.
///
/// # Errors
///
/// Fails at the end of the time limit, or if the exchange is interrupted.
#[inline(never)]
pub(super) fn acquire<'a>(
    slots: &'a ConnectionSlots,
    limits: TimeLimits,
    interrupter: Option<&Interrupter>,
) -> io::Result<ConnectionSlot<'a>> {
    if let Some(slot) = slots.try_acquire() {
        return Ok(slot);
    }
    let mut slot = pin!(slots.acquire());
    wait(limits, interrupter, None, |waker| match slot.as_mut().poll(&mut Context::from_waker(waker)) {
        Poll::Ready(slot) => Some(slot),
        Poll::Pending => None,
    })
}

/// Polls this until it has a value: after each call of the waker, and after this interval, if there is one.
///
/// # Errors
///
/// Fails at the end of the time limit, or if the exchange is interrupted.
pub(super) fn wait<T>(
    limits: TimeLimits,
    interrupter: Option<&Interrupter>,
    interval: Option<Duration>,
    mut poll: impl FnMut(&Waker) -> Option<T>,
) -> io::Result<T> {
    let signal = Signal::default();
    let (waker, until) = (signal.waker(), limits.connected_by());
    if let Some(interrupter) = interrupter {
        interrupter.set(Target::Waiting(waker.clone()))?;
    }
    loop {
        if let Some(value) = poll(&waker) {
            return Ok(value);
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) || interrupter.is_some_and(Interrupter::is_interrupted) {
            return Err(ErrorKind::TimedOut.into());
        }
        signal.wait(left.into_iter().chain(interval).min());
    }
}
