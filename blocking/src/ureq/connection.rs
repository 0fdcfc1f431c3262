use std::{
    fmt,
    io::{self, ErrorKind},
    mem,
    time::Instant,
};

use teamwire_core::Fault;
use teamwire_std::{http1::EXPECT_WAIT, tls_failure};
use ureq::{
    Error, Timeout,
    unversioned::transport::{Buffers as UreqBuffers, NextTimeout, Transport},
};

use super::{buffers::Buffers, link::Link, request_context::Trip, reuse::Keeping, tcp::Ready};

/// Number of bytes worth a system call of their own, although more may follow: a record of TLS.
const ENOUGH: usize = 16 << 10;

/// A connection, as ureq has it. It listens while it sends: the final response, or the end of the connection, ends that.
pub(super) struct Wire {
    link: Link,
    keeping: Keeping,
    buffers: Buffers,
    /// Bytes to write, until there are enough of them, or a response is awaited: ureq writes head and body apart, each at
    /// once, which is two system calls, two packets, and two wake-ups of the server.
    held: Vec<u8>,
    /// Number of bytes of the request that were written.
    written: usize,
    /// When a byte moved, or this connection was asked for something.
    moved: Instant,
    /// A write failed, so the end of what arrives is not the end of what was sent.
    is_broken: bool,
}

impl Wire {
    pub(super) fn new(link: Link, keeping: Keeping) -> Self {
        let (buffers, held) = (Buffers::default(), Vec::new());
        Self { link, keeping, buffers, held, written: 0, moved: Instant::now(), is_broken: false }
    }

    /// Puts what ureq has written to what is held. A head comes at once, and what ureq does not know of goes into it.
    fn hold(&mut self, amount: usize) {
        let written = self.buffers.written(amount);
        let (origin, lines) = Trip::take_additions();
        if origin.is_empty() && lines.is_empty() {
            return self.held.extend_from_slice(written);
        }
        let (path, second_line) = (after(b' ', written), after(b'\n', written));
        for piece in [&written[..path], origin.as_bytes(), &written[path..second_line], &lines, &written[second_line..]]
        {
            self.held.extend_from_slice(piece);
        }
    }

