//! A transport on hyper, over plain TCP. An exchange blocks its thread, and only moves bytes of its own connection.
//!
//! For HTTPS, wrap the stream in TLS before it is passed to hyper.

#![allow(unreachable_pub, reason = "tests of other crates include it")]

mod attempt;
mod body;
mod io;
mod pool;

use std::{
    error::Error,
    io::{self as std_io, ErrorKind},
    net::TcpStream,
};

use hyper::{
    body::Body as _,
    client::conn::http1,
    http::{self, Method, Request, Uri, header},
};
use smol::{Async, net};
use teamwire_blocking::{
    effect::{Body, Exchange, Response, TransportError, TransportErrorKind},
    machine::Reply,
    transport::{RequestBody, Transport, downcast_transport_error, read_response},
};

use self::{
    attempt::Attempt,
    body::{ResponseReader, SentBody},
    io::HyperIo,
    pool::{Link, Pool},
};

const MAX_HEAD: usize = 64 << 10;

/// The transport.
#[derive(Debug, Default)]
pub struct Hyper {
    pool: Pool,
}

impl Transport for Hyper {
    fn perform(&self, exchange: Exchange) -> Reply {
        let idle = self.pool.take(&exchange);
        let attempt = idle.as_ref().map_or_else(|| Attempt::start(&exchange), |link| link.attempt.clone());
        match self.exchange(exchange, idle, &attempt) {
            Ok(response) => Reply::Response(response),
            Err(error) => Reply::Error(attempt.add_to(error)),
        }
    }
}

impl Hyper {
    fn exchange(&self, exchange: Exchange, idle: Option<Link>, attempt: &Attempt) -> Result<Response, TransportError> {
        let policy = exchange.body_policy();
        // Before connecting: a file that cannot be read is an error of its own.
        let request = request(exchange.request)?;
        let mut link = idle.map_or_else(|| link(request.uri(), attempt), Ok)?;
        let sending = link.sender.send_request(origin_form(request)?);
        let response = link.wait(async { sending.await.map_err(failed) })?;
        let (head, incoming) = response.into_parts();
        let head = http::Response::from_parts(head, ());
        attempt.head_has_arrived(head.clone());
        let length = incoming.size_hint().exact();
        let body = ResponseReader::new(incoming, &mut link);
        let mut received = 0;
        let bytes = read_response(policy, head.status(), length, body, &mut received);
        attempt.set_received(received);
        let bytes = bytes.map_err(|error| {
            downcast_transport_error(error).unwrap_or_else(|error| TransportError::new(TransportErrorKind::File, error))
        })?;
        self.pool.put(link);
        Ok(head.map(|()| bytes))
    }
}

/// Makes a connection.
fn link(uri: &Uri, attempt: &Attempt) -> Result<Link, TransportError> {
    let io = HyperIo::new(attempt.wait(connect(uri))?, attempt.clone());
    let handshake =
        http1::Builder::new().max_buf_size(MAX_HEAD).allow_obsolete_multiline_headers_in_responses(true).handshake(io);
    let (sender, connection) = attempt.wait(async { handshake.await.map_err(failed) })?;
    Ok(Link::new(uri, sender, connection, attempt.clone()))
}

async fn connect(uri: &Uri) -> Result<Async<TcpStream>, TransportError> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let resolved = net::resolve((host, uri.port_u16().unwrap_or(80))).await;
    let addresses =
        resolved.map_err(|error| TransportError::new(TransportErrorKind::Resolve, format!("{host}: {error}")))?;
    let mut failure = TransportError::new(TransportErrorKind::Resolve, format!("{host} has no addresses"));
    for address in addresses {
        match Async::<TcpStream>::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = TransportError::new(TransportErrorKind::Connect, format!("{address}: {error}")),
        }
    }
    Err(failure)
}

/// Returns the request with the headers of the framing, which hyper leaves to its user.
fn request(request: Request<Body>) -> Result<Request<SentBody>, TransportError> {
    let (mut head, body) = request.into_parts();
    let host = head.uri.authority().map_or("", |authority| authority.as_str());
    head.headers.insert(header::HOST, host.parse().map_err(unsendable)?);
    let length = body.length();
    if length > 0 || matches!(head.method, Method::POST | Method::PUT | Method::PATCH) {
        head.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    let source =
        RequestBody::open(&body).map_err(|error| downcast_transport_error(error).unwrap_or_else(unsendable))?;
    Ok(Request::from_parts(head, SentBody::new(source, length)))
}

/// Returns the request with the path alone, as a server expects it.
fn origin_form<B>(mut request: Request<B>) -> Result<Request<B>, TransportError> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    *request.uri_mut() = target.parse().map_err(unsendable)?;
    Ok(request)
}

fn unsendable(error: impl Error + Send + Sync + 'static) -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, error)
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
