//! A request over plain HTTP on `std::net`. A production executor would use an HTTP library.

use std::{
    io::{self, ErrorKind, Read, Write},
    mem,
    net::TcpStream,
    str,
};

use teamwire_core::{
    effect::{Exchange, FileError, Response, TransportError, TransportErrorKind},
    machine::Reply,
};

use super::files;

/// Performs a request. Errors are replies as well: the core decides by their kind, and by whether the request may have
/// been sent.
pub(crate) fn perform(exchange: &Exchange) -> Reply {
    let (mut sent, mut head) = (false, None);
    match talk(exchange, &mut sent, &mut head) {
        Ok(response) => Reply::Response(response),
        Err(error) => {
            let error = transport_error(error, sent).with_sent(sent);
            Reply::Error(head.into_iter().fold(error, TransportError::with_head))
        }
    }
}

fn transport_error(error: io::Error, sent: bool) -> TransportError {
    let error = match error.downcast::<FileError>() {
        Ok(error) => return TransportError::new(TransportErrorKind::File, error),
        Err(error) => error,
    };
    let kind = match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => TransportErrorKind::Timeout,
        ErrorKind::InvalidData => TransportErrorKind::Protocol,
        ErrorKind::FileTooLarge => TransportErrorKind::TooLarge,
        _ if sent => TransportErrorKind::Disconnected,
        _ => TransportErrorKind::Connect,
    };
    TransportError::new(kind, error)
}

fn talk(exchange: &Exchange, sent: &mut bool, head: &mut Option<http::Response<()>>) -> io::Result<Response> {
    let (request, uri) = (&exchange.request, exchange.request.uri());
    let (host, port) = (uri.host().unwrap_or_default().trim_matches(['[', ']']), uri.port_u16().unwrap_or(80));
    // A simplification: the time of each read is limited, not that of the whole exchange.
    let time = exchange.max_idle();
    let body = files::bytes(request.body()).map_err(io::Error::other)?;
    let mut stream = TcpStream::connect((host, port))?;
    stream.set_read_timeout(Some(time))?;

    // With HTTP/1.0, responses are not chunked, and end with the connection.
    let method = request.method();
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut bytes = format!("{method} {target} HTTP/1.0\r\nHost: {host}:{port}\r\n").into_bytes();
    write!(bytes, "Content-Length: {}\r\n", body.len())?;
    for (name, value) in request.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend([b"\r\n", &body[..]].concat());
    *sent = true;
    let written = stream.write_all(&bytes);

    let mut received = Vec::new();
    // A simplification: one limit for head and body.
    let limit = exchange.limit.max(exchange.to_file.as_ref().map_or(0, |to| to.limit.saturating_add(exchange.limit)));
    // Also after a failed write: a server that rejects a request need not read all of it.
    let read = stream.take(limit.saturating_add(1)).read_to_end(&mut received);
    if received.len() as u64 > limit {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let failed = written.and(read.map(drop)).err();
    let ended = failed.is_none();
    let cut = failed.unwrap_or(ErrorKind::UnexpectedEof.into());
    let mut response = match parse(&received) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(cut),
        response => response?,
    };
    if !is_complete(&response, ended) {
        *head = Some(response.map(drop));
        return Err(cut);
    }
    if let Some(to) = exchange.body_policy().for_status(response.status()).to_file {
        files::write(&to, &mem::take(response.body_mut()))?;
    }
    Ok(response)
}

fn parse(received: &[u8]) -> io::Result<Response> {
    let invalid = || io::Error::from(ErrorKind::InvalidData);
    let end = received.windows(4).position(|four| four == b"\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
    let (head, body) = (str::from_utf8(&received[..end]).map_err(|_| invalid())?, &received[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.")?.get(2..5)).ok_or_else(invalid)?;
    let mut response = http::Response::builder().status(status);
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(invalid)?;
        response = response.header(name, value.trim());
    }
    response.body(body.to_vec()).map_err(|_| invalid())
}

/// Returns whether the response is complete. Without a length, it ends with an orderly end of the connection.
fn is_complete(response: &Response, ended: bool) -> bool {
    let length =
        response.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    length.map_or(ended, |length| response.body().len() >= length)
}
