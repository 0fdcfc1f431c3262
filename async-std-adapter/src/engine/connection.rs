//! A connection to a server, with its buffers.

use std::{
    io,
    task::{Context, Poll, Waker},
    time::Instant,
};

use futures_io::{AsyncRead, AsyncWrite};
use teamwire_core::effect::{Exchange, TransportError};
use teamwire_std::{Origin, client_certificate_error, trusts_connection};

use super::{
    deadline::{Deadline, Timer},
    errors::disconnected,
    input::Input,
    stream::Stream,
};
use crate::runtime::Runtime;

/// A connection to one origin. It is owned by one exchange at a time, or by the pool.
pub(super) struct Connection<S> {
    pub(super) stream: Stream<S>,
    pub(super) origin: Origin,
    pub(super) opened: Instant,
    /// Time at which it was opened, or last found to be open.
    checked: Instant,
    /// It was reused without a check that it is open.
    pub(super) is_unchecked: bool,
    /// It has served an exchange.
    pub(super) reused: bool,
    pub(super) input: Input,
    /// Buffer for the head of a request, and the part of its body that is sent together with it.
    pub(super) output: Vec<u8>,
    pub(super) timer: Option<Box<Timer>>,
}

/// Outcome of a write or a flush.
pub(super) enum WriteOutcome {
    /// This number of bytes was taken; by a flush, all were sent.
    Written(usize),
    /// It would block, and meanwhile this number of bytes was received (zero at the end of the stream), or a read
    /// failed.
    Received(io::Result<usize>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(socket: S, origin: Origin) -> Self {
        let opened = Instant::now();
        Self {
            stream: Stream::Plain(socket),
            origin,
            opened,
            checked: opened,
            is_unchecked: false,
            reused: false,
            input: Input::default(),
            output: Vec::new(),
            timer: None,
        }
    }

    /// Returns whether this exchange can reuse the connection, as far as is known. `lost` is the time of the last loss
    /// of a reused connection.
    pub(super) fn is_usable<R>(&mut self, exchange: &Exchange, lost: Option<Instant>, now: Instant, runtime: &R) -> bool
    where
        R: Runtime<Stream = S>,
    {
        self.is_unchecked = trusts_connection(exchange.replaces_stale_connection, self.checked, lost, now);
        if self.is_unchecked {
            // Without a system call.
            return self.stream.is_idle();
        }
        self.checked = now;
        self.is_idle(runtime)
    }

    /// Returns whether the connection is open and no bytes have arrived: on an idle connection they are not a response
    /// to any request.
    fn is_idle<R: Runtime<Stream = S>>(&mut self, runtime: &R) -> bool {
        match runtime.has_arrived(self.stream.socket()) {
            Some(false) => self.stream.is_idle(),
            Some(true) if !self.stream.is_tls() => false,
            // It may be a message of TLS itself.
            _ => self.input.poll_fill(&mut self.stream, &mut Context::from_waker(Waker::noop())).is_pending(),
        }
    }

    /// Maps an error of a read or a write. A server that requires a client certificate rejects the first request,
    /// without a response.
    pub(super) fn transport_error(&self, error: &io::Error) -> TransportError {
        let refused = if self.reused || self.input.has_received() { None } else { client_certificate_error(error) };
        refused.unwrap_or_else(|| disconnected(error))
    }

    /// Writes some of these bytes, of which there must be one. If that would block, it reads.
    pub(super) fn poll_write(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Poll<io::Result<WriteOutcome>> {
        match self.stream.poll_write(cx, bytes) {
            Poll::Ready(taken) => Poll::Ready(taken.map(WriteOutcome::Written)),
            Poll::Pending => self.poll_fill_input(cx).map(|received| Ok(WriteOutcome::Received(received))),
        }
    }

    /// Sends the bytes that were taken. If that would block, it reads.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<WriteOutcome>> {
        match self.stream.poll_flush(cx) {
            Poll::Ready(flushed) => Poll::Ready(flushed.map(|()| WriteOutcome::Written(0))),
            Poll::Pending => self.poll_fill_input(cx).map(|received| Ok(WriteOutcome::Received(received))),
        }
    }

    /// Reads bytes that have arrived. Returns zero at the end of the stream.
    pub(super) fn poll_fill_input(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.poll_fill(&mut self.stream, cx)
    }

    /// Waits until more has arrived, and reads it into this buffer instead of the input, which has to be empty. Returns
    /// zero at the end of the stream.
    pub(super) async fn receive_into<R: Runtime>(
        &mut self,
        buffer: &mut [u8],
        deadline: &mut Deadline<'_, R>,
    ) -> Result<io::Result<usize>, TransportError> {
        debug_assert!(self.input.is_empty(), "bytes would be skipped");
        let stream = &mut self.stream;
        deadline.run(|cx| stream.poll_read(cx, buffer)).await
    }

    /// Reads bytes that have arrived behind a response, without waiting: an input that is not empty shows that the
    /// connection cannot be reused.
    pub(super) fn read_excess(&mut self) {
        drop(self.input.poll_fill(&mut self.stream, &mut Context::from_waker(Waker::noop())));
    }

    /// Waits until more has arrived. Returns zero at the end of the stream.
    pub(super) async fn receive<R: Runtime>(
        &mut self,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<io::Result<usize>, TransportError> {
        let Self { stream, input, .. } = self;
        deadline.run(|cx| input.poll_fill(stream, cx)).await
    }
}
