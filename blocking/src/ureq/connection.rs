mod sending;

use std::{
    fmt,
    io::{self, ErrorKind},
    mem,
    net::TcpStream,
    sync::Arc,
    time::Instant,
};

use teamwire_std::{ConnectionHistory, Pooled, is_abrupt_end};
use ureq::{
    Error,
    unversioned::transport::{Buffers as UreqBuffers, NextTimeout, Transport},
};

use super::{
    buffers::Buffers,
    errors::{failed, other},
    link::Link,
    request_context::RequestContext,
};

/// Number of pending bytes from which they are sent although more may follow: the size of a TLS record.
const FLUSH_THRESHOLD: usize = 16 << 10;

/// A connection for ureq. It reads while it sends: the final response, or the end of the connection, ends the sending.
pub(super) struct Connection {
    link: Link,
    history: ConnectionHistory,
    buffers: Buffers,
    /// Bytes to send once there are enough of them, or a response is awaited: ureq writes head and body separately,
    /// which would be two system calls, two packets, and two wake-ups of the server.
    pending_output: Vec<u8>,
    /// Number of bytes of the request that were written.
    written: usize,
    /// Number of bytes that were written since the last look for a response.
    unchecked: usize,
    /// Time at which a byte moved, or ureq called.
    last_activity: Instant,
    /// A write has failed, so the end of the input may be due to that and not to the server.
    is_broken: bool,
    /// Time at which an exchange ended after which the connection can serve another one.
    idle_since: Option<Instant>,
}

impl Connection {
    pub(super) fn new(link: Link, history: ConnectionHistory) -> Self {
        let (buffers, pending_output) = (Buffers::default(), Vec::new());
        let (last_activity, is_broken, idle_since) = (Instant::now(), false, None);
        Self { link, history, buffers, pending_output, written: 0, unchecked: 0, last_activity, is_broken, idle_since }
    }

    /// Prepares for the next exchange. Returns the time since when the connection is idle; `None` if it cannot serve
    /// another exchange.
    pub(super) fn reset(&mut self) -> Option<Instant> {
        let since = self.idle_since.take()?;
        self.buffers.shrink();
        (self.written, self.unchecked) = (0, 0);
        Some(since)
    }

    /// Returns whether the connection, which is idle, is open, as far as is known. One that is trusted is not checked
    /// by a system call.
    pub(super) fn is_idle(&mut self, is_trusted: bool) -> bool {
        self.link.is_read() && (is_trusted || self.link.is_idle())
    }

    pub(super) const fn stream(&self) -> &Arc<TcpStream> {
        self.link.stream()
    }

    /// Waits for bytes and reads them. Returns zero at the end.
    fn receive(&mut self) -> Result<usize, Error> {
        self.last_activity = Instant::now();
        let limits = RequestContext::with(|context| context.limits);
        // If the end of the stream was read while sending, nothing more can arrive.
        let stop_sending = RequestContext::with(|context| context.stop_sending);
        if self.written > FLUSH_THRESHOLD && limits.inactivity().is_some() && !self.buffers.has_head() && !stop_sending
        {
            self.wait(false)?;
        }
        let due = limits.due(self.last_activity);
        let is_data = self.buffers.is_in_data();
        let read = if is_data { self.read_data(due) } else { self.link.read(self.buffers.room().map_err(other)?, due) };
        let amount = match read {
            // A server that rejects a request without reading all of it ends the connection with a reset.
            Err(error) if self.buffers.is_error_status() && is_abrupt_end(&error) => 0,
            Ok(0) if self.is_broken && !self.buffers.is_error_status() => {
                return Err(failed(ErrorKind::ConnectionReset.into()));
            }
            result => result.map_err(failed)?,
        };
        if !is_data {
            self.arrived(amount)?;
        }
        Ok(amount)
    }

    /// Reads data of a body to where its reader finds it, without a copy.
    fn read_data(&mut self, until: Option<Instant>) -> io::Result<usize> {
        let mut data = RequestContext::with(|context| mem::take(&mut context.hidden_response.data));
        let read = self.link.read(data.room(self.buffers.data_room()), until);
        if let Ok(amount) = read {
            data.extend(amount);
            self.buffers.data_arrived(amount);
        }
        RequestContext::with(|context| context.hidden_response.data = data);
        read
    }

    fn arrived(&mut self, amount: usize) -> Result<(), Error> {
        let had_head = self.buffers.has_head();
        if amount > 0 {
            self.last_activity = Instant::now();
            RequestContext::with(|context| {
                context.response_started = true;
                context.opening = None;
                self.buffers.arrived(amount, &mut context.hidden_response)
            })
            .map_err(other)?;
        }
        if self.buffers.has_head() && !had_head {
            RequestContext::with(|context| context.limits.head_arrived());
        }
        Ok(())
    }
}

impl Pooled for Connection {
    fn history(&self) -> &ConnectionHistory {
        &self.history
    }

    fn history_mut(&mut self) -> &mut ConnectionHistory {
        &mut self.history
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn UreqBuffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let (stop_sending, expects_continue) =
            RequestContext::with(|context| (context.stop_sending, context.expects_continue));
        if stop_sending {
            return Ok(());
        }
        if self.written > 0 && self.pending_output.is_empty() && amount >= FLUSH_THRESHOLD {
            return self.send_written(amount);
        }
        self.append_written(amount);
        let announces = expects_continue && self.written == 0 && self.pending_output.ends_with(b"\r\n\r\n");
        if self.pending_output.len() >= FLUSH_THRESHOLD || announces {
            self.send_pending()?;
        }
        if announces { self.await_continue() } else { Ok(()) }
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        let before = self.buffers.readable();
        self.send_pending()?;
        // Preprocessing may have removed all that has arrived, which ureq would take for the end.
        while self.buffers.readable() == before {
            if self.receive()? == 0 {
                if self.buffers.readable() > 0 || self.buffers.is_incomplete() {
                    return Err(failed(io::Error::new(
                        ErrorKind::UnexpectedEof,
                        "the connection ended within the body",
                    )));
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Called at the end of an exchange.
    fn is_open(&mut self) -> bool {
        self.pending_output.shrink_to(FLUSH_THRESHOLD);
        let (stop_sending, interrupter) =
            RequestContext::with(|context| (context.stop_sending, context.interrupter.clone()));
        // Whether it is open is checked when it is reused.
        let is_reusable = !stop_sending
            && !self.is_broken
            && self.pending_output.is_empty()
            && self.buffers.is_clean()
            && self.link.is_read()
            && (!self.buffers.was_filled() || self.link.is_idle())
            && interrupter.is_none_or(|interrupter| {
                interrupter.clear();
                // The connection may have been shut down before that.
                !interrupter.is_interrupted()
            });
        self.idle_since = is_reusable.then(Instant::now);
        is_reusable
    }

    fn is_tls(&self) -> bool {
        self.link.is_tls()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("tls", &self.is_tls()).finish_non_exhaustive()
    }
}
