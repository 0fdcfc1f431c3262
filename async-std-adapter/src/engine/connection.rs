//! A connection to a server, with its buffers.

use std::{
    io, mem,
    sync::{Arc, Weak},
    task::{Context, Poll, Waker},
    time::Instant,
};

use futures_io::{AsyncRead, AsyncWrite};
use teamwire_core::effect::TransportError;
use teamwire_std::{ConnectionHistory, Origin, Pooled, client_certificate_error};

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
    pub(super) history: ConnectionHistory,
    pub(super) input: Input,
    /// Buffer for the head of a request, and the part of its body that is sent together with it.
    pub(super) output: Vec<u8>,
    pub(super) timer: Option<Box<Timer>>,
}

impl<S> Pooled for Connection<S> {
    fn history(&self) -> &ConnectionHistory {
        &self.history
    }

    fn history_mut(&mut self) -> &mut ConnectionHistory {
        &mut self.history
    }
}

/// Outcome of a write or a flush.
pub(super) enum WriteOutcome {
    /// This number of bytes was taken; by a flush, all were sent.
    Written(usize),
    /// It would block, and meanwhile this number of bytes was received (zero at the end of the stream), or a read
    /// failed.
    Received(io::Result<usize>),
}

/// A stream on a thread that may block, which must not wait for it.
pub(super) struct Borrowed<S> {
    stream: Stream<S>,
    owner: Weak<()>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Borrowed<S> {
    /// Returns whether the future of the exchange was dropped. The connection is closed when this is.
    pub(super) fn is_abandoned(&self) -> bool {
        self.owner.strong_count() == 0
    }

    pub(super) fn poll_read(&mut self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_read(&mut Context::from_waker(Waker::noop()), buffer)
    }

    pub(super) fn poll_write(&mut self, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_write(&mut Context::from_waker(Waker::noop()), bytes)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(socket: S, origin: Origin) -> Self {
        Self {
            stream: Stream::Plain(socket),
            history: ConnectionHistory::new(origin, Instant::now()),
            input: Input::default(),
            output: Vec::new(),
            timer: None,
        }
    }

    /// Returns whether the connection, which is idle, is open, as far as is known: no bytes have arrived, as on an idle
    /// connection they are not a response to any request. One that is trusted is not checked by a system call.
    pub(super) fn is_idle<R: Runtime<Stream = S>>(&mut self, is_trusted: bool, runtime: &R) -> bool {
        let Some(socket) = self.stream.socket() else { return false };
        let has_arrived = if is_trusted { Some(false) } else { runtime.has_arrived(socket) };
        match has_arrived {
            Some(false) => self.stream.is_idle(),
            Some(true) if !self.stream.is_tls() => false,
            // It may be a message of TLS itself.
            _ => self.input.poll_fill(&mut self.stream, &mut Context::from_waker(Waker::noop())).is_pending(),
        }
    }

    /// Maps an error of a read or a write. A server that requires a client certificate rejects the first request,
    /// without a response.
    pub(super) fn transport_error(&self, error: &io::Error) -> TransportError {
        let refused =
            if self.history.is_reused() || self.input.has_received() { None } else { client_certificate_error(error) };
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

    /// Lends the stream to this work, on a thread that may block. What is pending there has to be polled again
    /// afterwards.
    pub(super) async fn lend<R, T>(
        &mut self,
        runtime: &R,
        work: impl FnOnce(&mut Borrowed<S>) -> T + Send + 'static,
    ) -> T
    where
        R: Runtime<Stream = S>,
        T: Send + 'static,
        S: Send + 'static,
    {
        let owner = Arc::new(());
        let stream = mem::replace(&mut self.stream, Stream::Lent);
        let mut borrowed = Borrowed { stream, owner: Arc::downgrade(&owner) };
        let work = move || {
            let result = work(&mut borrowed);
            (borrowed.stream, result)
        };
        let (stream, result) = runtime.unblock(work).await;
        self.stream = stream;
        result
    }

    /// Reads what has arrived behind a response, without waiting: an input that is not empty, or has ended, shows that
    /// the connection cannot be reused.
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
