//! One request and its answer over one connection: `ureq_proto` knows the protocol, this carries its bytes.
//!
//! ```text
//!   head and body ──send──► head of the answer ──receive──► body ──receive──► whole: the connection can be kept
//!                                 ▲      │ 1xx
//!                                 └──────┘
//! ```

use std::mem;

use teamwire_core::{Exchange, Fault, FaultKind, Response};
use ureq_proto::client::{RecvBodyResult, RecvResponseResult};

use super::{
    connection::Connection,
    deadline::Deadline,
    file,
    head::{self, Target},
    receive::{BodyProgress, BodySink, receive},
    response::{PendingResponse, framing},
    send::{Interrupted, SendProgress, send, send_file},
};
use crate::runtime::Runtime;

/// How far an exchange has come, for its fault.
#[derive(Debug, Default)]
pub(super) struct ExchangeProgress {
    pub(super) sent: bool,
    pub(super) received: u64,
    pub(super) head: Option<http::Response<()>>,
}

impl ExchangeProgress {
    /// A fault that says how far it came.
    pub(super) fn fault(self, fault: Fault) -> Fault {
        // In TLS 1.3 a server refuses a client without a certificate after the handshake, and reads none of the request.
        let sent = self.sent && fault.kind != FaultKind::ClientCertificate;
        let fault = fault.sent(sent).received(self.received);
        match self.head {
            Some(head) => fault.head(head),
            None => fault,
        }
    }
}

/// Sends a request, with its body from this upload if that is a file, and takes in its answer. With it comes whether the
/// connection is good for another exchange.
pub(super) async fn perform<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    exchange: &mut Exchange,
    upload: Option<Box<file::Upload>>,
    target: Target<'_>,
    outcome: &mut ExchangeProgress,
    deadline: &mut Deadline<'_, R>,
) -> Result<(Response, bool), Fault> {
    let wanted = exchange.wanted();
    let (parts, body) = mem::take(&mut exchange.request).into_parts();
    let (total, progress) = (body.length(), exchange.progress.as_ref());
    let expect_continue = upload.as_ref().is_some_and(|upload| upload.expect_continue);
    let (length, call) = head::write(parts, total, expect_continue, target, &mut connection.output)?;
    let mut response = PendingResponse::new(call);

    deadline.enter_phase("sending the request");
    if total > 0 {
        deadline.watch_drain(connection.stream.socket());
    }
    let mut sending = SendProgress::new(length, total, progress, &mut outcome.sent);
    let sent = match upload {
        None => send(connection, body.as_bytes(), &mut sending, &mut response, deadline).await,
        // Boxed, so that the future of the usual case stays small.
        Some(upload) => Box::pin(send_file(connection, *upload, &mut sending, &mut response, deadline)).await,
    };
    if let Err(Interrupted::Fault(fault)) = sent {
        return Err(fault);
    }

    deadline.enter_phase("waiting for the answer");
    response.receive(connection, deadline).await.map_err(|fault| match (&sent, fault.kind) {
        // The server may have answered before it hung up. If not, then the first thing that went wrong is the reason.
        (Err(Interrupted::ConnectionBroken(error)), FaultKind::Lost) => connection.lost(error),
        _ => fault,
    })?;
    let (head, mut next) = response.proceed()?;

    deadline.enter_phase("receiving the answer");
    deadline.head_has_arrived();
    let head = outcome.head.insert(head);
    let (wanted, framing) = (wanted.with(head.status()), framing(head));
    let is_unambiguous = framing.as_ref().is_ok_and(|framing| framing.is_unambiguous);
    let before = wanted.to_file.as_ref().map_or(0, |to| to.offset);
    let mut sink = match wanted.to_file {
        Some(to) => BodySink::File(Box::pin(file::FileSink::open(deadline.runtime(), to)).await?),
        None => BodySink::memory(wanted.limit),
    };
    let progress = BodyProgress {
        before,
        progress: wanted.progress,
        is_refusal: head.status().as_u16() >= 400,
        is_broken: matches!(sent, Err(Interrupted::ConnectionBroken(_))),
    };
    if let RecvResponseResult::RecvBody(call) = &mut next {
        framing?;
        let received = receive(connection, call, &mut sink, &progress, deadline).await;
        // Also what came before it broke off: a transfer can go on behind that.
        let written = sink.write(deadline).await;
        outcome.received = sink.received();
        received.and(written)?;
    }
    let keep = sent.is_ok() && is_unambiguous && !must_close(next) && connection.input.is_empty();
    let (parts, ()) = mem::take(head).into_parts();
    Ok((Response::from_parts(parts, sink.into_bytes()), keep))
}

/// Whether the connection ends with the answer.
fn must_close(next: RecvResponseResult) -> bool {
    match next {
        RecvResponseResult::RecvBody(call) => match call.proceed() {
            Some(RecvBodyResult::Cleanup(call)) => call.must_close_connection(),
            Some(RecvBodyResult::Redirect(call)) => call.must_close_connection(),
            None => true,
        },
        RecvResponseResult::Cleanup(call) => call.must_close_connection(),
        RecvResponseResult::Redirect(call) => call.must_close_connection(),
    }
}
