//! Sending of requests, with bodies from memory or in chunks.
//!
//! While a write would block, the response is read: a server that rejects a request need not read all of it, and might
//! wait forever for its response to be read.

use std::{
    future::{Future, poll_fn},
    mem,
    pin::pin,
    task::Poll,
};

use teamwire_std::http1::EXPECT_CONTINUE_TIMEOUT;

use super::{
    connection::WriteOutcome,
    file::{CHUNK_SIZE, MAX_BURST, Upload},
    in_flight::{InFlight, Interrupted},
    input::BUFFER_SIZE,
};
use crate::runtime::Runtime;

impl<R: Runtime> InFlight<'_, '_, R> {
    /// Sends the head, which is in the output buffer, and a body from memory: as much of it as fits behind the head
    /// leaves together with it.
    pub(super) async fn send(&mut self, body: &[u8]) -> Result<(), Interrupted> {
        let mut output = mem::take(&mut self.connection.output);
        let (first, rest) = body.split_at(BUFFER_SIZE.saturating_sub(output.len()).min(body.len()));
        output.extend_from_slice(first);
        self.write(&output).await?;
        self.connection.output = output;
        if !rest.is_empty() {
            self.read_available().await?;
            self.write(rest).await?;
        }
        self.flush().await
    }

    /// Sends the head, and a body in chunks.
    pub(super) async fn send_chunks(&mut self, upload: Upload) -> Result<(), Interrupted> {
        let Upload { mut source, expect_continue } = upload;
        if expect_continue {
            self.send(&[]).await?;
            self.wait_for_continue().await?;
        } else {
            let runtime = self.deadline.runtime();
            let chunk = self.deadline.race(source.next(runtime)).await??;
            self.send(chunk).await?;
        }
        while !source.has_ended() {
            self.read_available().await?;
            // An observer sees the body leave in chunks.
            let most = if self.progress.is_observed() { CHUNK_SIZE } else { MAX_BURST };
            let (sent, rest) = source.send(self.connection, self.deadline.runtime(), most).await;
            if sent > 0 {
                self.progress.record_sent(sent);
            }
            let rest = rest?;
            self.deadline.on_burst()?;
            if !rest.is_empty() {
                self.write(rest).await?;
            }
        }
        self.flush().await
    }

    /// Waits a limited time for `100 Continue`.
    async fn wait_for_continue(&mut self) -> Result<(), Interrupted> {
        // Not every server sends it, so at least half of the time is left for the body.
        let max_wait = EXPECT_CONTINUE_TIMEOUT.min(self.deadline.idle_time() / 2);
        let mut sleep = pin!(self.deadline.runtime().sleep(max_wait));
        while !self.response.got_continue() {
            let connection = &mut *self.connection;
            let received = self.deadline.run(|cx| match connection.poll_fill_input(cx) {
                Poll::Pending => sleep.as_mut().poll(cx).map(|()| None),
                Poll::Ready(received) => Poll::Ready(Some(received)),
            });
            match received.await? {
                Some(received) => self.on_input(received)?,
                None => break,
            }
        }
        Ok(())
    }

    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Interrupted> {
        loop {
            let connection = &mut *self.connection;
            // One write takes any amount while the server reads it: not more, before the response is looked for.
            let piece = &bytes[..bytes.len().min(MAX_BURST)];
            match self.deadline.run(|cx| connection.poll_write(piece, cx)).await?? {
                WriteOutcome::Written(taken) => {
                    self.progress.record_sent(taken);
                    bytes = &bytes[taken..];
                    if bytes.is_empty() {
                        return Ok(());
                    }
                    self.read_available().await?;
                }
                WriteOutcome::Received(received) => self.on_input(received)?,
            }
        }
    }

    /// Sends all bytes that the connection has taken.
    async fn flush(&mut self) -> Result<(), Interrupted> {
        loop {
            let connection = &mut *self.connection;
            match self.deadline.run(|cx| connection.poll_flush(cx)).await?? {
                WriteOutcome::Written(_) => return Ok(()),
                WriteOutcome::Received(received) => self.on_input(received)?,
            }
        }
    }

    /// Reads bytes that have arrived, without waiting. A server that rejects a request may still read all of it, so
    /// that writes never block.
    async fn read_available(&mut self) -> Result<(), Interrupted> {
        match poll_fn(|cx| Poll::Ready(self.connection.poll_fill_input(cx))).await {
            Poll::Ready(received) => self.on_input(received),
            Poll::Pending => Ok(()),
        }
    }
}
