//! An exchange over a connection: I/O for the protocol in `ureq_proto`.
//!
//! ```text
//!   head and body ──send──► head of the response ──receive──► body ──receive──► complete: the connection can be kept
//!                                 ▲      │ 1xx
//!                                 └──────┘
//! ```

use std::mem;

use teamwire_core::effect::{Exchange, Response, TransportError, TransportErrorKind};
use teamwire_std::{BodyProgress, Proxy, UploadProgress};
use ureq_proto::BodyMode;

use super::{
    connection::Connection,
    deadline::Deadline,
    file::Upload,
    head,
    in_flight::{InFlight, Interrupted},
    progress::ExchangeProgress,
    receive::{BodySink, Receiving, receive},
    response::PendingResponse,
};
use crate::runtime::Runtime;

/// Sends a request, with its body from this upload if there is one, and receives the response. Returns it, and
/// whether the connection can be reused.
pub(super) async fn perform<R: Runtime>(
    connection: &mut Connection<R::Stream>,
    exchange: &Exchange,
    upload: Option<Box<Upload>>,
    proxy: Option<&Proxy>,
    progress: &mut ExchangeProgress,
    deadline: &mut Deadline<'_, R>,
) -> Result<(Response, bool), TransportError> {
    let wanted = exchange.body_policy();
    let (request, body) = (&exchange.request, exchange.request.body());
    let total = body.length();
    let expect_continue = upload.as_ref().is_some_and(|upload| upload.expect_continue);
    head::write(request, total, expect_continue, proxy, &mut connection.output)?;
    progress.begin(connection.output.len(), UploadProgress::new(body));

    deadline.enter_phase("sending the request");
    if total > 0
        && let Some(socket) = connection.stream.socket()
    {
        deadline.watch_drain(socket);
    }
    let mut in_flight = InFlight { connection, response: PendingResponse::new(request.method()), progress, deadline };
    let sent = match upload {
        None => in_flight.send(body.as_bytes().unwrap_or_default()).await,
        // Boxed, so that the future of the usual case stays small.
        Some(upload) => Box::pin(in_flight.send_chunks(*upload)).await,
    };
    if let Err(Interrupted::Error(error)) = sent {
        return Err(error);
    }

    in_flight.deadline.enter_phase("waiting for the response");
    in_flight.deadline.yield_to_others();
    let received = in_flight.receive_head().await;
    let InFlight { connection, response, progress, deadline } = in_flight;
    received.map_err(|error| match (&sent, error.kind) {
        // The server may have responded before it closed the connection. If not, the first failure is the reason.
        (Err(Interrupted::ConnectionBroken(broken)), TransportErrorKind::Disconnected) => {
            connection.transport_error(broken)
        }
        _ => error,
    })?;
    let (head, mode, allows_reuse) = response.proceed()?;

    deadline.enter_phase("receiving the response");
    deadline.head_has_arrived();
    let head = progress.head.insert(head);
    let wanted = wanted.for_status(head.status());
    let receiving = Receiving {
        progress: BodyProgress::new(&wanted),
        is_error_status: head.status().as_u16() >= 400,
        is_broken: matches!(sent, Err(Interrupted::ConnectionBroken(_))),
    };
    let mut sink = BodySink::open(deadline.runtime(), wanted).await?;
    if mode != BodyMode::NoBody {
        let received = receive(connection, mode, &mut sink, &receiving, deadline).await;
        // Also the bytes before the connection was lost, as a download can continue behind them. If they cannot be
        // written, or are too many, it cannot.
        let written = sink.write(deadline).await;
        progress.received = sink.received();
        written.and(received)?;
    }
    if connection.input.may_have_more() {
        connection.read_excess();
    }
    let keep = sent.is_ok() && allows_reuse && connection.input.is_empty();
    let (parts, ()) = mem::take(head).into_parts();
    Ok((Response::from_parts(parts, sink.into_bytes()), keep))
}
