//! A transport on hyper, over plain TCP of any runtime.
//!
//! For HTTPS, wrap the stream in TLS before it is passed to hyper.

#![allow(unreachable_pub, reason = "tests of other crates include it")]

mod attempt;
mod body;
mod io;
mod pool;

use std::{
    error::Error,
    future::{Future, poll_fn},
    io::{self as std_io, ErrorKind},
    pin::{Pin, pin},
    task::{Context, Poll},
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

use self::{
    attempt::Attempt,
    body::SentBody,
    io::HyperIo,
    pool::{Link, Pool},
};

const MAX_HEAD: usize = 64 << 10;

/// The transport, on this runtime.
pub struct Hyper<R: Runtime> {
    runtime: R,
    pool: Pool<R>,
}

impl<R: Runtime> Hyper<R> {
    pub fn new(runtime: R) -> Self {
        Self { runtime, pool: Pool::default() }
    }
}

impl<R: Runtime> Transport for Hyper<R> {
    async fn perform(&self, exchange: Box<Exchange>) -> Reply {
        let idle = self.pool.take(&exchange).await;
        let attempt = match &idle {
            Some(link) => link.attempt.clone(),
            None => Attempt::start(&exchange),
        };
        let mut exchanging = pin!(self.exchange(*exchange, idle, &attempt));
        let mut timeout = pin!(attempt.timeout(&self.runtime));
        let result = poll_fn(|cx| match exchanging.as_mut().poll(cx) {
            Poll::Pending => timeout.as_mut().poll(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        });
        let result = match result.await {
            // The bytes that have arrived are written.
            Err(error) if attempt.interrupt(&error) => exchanging.await,
            result => result,
        };
        match result {
            Ok(response) => Reply::Response(response),
            Err(error) => Reply::Error(attempt.add_to(error)),
        }
    }
}

impl<R: Runtime> Hyper<R> {
    async fn exchange(
        &self,
        exchange: Exchange,
        idle: Option<Link<R>>,
        attempt: &Attempt,
    ) -> Result<Response, TransportError> {
        let policy = exchange.body_policy();
        let (parts, body) = exchange.request.into_parts();
        // Before connecting: a file that cannot be read is an error of its own.
        let source = RequestBody::open(self.runtime.clone(), &body).await?;
        let mut link = match idle {
            Some(link) => link,
            None => self.link(&parts.uri, attempt).await?,
        };
        let request = request(parts, &body, source)?;
        let Link { sender, connection, .. } = &mut link;
        let response = {
            let mut talking = pin!(async {
                let response = sender.send_request(request).await.map_err(failed)?;
                self.receive(response, policy, attempt).await
            });
            poll_fn(|cx| {
                connection.poll(cx);
                talking.as_mut().poll(cx)
            })
            .await?
        };
        self.pool.put(link).await;
        Ok(response)
    }

    /// Makes a connection.
    async fn link(&self, uri: &http::Uri, attempt: &Attempt) -> Result<Link<R>, TransportError> {
        let io = HyperIo::new(self.connect(uri).await?, attempt.clone());
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .allow_obsolete_multiline_headers_in_responses(true)
            .handshake(io)
            .await
            .map_err(failed)?;
        Ok(Link::new(uri, sender, connection, attempt.clone()))
    }

    async fn connect(&self, uri: &http::Uri) -> Result<R::Stream, TransportError> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let resolved = self.runtime.resolve(host, uri.port_u16().unwrap_or(80)).await;
        let addresses =
            resolved.map_err(|error| TransportError::new(TransportErrorKind::Resolve, format!("{host}: {error}")))?;
        let mut failure = TransportError::new(TransportErrorKind::Resolve, format!("{host} has no addresses"));
        for address in addresses {
            match self.runtime.connect(address).await {
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
        let mut body = ResponseBody::open(self.runtime.clone(), policy, head.status(), length).await?;
        let received = async {
            let mut next_frame = |cx: &mut Context<'_>| match attempt.interruption() {
                Some(error) => Poll::Ready(Some(Err(error))),
                None => Pin::new(&mut incoming).poll_frame(cx).map_err(failed),
            };
            while let Some(frame) = poll_fn(&mut next_frame).await {
                // Trailers are ignored.
                if let Ok(data) = frame?.into_data() {
                    body.write(&data).await?;
                }
            }
            Ok(())
        };
        let received = received.await;
        // Also after an interruption, as a download can be resumed, unless its bytes cannot be written or are too many.
        let flushed = body.flush().await;
        attempt.set_received(body.received());
        flushed.and(received).map(|()| head.map(|()| body.into_bytes()))
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
    let mut kind = if error.is_parse() { TransportErrorKind::Protocol } else { TransportErrorKind::Disconnected };
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<TransportError>() {
            return error.clone();
        }
        let io = error.downcast_ref::<std_io::Error>().map(std_io::Error::kind);
        if let Some(ErrorKind::InvalidInput | ErrorKind::InvalidData) = io {
            // A chunk is malformed.
            kind = TransportErrorKind::Protocol;
        }
        cause = error.source();
    }
    TransportError::new(kind, error)
}