    /// Sends what is held, unless the response ends it.
    fn send(&mut self) -> Result<(), Error> {
        if self.held.is_empty() {
            return Ok(());
        }
        self.moved = Instant::now();
        let is_late = |due: Instant| due <= self.moved;
        if Trip::with(|trip| trip.limits).due(self.moved).is_some_and(is_late) {
            return Err(Error::Timeout(Timeout::Global));
        }
        Trip::with(|trip| trip.sent = true);
        let held = mem::take(&mut self.held);
        self.write(&held)?;
        self.held = held;
        self.held.clear();
        Ok(())
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        // The beginning of a request leaves at once: no server has responded before.
        let mut looks = self.written > 0;
        while !bytes.is_empty() || self.link.has_unsent() {
            if looks {
                let ready = self.wait(true)?;
                if ready.readable {
                    self.listen()?;
                    if Trip::with(|trip| trip.is_over) {
                        return Ok(());
                    }
                }
                if !ready.writable {
                    continue;
                }
            }
            looks = true;
            match self.link.try_write(bytes) {
                Ok(amount) => {
                    self.moved = Instant::now();
                    self.written += amount;
                    bytes = &bytes[amount..];
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return self.hear_out(error),
            }
        }
        Ok(())
    }

    /// Waits until there is something to read, or room to write if that is wanted.
    ///
    /// That the operating system still drains what was written before is no silence.
    fn wait(&mut self, wants_to_write: bool) -> Result<Ready, Error> {
        let limits = Trip::with(|trip| trip.limits);
        let quarter = limits.inactivity().map(|time| time / 4);
        let mut undrained = None;
        loop {
            let now = Instant::now();
            let due = limits.due(self.moved);
            if due.is_some_and(|due| due <= now) {
                return Err(Error::Timeout(Timeout::Global));
            }
            let look = quarter.and_then(|quarter| now.checked_add(quarter));
            let ready = self.link.wait(wants_to_write, due.into_iter().chain(look).min()).map_err(failed)?;
            if ready != Ready::default() {
                return Ok(ready);
            }
            let left = self.link.undrained();
            if undrained.zip(left).is_some_and(|(before, left)| left < before) {
                self.moved = Instant::now();
            }
            undrained = left;
        }
    }

    /// Reads what has arrived while there is more to send.
    fn listen(&mut self) -> Result<(), Error> {
        while !self.buffers.has_head() {
            match self.link.try_read(self.buffers.room().map_err(other)?) {
                Ok(0) => break,
                Ok(amount) => self.arrived(amount)?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(failed(error)),
            }
        }
        Trip::with(|trip| trip.is_over = true);
        Ok(())
    }

    /// Reads what had arrived when a write failed. A response is the outcome.
    fn hear_out(&mut self, error: io::Error) -> Result<(), Error> {
        self.is_broken = true;
        match self.listen() {
            Ok(()) if self.buffers.has_head() => Ok(()),
            Err(Error::Other(heard)) if heard.is::<Fault>() => Err(Error::Other(heard)),
            _ => Err(failed(error)),
        }
    }

    /// Waits for a while until the server asks for the body that was announced. Not every server does.
    fn await_invitation(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        // Half of the time is for the rest.
        let half = Trip::with(|trip| trip.limits).due(now).map(|due| due.saturating_duration_since(now) / 2);
        let until = now + half.map_or(EXPECT_WAIT, |half| half.min(EXPECT_WAIT));
        while !self.buffers.is_invited() && !Trip::with(|trip| trip.is_over) {
            if !self.link.wait(false, Some(until)).map_err(failed)?.readable {
                break;
            }
            self.listen()?;
        }
        Ok(())
    }

    /// Reads what arrives next. Returns zero at the end.
    fn receive(&mut self) -> Result<usize, Error> {
        self.moved = Instant::now();
        let limits = Trip::with(|trip| trip.limits);
        // An end that was seen while sending is known to the link alone: nothing more comes from the socket.
        let is_over = Trip::with(|trip| trip.is_over);
        if self.written > ENOUGH && limits.inactivity().is_some() && !self.buffers.has_head() && !is_over {
            self.wait(false)?;
        }
        let room = self.buffers.room().map_err(other)?;
        let amount = match self.link.read(room, limits.due(self.moved)) {
            // What a server that refused a request leaves unread makes its end a reset.
            Err(error) if self.buffers.is_refusal() && is_end(&error) => 0,
            Ok(0) if self.is_broken && !self.buffers.is_refusal() => {
                return Err(failed(ErrorKind::ConnectionReset.into()));
            }
            result => result.map_err(failed)?,
        };
        self.arrived(amount)?;
        Ok(amount)
    }

    fn arrived(&mut self, amount: usize) -> Result<(), Error> {
        let had_head = self.buffers.has_head();
        if amount > 0 {
            self.moved = Instant::now();
            Trip::with(|trip| trip.heard = true);
            self.buffers.arrived(amount).map_err(other)?;
        }
        if self.buffers.has_head() && !had_head {
            Trip::with(|trip| trip.limits.head_arrived());
        }
        Ok(())
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn UreqBuffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let (is_over, expects) = Trip::with(|trip| (trip.is_over, trip.expects));
        if is_over {
            return Ok(());
        }
        self.hold(amount);
        let announces = expects && self.written == 0 && self.held.ends_with(b"\r\n\r\n");
        if self.held.len() >= ENOUGH || announces {
            self.send()?;
        }
        if announces { self.await_invitation() } else { Ok(()) }
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        let before = self.buffers.readable();
        self.send()?;
        // What is left out may be all that has arrived, and ureq would take that for the end.
        while self.buffers.readable() == before {
            if self.receive()? == 0 {
                if self.buffers.readable() > 0 {
                    return Err(failed(io::Error::new(
                        ErrorKind::UnexpectedEof,
                        "the body ends in the middle of a line",
                    )));
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// ureq asks before it keeps a connection, and before it uses one again.
    fn is_open(&mut self) -> bool {
        let now = Instant::now();
        let is_idle = self.keeping.idle_since().is_some();
        let (is_over, fresh) = Trip::with(|trip| (trip.is_over, trip.fresh));
        self.held.shrink_to(ENOUGH);
        let is_usable = !self.keeping.is_stale(now)
            && self.held.is_empty()
            && self.buffers.is_clean()
            && if is_idle { !fresh } else { !is_over && !self.is_broken }
            && self.link.is_silent();
        if is_usable {
            self.keeping.set_idle_since((!is_idle).then_some(now));
            if is_idle {
                self.buffers.reset();
                self.written = 0;
                Trip::with(|trip| trip.taken = Some(now));
            }
        }
        is_usable
    }

    fn is_tls(&self) -> bool {
        self.link.is_tls()
    }
}

/// Returns the length of this text up to and with its first byte of this kind.
fn after(byte: u8, text: &[u8]) -> usize {
    text.iter().position(|found| *found == byte).map_or(0, |at| at + 1)
}

/// Returns whether this is how a connection ends that is not closed in order.
fn is_end(error: &io::Error) -> bool {
    use ErrorKind as E;
    matches!(error.kind(), E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe | E::UnexpectedEof)
}

/// Returns an error of a connection in ureq's words.
pub(super) fn failed(error: io::Error) -> Error {
    // One of the operating system is a connection that it gave up.
    if error.kind() == ErrorKind::TimedOut && error.raw_os_error().is_none() {
        return Error::Timeout(Timeout::Global);
    }
    // A server that demands a client certificate refuses the first request, before a byte of a response.
    let is_first = Trip::with(|trip| trip.taken.is_none() && !trip.heard);
    if let Some(fault) = tls_failure(&error).filter(|_| is_first) {
        Trip::with(|trip| trip.sent = false);
        return other(fault);
    }
    match error.downcast::<Fault>() {
        Ok(fault) => other(fault),
        // As it is, ureq would take a reset for the end of a body without a length: half a response for a whole one.
        Err(error) => Error::Other(error.into()),
    }
}

fn other(fault: Fault) -> Error {
    Error::Other(fault.into())
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("tls", &self.is_tls()).finish_non_exhaustive()
    }
}
