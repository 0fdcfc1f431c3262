use std::{
    fmt,
    io::{self, Read, Write},
    mem,
};

use rustls::ClientConnection;
use teamwire_platform::tls_is_idle;
use ureq::{
    Error,
    unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport},
};

use super::{dial::timed, link::Link, trip::TRIP};

/// What is worth a system call of its own, although more may follow: a record of TLS.
const ENOUGH: usize = 16 << 10;

/// A connection, as ureq has it.
pub(super) struct Wire<In: Transport> {
    pub(super) link: Link<In>,
    pub(super) tls: Option<ClientConnection>,
    /// If so, what is written is the request for a tunnel, and not the exchange's.
    pub(super) to_proxy: bool,
    pub(super) buffers: LazyBuffers,
    /// What is written, until there is enough of it, or an answer is awaited: ureq writes head and body apart, each at
    /// once, which is two system calls, two packets, and two wake-ups of the server.
    pub(super) held: Vec<u8>,
}

impl<In: Transport> Wire<In> {
    fn flush(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        if self.held.is_empty() {
            return Ok(());
        }
        TRIP.with_borrow_mut(|trip| trip.sent |= !self.to_proxy);
        self.link.set_time(timeout);
        self.write_held().map_err(|error| timed(error, timeout.for_write()))?;
        self.held.clear();
        Ok(())
    }

    fn write_held(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return self.link.stream().write_all(&self.held) };
        // Record by record: rustls holds only so much. And not by `rustls::Stream`: it keeps the errors of a write for later.
        for record in self.held.chunks(ENOUGH) {
            tls.writer().write_all(record)?;
            while tls.wants_write() {
                tls.write_tls(&mut self.link.stream())?;
            }
        }
        Ok(())
    }
}

impl<In: Transport> Transport for Wire<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let output = &self.buffers.output()[..amount];
        // A head comes at once, and the lines that ureq does not know of go in behind its first.
        let lines = if self.to_proxy { Vec::new() } else { TRIP.with_borrow_mut(|trip| mem::take(&mut trip.withheld)) };
        let at = if lines.is_empty() { 0 } else { first_line(output) };
        for piece in [&output[..at], &lines, &output[at..]] {
            self.held.extend_from_slice(piece);
        }
        if self.held.len() < ENOUGH { Ok(()) } else { self.flush(timeout) }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.flush(timeout)?;
        self.link.set_time(timeout);
        let input = self.buffers.input_append_buf();
        let read = match &mut self.tls {
            None => self.link.stream().read(input),
            Some(tls) => rustls::Stream::new(tls, &mut self.link.stream()).read(input),
        };
        let amount = read.map_err(|error| match timed(error, timeout.for_read()) {
            // As it is, ureq would take a reset for the end of a body without a length: half an answer for a whole one.
            Error::Io(error) => Error::Other(error.into()),
            error => error,
        })?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// ureq asks before it keeps a connection, and before it uses one again.
    fn is_open(&mut self) -> bool {
        self.held.shrink_to(ENOUGH);
        self.held.is_empty() && self.tls.as_mut().is_none_or(tls_is_idle) && self.link.is_silent()
    }

    fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

/// How long the first line is, with its end.
fn first_line(head: &[u8]) -> usize {
    head.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

impl<In: Transport> fmt::Debug for Wire<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}
