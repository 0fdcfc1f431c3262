//! The input buffer of a connection.

use std::{
    io,
    task::{Context, Poll},
};

use futures_io::{AsyncRead, AsyncWrite};
use teamwire_std::http1::MAX_HEAD;

use super::stream::Stream;

/// Usual size of the input buffer, and maximum size of a head and the part of its body that are sent together.
pub(super) const BUFFER_SIZE: usize = 16 << 10;

/// Bytes that have arrived and were not consumed yet.
#[derive(Default)]
pub(super) struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes have arrived in this exchange.
    has_received: bool,
    /// The end of the stream, or an error, has arrived.
    has_ended: bool,
    /// The last read has filled its buffer, so that more may have arrived.
    may_have_more: bool,
}

impl Input {
    pub(super) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(super) fn unread_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[self.start..self.end]
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

    /// Returns whether more bytes are unread than a head or line may have.
    pub(super) fn is_full(&self) -> bool {
        self.unread().len() >= MAX_HEAD
    }

    /// Enlarges the buffer, for a long response.
    pub(super) fn expand(&mut self) {
        self.grow_to(MAX_HEAD);
    }

    /// Enlarges the buffer to this length. The zeros of new memory come from the operating system.
    fn grow_to(&mut self, length: usize) {
        if self.is_empty() && self.buffer.len() < length {
            self.buffer = vec![0; length];
        } else if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
    }

    /// Returns whether bytes have arrived in this exchange.
    pub(super) const fn has_received(&self) -> bool {
        self.has_received
    }

    /// Returns whether the end of the stream, or an error, has arrived.
    pub(super) const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns whether more may have arrived than was read.
    pub(super) const fn may_have_more(&self) -> bool {
        self.may_have_more
    }

    /// Records that bytes were read past this buffer, and exactly as many as belong to the response.
    pub(super) fn note_bypass(&mut self) {
        self.may_have_more = true;
    }

    /// Prepares for the next exchange. Frees a buffer that was enlarged.
    pub(super) fn reset(&mut self) {
        (self.has_received, self.may_have_more) = (false, false);
        if self.buffer.len() > BUFFER_SIZE && self.is_empty() {
            self.buffer = Vec::new();
        }
    }

    /// Reads bytes that have arrived. Returns zero at the end of the stream.
    pub(super) fn poll_fill<S>(&mut self, stream: &mut Stream<S>, cx: &mut Context<'_>) -> Poll<io::Result<usize>>
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
        match filled {
            Poll::Ready(Ok(bytes)) if bytes > 0 => {
                self.end += bytes;
                self.has_received = true;
                self.may_have_more = self.end == self.buffer.len();
            }
            Poll::Ready(_) => self.has_ended = true,
            Poll::Pending => {}
        }
        filled
    }
}
