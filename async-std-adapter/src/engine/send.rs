//! A request on its way: what is in memory, or a file chunk by chunk.
//!
//! Where sending has to wait, it listens: a server that refuses a request need not read it to its end, and would wait for
//! ever to be heard.

use std::{
    future::{Future, poll_fn},
    io, mem,
    pin::pin,
    task::Poll,
};

use futures_io::{AsyncRead, AsyncWrite};
use teamwire_core::{Fault, Progress};
use teamwire_std::http1::EXPECT_CONTINUE_TIMEOUT;

use super::{
    connection::{BUFFER_SIZE, Connection, WriteOutcome},
    deadline::Deadline,
    file::Upload,
    response::PendingResponse,
};
use crate::runtime::Runtime;

/// What is sent, and how far that is.
pub(super) struct SendProgress<'a> {
    /// How much of the head is left.
    head: usize,
    /// How much of the body has left, of how much.
    body: u64,
    total: u64,
    progress: Option<&'a Progress>,
    /// Whether anything may have left.
    begun: &'a mut bool,
}

impl<'a> SendProgress<'a> {
    pub(super) const fn new(head: usize, total: u64, progress: Option<&'a Progress>, begun: &'a mut bool) -> Self {
        Self { head, body: 0, total, progress, begun }
    }

    fn record(&mut self, bytes: usize) {
        *self.begun = true;
        let of_the_head = bytes.min(self.head);
        self.head -= of_the_head;
        self.body += (bytes - of_the_head) as u64;
        if let Some(progress) = self.progress.filter(|_| bytes > of_the_head) {
            progress.report(self.body, Some(self.total));
        }
    }
}

/// Why sending came to no end.
pub(super) enum Interrupted {
    /// There is an answer, or there will be none: there is no use in going on.
    ResponseArrived,
    /// The connection does not take more. There may be an answer all the same.
    ConnectionBroken(io::Error),
    Fault(Fault),
}

/// Sends the head, which is in the output buffer, and a body from memory.
pub(super) async fn send<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    body: &[u8],
    sending: &mut SendProgress<'_>,
    response: &mut PendingResponse,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Interrupted> {
    let mut length = sending.head;
    let rest = coalesce(&mut connection.output, &mut length, body);
    let output = mem::take(&mut connection.output);
    write(connection, &output[..length], sending, response, deadline).await?;
    connection.output = output;
    if !rest.is_empty() {
        poll_input(connection, response).await?;
        write(connection, rest, sending, response, deadline).await?;
    }
    flush(connection, response, deadline).await
}

/// Sends the head, and a file.
pub(super) async fn send_file<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    Upload { mut file, expect_continue }: Upload,
    sending: &mut SendProgress<'_>,
    response: &mut PendingResponse,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Interrupted> {
    if expect_continue {
        send(connection, &[], sending, response, deadline).await?;
        wait_for_continue(connection, response, deadline).await?;
    } else {
        let chunk = file.next(deadline.runtime()).await?;
        send(connection, chunk, sending, response, deadline).await?;
    }
    loop {
        let chunk = file.next(deadline.runtime()).await?;
        if chunk.is_empty() {
            return flush(connection, response, deadline).await;
        }
        poll_input(connection, response).await?;
        write(connection, chunk, sending, response, deadline).await?;
    }
}

/// Waits until the server says that it wants the body, or has been silent for a while.
async fn wait_for_continue<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    response: &mut PendingResponse,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Interrupted> {
    // Not every server says so, so there has to be time left to send it.
    let wait = EXPECT_CONTINUE_TIMEOUT.min(deadline.silence() / 2);
    let mut patience = pin!(deadline.runtime().sleep(wait));
    while !response.got_continue() {
        let heard = deadline.run(|cx| match connection.poll_fill_input(cx) {
            Poll::Pending => patience.as_mut().poll(cx).map(|()| None),
            Poll::Ready(heard) => Poll::Ready(Some(heard)),
        });
        match heard.await? {
            Some(heard) => on_input(heard, connection, response)?,
            None => break,
        }
    }
    Ok(())
}

async fn write<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    mut bytes: &[u8],
    sending: &mut SendProgress<'_>,
    response: &mut PendingResponse,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Interrupted> {
    loop {
        match deadline.run(|cx| connection.poll_write(bytes, cx)).await?? {
            WriteOutcome::Written(taken) => {
                sending.record(taken);
                bytes = &bytes[taken..];
                if bytes.is_empty() {
                    return Ok(());
                }
                poll_input(connection, response).await?;
            }
            WriteOutcome::Received(heard) => on_input(heard, connection, response)?,
        }
    }
}

/// Takes note of what has arrived. A server that refuses a request may read it to its end all the same, so that there is never
/// a need to wait.
async fn poll_input<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S>,
    response: &mut PendingResponse,
) -> Result<(), Interrupted> {
    match poll_fn(|cx| Poll::Ready(connection.poll_fill_input(cx))).await {
        Poll::Ready(heard) => on_input(heard, connection, response),
        Poll::Pending => Ok(()),
    }
}

/// Lets everything leave that the connection has taken.
async fn flush<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    response: &mut PendingResponse,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Interrupted> {
    while let WriteOutcome::Received(heard) = deadline.run(|cx| connection.poll_flush(cx)).await?? {
        on_input(heard, connection, response)?;
    }
    Ok(())
}

/// Takes note of so many bytes that came while there was more to send; of none, if there never will be more.
fn on_input<S: AsyncRead + AsyncWrite + Unpin>(
    heard: io::Result<usize>,
    connection: &mut Connection<S>,
    response: &mut PendingResponse,
) -> Result<(), Interrupted> {
    let heard = heard.map_err(|error| connection.lost(&error))?;
    if response.read(&mut connection.input)? || heard == 0 { Err(Interrupted::ResponseArrived) } else { Ok(()) }
}

/// Puts as much of the body behind the head as fits, so that both leave at once. What is left of it.
fn coalesce<'b>(output: &mut Vec<u8>, length: &mut usize, body: &'b [u8]) -> &'b [u8] {
    let room = BUFFER_SIZE.saturating_sub(*length);
    let (first, rest) = body.split_at(room.min(body.len()));
    let end = *length + first.len();
    if output.len() < end {
        output.resize(end, 0);
    }
    output[*length..end].copy_from_slice(first);
    *length = end;
    rest
}

impl From<Fault> for Interrupted {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Interrupted {
    fn from(error: io::Error) -> Self {
        Self::ConnectionBroken(error)
    }
}
