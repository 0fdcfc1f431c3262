//! A request on its way: what is in memory, or a file piece by piece.
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
    connection::{BUFFER, Connection, Sent},
    deadline::Deadline,
    file::Upload,
    response::Awaited,
};
use crate::runtime::Runtime;

/// What is sent, and how far that is.
pub(super) struct Outlet<'a> {
    /// How much of the head is left.
    head: usize,
    /// How much of the body has left, of how much.
    body: u64,
    total: u64,
    progress: Option<&'a Progress>,
    /// Whether anything may have left.
    begun: &'a mut bool,
}

impl<'a> Outlet<'a> {
    pub(super) const fn new(head: usize, total: u64, progress: Option<&'a Progress>, begun: &'a mut bool) -> Self {
        Self { head, body: 0, total, progress, begun }
    }

    fn has_left(&mut self, bytes: usize) {
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
pub(super) enum Stop {
    /// There is an answer, or there will be none: there is no use in going on.
    Heard,
    /// The connection does not take more. There may be an answer all the same.
    Broken(io::Error),
    Failed(Fault),
}

/// Sends the head, which is in the output buffer, and a body from memory.
pub(super) async fn send<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    body: &[u8],
    outlet: &mut Outlet<'_>,
    awaited: &mut Awaited,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Stop> {
    let mut length = outlet.head;
    let rest = coalesce(&mut connection.output, &mut length, body);
    let output = mem::take(&mut connection.output);
    write(connection, &output[..length], outlet, awaited, deadline).await?;
    connection.output = output;
    if !rest.is_empty() {
        listen(connection, awaited).await?;
        write(connection, rest, outlet, awaited, deadline).await?;
    }
    flush(connection, awaited, deadline).await
}

/// Sends the head, and a file.
pub(super) async fn send_file<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    Upload { mut file, asks }: Upload,
    outlet: &mut Outlet<'_>,
    awaited: &mut Awaited,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Stop> {
    if asks {
        send(connection, &[], outlet, awaited, deadline).await?;
        wait_for_permission(connection, awaited, deadline).await?;
    } else {
        let piece = file.next(deadline.runtime()).await?;
        send(connection, piece, outlet, awaited, deadline).await?;
    }
    loop {
        let piece = file.next(deadline.runtime()).await?;
        if piece.is_empty() {
            return flush(connection, awaited, deadline).await;
        }
        listen(connection, awaited).await?;
        write(connection, piece, outlet, awaited, deadline).await?;
    }
}

/// Waits until the server says that it wants the body, or has been silent for a while.
async fn wait_for_permission<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    awaited: &mut Awaited,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Stop> {
    // Not every server says so, so there has to be time left to send it.
    let wait = EXPECT_CONTINUE_TIMEOUT.min(deadline.silence() / 2);
    let mut patience = pin!(deadline.runtime().sleep(wait));
    while !awaited.continues() {
        let heard = deadline.run(|cx| match connection.poll_listen(cx) {
            Poll::Pending => patience.as_mut().poll(cx).map(|()| None),
            Poll::Ready(heard) => Poll::Ready(Some(heard)),
        });
        match heard.await? {
            Some(heard) => note(heard, connection, awaited)?,
            None => break,
        }
    }
    Ok(())
}

async fn write<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    mut bytes: &[u8],
    outlet: &mut Outlet<'_>,
    awaited: &mut Awaited,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Stop> {
    loop {
        match deadline.run(|cx| connection.poll_write(bytes, cx)).await?? {
            Sent::Some(taken) => {
                outlet.has_left(taken);
                bytes = &bytes[taken..];
                if bytes.is_empty() {
                    return Ok(());
                }
                listen(connection, awaited).await?;
            }
            Sent::Heard(heard) => note(heard, connection, awaited)?,
        }
    }
}

/// Takes note of what has arrived. A server that refuses a request may read it to its end all the same, so that there is never
/// a need to wait.
async fn listen<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S>,
    awaited: &mut Awaited,
) -> Result<(), Stop> {
    match poll_fn(|cx| Poll::Ready(connection.poll_listen(cx))).await {
        Poll::Ready(heard) => note(heard, connection, awaited),
        Poll::Pending => Ok(()),
    }
}

/// Lets everything leave that the connection has taken.
async fn flush<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    awaited: &mut Awaited,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Stop> {
    while let Sent::Heard(heard) = deadline.run(|cx| connection.poll_flush(cx)).await?? {
        note(heard, connection, awaited)?;
    }
    Ok(())
}

/// Takes note of so many bytes that came while there was more to send; of none, if there never will be more.
fn note<S: AsyncRead + AsyncWrite + Unpin>(
    heard: io::Result<usize>,
    connection: &mut Connection<S>,
    awaited: &mut Awaited,
) -> Result<(), Stop> {
    let heard = heard.map_err(|error| connection.lost(&error))?;
    if awaited.read(&mut connection.input)? || heard == 0 { Err(Stop::Heard) } else { Ok(()) }
}

/// Puts as much of the body behind the head as fits, so that both leave at once. What is left of it.
fn coalesce<'b>(output: &mut Vec<u8>, length: &mut usize, body: &'b [u8]) -> &'b [u8] {
    let room = BUFFER.saturating_sub(*length);
    let (first, rest) = body.split_at(room.min(body.len()));
    let end = *length + first.len();
    if output.len() < end {
        output.resize(end, 0);
    }
    output[*length..end].copy_from_slice(first);
    *length = end;
    rest
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}
