use std::io::{self, ErrorKind, Read, Write};

use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::{
    Proxy, authority,
    http1::{Head, LineBreaks, MAX_HEAD, next_head},
};
use ureq::http::{StatusCode, Uri, uri::Scheme};

use super::tcp::Socket;

/// Returns whether requests to this URI go through a tunnel.
pub(super) fn opens_tunnel(proxy: &Proxy, uri: &Uri) -> bool {
    proxy.opens_tunnel(uri.scheme() != Some(&Scheme::HTTP))
}

/// Opens a tunnel to this host through the proxy at the other end of this socket.
///
/// # Errors
///
/// [`ErrorKind::TimedOut`] at the socket's deadline; else an error that wraps a [`TransportError`].
pub(super) fn open_tunnel(socket: &mut Socket, proxy: &Proxy, host: &str, port: u16) -> io::Result<()> {
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::TimedOut => error,
        _ => refused(&error.to_string()),
    };
    let written = socket.write_all(&request(proxy, host, port));
    if written.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut) {
        return written;
    }
    // The proxy's response may have arrived before the write failed.
    let received = response(socket);
    let (status, has_more) = received.map_err(|error| failed(written.err().unwrap_or(error)))?;
    // A response that is not HTTP has no status.
    let status = StatusCode::from_u16(status).map_err(|_| refused("it does not speak HTTP"))?;
    Proxy::check_tunnel_response(status).map_err(io::Error::other)?;
    if has_more { Err(refused("it sent more than its response")) } else { Ok(()) }
}

/// Maps an error of connecting to the proxy.
pub(super) fn unreachable(error: io::Error) -> io::Error {
    match error.downcast::<TransportError>() {
        Ok(error) if matches!(error.kind, TransportErrorKind::Resolve | TransportErrorKind::Connect) => {
            io::Error::other(TransportError::new(error.kind, format!("cannot connect to the proxy: {}", error.source)))
        }
        Ok(error) => io::Error::other(error),
        Err(error) => error,
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::other(TransportError::new(TransportErrorKind::Connect, format!("no tunnel through the proxy: {why}")))
}

fn request(proxy: &Proxy, host: &str, port: u16) -> Vec<u8> {
    let authority = authority(host, port);
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n").into_bytes();
    if let Some(login) = &proxy.authorization {
        request.extend([b"proxy-authorization: ", login.as_bytes(), b"\r\n"].concat());
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// Reads the head of the final response. Returns its status, or zero if it is not HTTP, and whether more has arrived.
fn response(socket: &mut Socket) -> io::Result<(u16, bool)> {
    let (mut bytes, mut filled, mut skipped) = (vec![0; 4 << 10], 0, 0);
    let mut line_breaks = LineBreaks::default();
    loop {
        let breaks = line_breaks.skip(&bytes[..filled]).map_err(io::Error::other)?;
        bytes.copy_within(breaks..filled, 0);
        filled -= breaks;
        match next_head(&mut bytes[..filled]) {
            Head::Final { length, status } => return Ok((status, length < filled)),
            Head::Interim { length, .. } => {
                bytes.copy_within(length..filled, 0);
                filled -= length;
                skipped += length;
                continue;
            }
            Head::Incomplete if !b"HTTP/1.".iter().zip(&bytes[..filled]).all(|(a, b)| a == b) => return Ok((0, true)),
            Head::Incomplete => {}
        }
        if filled + skipped > MAX_HEAD {
            return Err(io::Error::other(format!("its response has a head of more than {MAX_HEAD} bytes")));
        }
        if filled == bytes.len() {
            bytes.resize(filled * 2, 0);
        }
        filled += match socket.read(&mut bytes[filled..])? {
            0 => return Err(io::Error::other("it closed the connection")),
            amount => amount,
        };
    }
}
