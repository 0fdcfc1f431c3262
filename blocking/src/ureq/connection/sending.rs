//! The part of a connection that sends a request, and meanwhile reads what arrives.

use std::{
    io::{self, ErrorKind},
    mem,
    time::{Duration, Instant},
};

use teamwire_core::effect::TransportError;
use teamwire_std::http1::EXPECT_CONTINUE_TIMEOUT;
use ureq::{Error, Timeout};

use super::Connection;
use crate::ureq::{
    errors::{failed, other},
    request_context::RequestContext,
    tcp::Ready,
};

/// Maximum number of bytes to write without looking for a response, while there is room for more: a look is a system
/// call.
const MAX_UNCHECKED: usize = 256 << 10;
/// Time between two pieces of a body after which a response may have arrived.
const PAUSE: Duration = Duration::from_millis(1);

impl Connection {
    /// Appends the bytes that ureq has written to the pending output. The first of them are the head, which gets the
    /// additions.
    pub(super) fn append_written(&mut self, amount: usize) {
        let written = self.buffers.written(amount);
        let additions = RequestContext::with(|context| mem::take(&mut context.additions));
        if additions.is_empty() {
            self.pending_output.extend_from_slice(written);
        } else {
            additions.append_to(&mut self.pending_output, written);
        }
    }

    /// Sends the pending output, unless the response ends it.
    pub(super) fn send_pending(&mut self) -> Result<(), Error> {
        if self.pending_output.is_empty() {
            return Ok(());
        }
        let pending_output = mem::take(&mut self.pending_output);
        self.send(&pending_output)?;
        self.pending_output = pending_output;
        self.pending_output.clear();
        Ok(())
    }

    /// Sends a piece of a long body that ureq has written, without a copy, unless the response ends it.
    pub(super) fn send_written(&mut self, amount: usize) -> Result<(), Error> {
        let output = self.buffers.take_output();
        let sent = self.send(&output[..amount]);
        self.buffers.return_output(output);
        sent
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let now = Instant::now();
        if self.written > 0 && now.saturating_duration_since(self.last_activity) > PAUSE {
            self.unchecked = MAX_UNCHECKED;
        }
        self.last_activity = now;
        if RequestContext::with(|context| context.limits).due(now).is_some_and(|due| due <= now) {
            return Err(Error::Timeout(Timeout::Global));
        }
        RequestContext::with(|context| context.sent = true);
        self.write(bytes)
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        let mut must_wait = false;
        while !bytes.is_empty() || self.link.has_unsent() {
            let may_have_arrived = Ready { readable: self.unchecked >= MAX_UNCHECKED, writable: true };
            let ready = if must_wait { self.wait(true)? } else { may_have_arrived };
            if must_wait || ready.readable {
                self.unchecked = 0;
            }
            if ready.readable {
                self.read_available()?;
                if RequestContext::with(|context| context.stop_sending) {
                    return Ok(());
                }
            }
            must_wait = !ready.writable;
            if must_wait {
                continue;
            }
            match self.link.try_write(bytes) {
                Ok(amount) => {
                    self.last_activity = Instant::now();
                    self.written += amount;
                    self.unchecked += amount;
                    bytes = &bytes[amount..];
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => must_wait = true,
                Err(error) => return self.read_after_failed_write(error),
            }
        }
        Ok(())
    }

    /// Waits until bytes have arrived, or there is room to write if `wants_to_write`.
    ///
    /// Bytes that the operating system still delivers count as activity.
    pub(super) fn wait(&mut self, wants_to_write: bool) -> Result<Ready, Error> {
        let limits = RequestContext::with(|context| context.limits);
        let quarter = limits.inactivity().map(|time| time / 4);
        let mut unacknowledged_bytes = None;
        loop {
            let now = Instant::now();
            let due = limits.due(self.last_activity);
            if due.is_some_and(|due| due <= now) {
                return Err(Error::Timeout(Timeout::Global));
            }
            let look = quarter.and_then(|quarter| now.checked_add(quarter));
            let ready = self.link.wait(wants_to_write, due.into_iter().chain(look).min()).map_err(failed)?;
            if ready != Ready::default() {
                return Ok(ready);
            }
            let left = self.link.unacknowledged_bytes();
            if unacknowledged_bytes.zip(left).is_some_and(|(before, left)| left < before) {
                self.last_activity = Instant::now();
            }
            unacknowledged_bytes = left;
        }
    }

    /// Reads what has arrived while there is more to send.
    fn read_available(&mut self) -> Result<(), Error> {
        while !self.buffers.has_head() {
            match self.link.try_read(self.buffers.room().map_err(other)?) {
                Ok(0) => break,
                Ok(amount) => self.arrived(amount)?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(failed(error)),
            }
        }
        RequestContext::with(|context| context.stop_sending = true);
        Ok(())
    }

    /// Reads the bytes that had arrived when a write failed. A response takes precedence over the error.
    fn read_after_failed_write(&mut self, error: io::Error) -> Result<(), Error> {
        self.is_broken = true;
        match self.read_available() {
            Ok(()) if self.buffers.has_head() => Ok(()),
            Err(Error::Other(error)) if error.is::<TransportError>() => Err(Error::Other(error)),
            _ => Err(failed(error)),
        }
    }

    /// Waits a limited time for `100 Continue`, which not every server sends.
    pub(super) fn await_continue(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        // At least half of the time is left for the body and the response.
        let half =
            RequestContext::with(|context| context.limits).due(now).map(|due| due.saturating_duration_since(now) / 2);
        let until = now + half.map_or(EXPECT_CONTINUE_TIMEOUT, |half| half.min(EXPECT_CONTINUE_TIMEOUT));
        while !self.buffers.got_continue() && !RequestContext::with(|context| context.stop_sending) {
            if !self.link.wait(false, Some(until)).map_err(failed)?.readable {
                break;
            }
            self.read_available()?;
        }
        Ok(())
    }
}
