//! A transport on hyper, over plain TCP of any runtime. It makes a connection for each exchange.
//!
//! For HTTPS, wrap the stream in TLS before it is passed to hyper. To keep connections, keep hyper's `SendRequest`, and
//! report [`reused`](TransportError::reused) for the exchanges after the first.

#![allow(unreachable_pub, reason = "tests of other crates include it")]

mod attempt;
mod body;
mod io;

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

use http::{HeaderValue, Method, Request, header};
use hyper::{
    body::{Body as _, Incoming},
    client::conn::http1,
};
use teamwire_async_std::{
    Runtime,
    effect::{Body, BodyPolicy, Exchange, Response, TransportError, TransportErrorKind},
    machine::Reply,
    transport::{RequestBody, ResponseBody, Transport},
};

use self::{attempt::Attempt, body::SentBody, io::HyperIo};

const MAX_HEAD: usize = 64 << 10;

/// The transport, on this runtime.
#[derive(Clone, Debug)]
pub struct Hyper<R>(pub R);

impl<R: Runtime> Transport for Hyper<R> {
    async fn perform(&self, exchange: Box<Exchange>) -> Reply {
        let attempt = Attempt::start(exchange.timeout);
        let mut exchanging = pin!(self.exchange(*exchange, &attempt));
        let mut timeout = pin!(attempt.timeout(&self.0));
        let result = poll_fn(|cx| match exchanging.as_mut().poll(cx) {
            Poll::Pending => timeout.as_mut().poll(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        });
        match result.await {
            Ok(response) => Reply::Response(response),
            Err(error) => Reply::Error(attempt.add_to(error)),
        }
    }
}

impl<R: Runtime> Hyper<R> {
    async fn exchange(&self, exchange: Exchange, attempt: &Attempt) -> Result<Response, TransportError> {
        let policy = exchange.body_policy();
        let (parts, body) = exchange.request.into_parts();
        // Before connecting: a file that cannot be read is an error of its own.
        let source = RequestBody::open(self.0.clone(), &body).await?;
        let stream = self.connect(&parts.uri).await?;
        let io = HyperIo::new(stream, attempt.clone());
        let (mut sender, connection) =
            http1::Builder::new().max_buf_size(MAX_HEAD).handshake(io).await.map_err(failed)?;
        let talking = async {
            let request = request(parts, &body, source)?;
            let response = sender.send_request(request).await.map_err(failed)?;
            self.receive(response, policy, attempt).await
        };
        // hyper's connection is a future of its own, which must be polled for the exchange to proceed.
        let (mut connection, mut talking, mut is_closed) = (pin!(connection), pin!(talking), false);
        poll_fn(|cx| {
            is_closed = is_closed || connection.as_mut().poll(cx).is_ready();
            talking.as_mut().poll(cx)
        })
        .await
    }

    async fn connect(&self, uri: &http::Uri) -> Result<R::Stream, TransportError> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let resolved = self.0.resolve(host, uri.port_u16().unwrap_or(80)).await;
        let addresses = resolved.map_err(|error| TransportError::new(TransportErrorKind::Resolve, error))?;
        let mut failure = TransportError::new(TransportErrorKind::Resolve, "the host has no addresses");
        for address in addresses {
            match self.0.connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => {
                    let why = format!("{address}: {error}");
                    failure = TransportError::new(TransportErrorKind::Connect, why);
                }
            }
        }
        Err(failure)
    }

    async fn receive(
        &self,
        response: http::Response<Incoming>,
        policy: BodyPolicy,
        attempt: &Attempt,
    ) -> Result<Response, TransportError> {
        let (head, mut incoming) = response.into_parts();
        let head = http::Response::from_parts(head, ());
        attempt.head_has_arrived(head.clone());
        let length = incoming.size_hint().exact();
        let mut body = ResponseBody::open(self.0.clone(), policy, head.status(), length).await?;
        let received = async {
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await {
                // Trailers are ignored.
                if let Ok(data) = frame.map_err(failed)?.into_data() {
                    body.write(&data).await?;
                }
            }
            Ok(())
        };
        let received = received.await;
        // Also after an interruption, as a download can be resumed.
        let flushed = body.flush().await;
        attempt.set_received(flushed?);
        received.map(|()| head.map(|()| body.into_bytes()))
    }
}

/// Returns the request with the headers of the framing, which hyper leaves to its user.
fn request<R: Runtime>(
    mut parts: http::request::Parts,
    body: &Body,
    source: RequestBody<R>,
) -> Result<Request<SentBody<R>>, TransportError> {
    let unsendable = |error: http::Error| TransportError::new(TransportErrorKind::Protocol, error);
    let authority = parts.uri.authority().map_or("", |authority| authority.as_str());
    let host = HeaderValue::try_from(authority).map_err(|error| unsendable(error.into()))?;
    parts.headers.insert(header::HOST, host);
    let length = body.length();
    if length > 0 || matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) {
        parts.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    parts.uri = http::Uri::try_from(target).map_err(|error| unsendable(error.into()))?;
    Ok(Request::from_parts(parts, SentBody::new(source, length)))
}

/// Maps an error of hyper. That of a request body is a transport error already.
fn failed(error: hyper::Error) -> TransportError {
    let kind = if error.is_parse() { TransportErrorKind::Protocol } else { TransportErrorKind::Disconnected };
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<TransportError>() {
            return error.clone();
        }
        cause = error.source();
    }
    TransportError::new(kind, error)
}
