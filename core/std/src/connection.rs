//! State of connections, as far as it shows.

use std::io;

use http::{HeaderMap, StatusCode, header};
use teamwire_core::effect::{Response, TransportError, TransportErrorKind};

/// Maps the result of an exchange over a connection that was reused [unchecked](crate::Pool::check_out): bytes that had
/// arrived before the request are not a response to it. If they are recognised, the connection counts as lost.
///
/// # Errors
///
/// [`TransportErrorKind::Disconnected`] for a response that servers send before they close an idle connection, and for
/// bytes that are not HTTP; else the given error. Such a response has the status 408 (RFC 9110, section 15.5.9), or
/// that of another error and `Connection: close`. It has no `Retry-After`, and does not concern a login.
pub fn reject_unsolicited(result: Result<Response, TransportError>) -> Result<Response, TransportError> {
    let lost = |why: &str| {
        let why = format!("the reused connection was not idle: {why}");
        TransportError::new(TransportErrorKind::Disconnected, why).with_sent(true).with_reused(true)
    };
    match result {
        Ok(response) if ends_idle_connection(response.status(), response.headers()) => {
            Err(lost(&format!("it received a {}", response.status().as_u16())))
        }
        Err(error) if error.sent && error.kind == TransportErrorKind::Protocol && error.head.is_none() => {
            Err(lost(&error.source.to_string()))
        }
        result => result,
    }
}

/// Returns whether a response may have been sent before the request arrived.
fn ends_idle_connection(status: StatusCode, headers: &HeaderMap) -> bool {
    let closes =
        || headers.get(header::CONNECTION).is_some_and(|option| option.as_bytes().eq_ignore_ascii_case(b"close"));
    match status {
        _ if headers.contains_key(header::RETRY_AFTER) => false,
        StatusCode::REQUEST_TIMEOUT => true,
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => false,
        _ => status.as_u16() >= 400 && closes(),
    }
}

/// Returns whether this error means that the connection has ended without an orderly close.
pub fn is_abrupt_end(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe | E::UnexpectedEof)
}

/// Returns whether unread bytes, or the end of the stream, have arrived on this socket; `None` where the operating
/// system does not report it without blocking.
#[cfg(unix)]
pub fn has_pending_data(socket: &impl std::os::fd::AsFd) -> Option<bool> {
    use rustix::{
        io::Errno,
        net::{RecvFlags, recv},
    };
    let peeked = recv(socket, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    Some(!matches!(peeked, Err(Errno::AGAIN | Errno::INTR)))
}

/// Returns whether unread bytes, or the end of the stream, have arrived on this socket; `None` where the operating
/// system does not report it without blocking.
#[cfg(not(unix))]
pub fn has_pending_data<S>(_: &S) -> Option<bool> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unsolicited_bytes_are_a_loss() {
        let response_with = |status: u16, headers: &[(&str, &str)]| {
            let response = http::Response::builder().status(status);
            let response = headers.iter().fold(response, |response, (name, value)| response.header(*name, *value));
            Ok::<Response, TransportError>(response.body(Vec::new()).expect("it is valid"))
        };
        let response = |status| response_with(status, &[]);
        let failed = |kind| Err(TransportError::new(kind, "why").with_sent(true).with_reused(true));
        let closing = response_with(400, &[("connection", "Close")]);
        for lost in [response(408), closing, failed(TransportErrorKind::Protocol)] {
            let error = reject_unsolicited(lost).expect_err("it is a loss");
            assert_eq!(
                (error.kind, error.sent, error.reused, error.received),
                (TransportErrorKind::Disconnected, true, true, 0)
            );
        }
        for status in [200, 404, 503] {
            assert!(reject_unsolicited(response(status)).is_ok_and(|response| response.status() == status));
        }
        for kept in [
            response_with(408, &[("retry-after", "30")]),
            response_with(429, &[("retry-after", "30"), ("connection", "close")]),
            response_with(401, &[("connection", "close")]),
            response_with(200, &[("connection", "close")]),
            response_with(400, &[("connection", "keep-alive")]),
        ] {
            reject_unsolicited(kept).expect("it is the response to the request");
        }
        let kind = |result: Result<Response, TransportError>| reject_unsolicited(result).expect_err("an error").kind;
        for other in [TransportErrorKind::Timeout, TransportErrorKind::TooLarge, TransportErrorKind::File] {
            assert_eq!(kind(failed(other)), other);
        }
        let unsent = Err(TransportError::new(TransportErrorKind::Protocol, "why").with_reused(true));
        assert_eq!(kind(unsent), TransportErrorKind::Protocol);
        let in_body = failed(TransportErrorKind::Protocol).map_err(|error| error.with_head(http::Response::new(())));
        assert_eq!(kind(in_body), TransportErrorKind::Protocol);
    }
}
