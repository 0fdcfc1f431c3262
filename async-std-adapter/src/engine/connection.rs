//! A connection to a server, with the buffers that it keeps from one exchange to the next.

use std::{
    io,
    task::{Context, Poll, Waker},
    time::Instant,
};

use futures_io::{AsyncRead, AsyncWrite};
use teamwire_core::Fault;
use teamwire_std::{
    http1::{ChunkLines, MAX_HEAD},
    tls_failure,
};

use super::{
    deadline::{Deadline, Timer},
    origin::Origin,
    response::lost,
    stream::Stream,
};
use crate::runtime::Runtime;

/// What a connection takes in at once, and what of a body is sent together with its head.
pub(super) const BUFFER_SIZE: usize = 16 << 10;

/// A connection to one origin. It is owned by one exchange at a time, or by the pool.
pub(super) struct Connection<S> {
    pub(super) stream: Stream<S>,
    pub(super) origin: Origin,
    pub(super) opened: Instant,
    /// Whether it has served an exchange.
    pub(super) reused: bool,
    pub(super) input: Input,
    /// Room for what is sent at once.
    pub(super) output: Vec<u8>,
    pub(super) timer: Option<Box<Timer>>,
}

/// What came of an attempt to send.
pub(super) enum WriteOutcome {
    /// So many bytes were taken; for a flush, all there were.
    Written(usize),
    /// It would have had to wait, and meanwhile so many bytes came from the server, none if that has hung up; or it cannot be
    /// read from any more.
    Received(io::Result<usize>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(socket: S, origin: Origin) -> Self {
        Self {
            stream: Stream::Plain(socket),
            origin,
            opened: Instant::now(),
            reused: false,
            input: Input::default(),
            output: Vec::new(),
            timer: None,
        }
    }

    /// Whether nothing is to be heard from the server. Anything but silence is the end of an idle connection: that it
    /// was closed, or an answer to no question.
    pub(super) fn is_idle<R: Runtime<Stream = S>>(&mut self, runtime: &R) -> bool {
        match runtime.has_arrived(self.stream.socket()) {
            Some(false) => self.stream.is_idle(),
            Some(true) if !self.stream.is_tls() => false,
            // It may be something between the two ends of TLS. Nobody waits for what is to come.
            _ => self.input.poll_fill(&mut self.stream, &mut Context::from_waker(Waker::noop())).is_pending(),
        }
    }

    /// Returns the failure that this error of a read or a write is. A server that demands a client certificate refuses the
    /// first request, before a byte of a response.
    pub(super) fn lost(&self, error: &io::Error) -> Fault {
        let refused = if self.reused || self.input.has_received { None } else { tls_failure(error) };
        refused.unwrap_or_else(|| lost(error))
    }

    /// Sends some of these bytes, of which there must be one. Where that has to wait, it listens.
    pub(super) fn poll_write(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Poll<io::Result<WriteOutcome>> {
        match self.stream.poll_write(cx, bytes) {
            Poll::Ready(taken) => Poll::Ready(taken.map(WriteOutcome::Written)),
            Poll::Pending => self.poll_fill_input(cx).map(|heard| Ok(WriteOutcome::Received(heard))),
        }
    }

    /// Sends what was taken before. Where that has to wait, it listens.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<WriteOutcome>> {
        match self.stream.poll_flush(cx) {
            Poll::Ready(flushed) => Poll::Ready(flushed.map(|()| WriteOutcome::Written(0))),
            Poll::Pending => self.poll_fill_input(cx).map(|heard| Ok(WriteOutcome::Received(heard))),
        }
    }

    /// What comes from the server before the request has left: zero bytes at the end of the stream.
    pub(super) fn poll_fill_input(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.poll_fill(&mut self.stream, cx)
    }

    /// Waits for more from the server; zero bytes at the end of the stream.
    pub(super) async fn receive<R: Runtime>(
        &mut self,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<io::Result<usize>, Fault> {
        let Self { stream, input, .. } = self;
        deadline.run(|cx| input.poll_fill(stream, cx)).await
    }
}

/// What has arrived and was not used yet.
#[derive(Default)]
pub(super) struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Something has arrived in this exchange.
    has_received: bool,
}

impl Input {
    pub(super) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(super) fn unread_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[self.start..self.end]
    }

    /// Leaves out of the last `arrived` bytes what is to be left out of a chunked body.
    pub(super) fn strip(&mut self, arrived: usize, lines: &mut ChunkLines) {
        let old = self.end - arrived;
        self.end = old + lines.strip(&mut self.buffer[old..self.end]);
        self.consume(0);
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        debug_assert!(self.start <= self.end, "more was consumed than there is");
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether there is so much unread that no head and no line can be that long.
    pub(super) fn is_full(&self) -> bool {
        self.unread().len() >= MAX_HEAD
    }

    /// Takes more in at once, for a long answer.
    pub(super) fn expand(&mut self) {
        self.grow_to(MAX_HEAD);
    }

    /// To this length, if it is shorter. Memory that is new has its zeros from the operating system.
    fn grow_to(&mut self, length: usize) {
        if self.is_empty() && self.buffer.len() < length {
            self.buffer = vec![0; length];
        } else if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
    }

    /// Returns whether anything has arrived since the exchange began.
    pub(super) const fn has_received(&self) -> bool {
        self.has_received
    }

    /// Prepares for the next exchange: gives room back that only an unusual response needed.
    pub(super) fn reset(&mut self) {
        self.has_received = false;
        if self.buffer.len() > BUFFER_SIZE && self.is_empty() {
            self.buffer = Vec::new();
        }
    }

    fn poll_fill<S>(&mut self, stream: &mut Stream<S>, cx: &mut Context<'_>) -> Poll<io::Result<usize>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.end == self.buffer.len() {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            } else {
                let larger = (self.buffer.len() * 2).max(BUFFER_SIZE);
                self.grow_to(larger);
            }
        }
        let filled = stream.poll_read(cx, &mut self.buffer[self.end..]);
        if let Poll::Ready(Ok(bytes)) = filled {
            self.end += bytes;
            self.has_received |= bytes > 0;
        }
        filled
    }
}
