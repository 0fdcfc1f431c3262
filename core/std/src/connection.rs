//! Lifetime of connections.

use std::{
    io,
    time::{Duration, Instant},
};

use http::StatusCode;
use teamwire_core::effect::{Response, TransportError, TransportErrorKind};

/// Maximum age of a connection, even in constant use, so that changes of DNS and load balancing take effect.
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(5 * 60);

/// Time for which a connection is trusted to be open after it was made, or found to be open.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Time after the loss of a reused connection in which none is trusted: the server may close them all without notice.
const DISTRUSTED_FOR: Duration = Duration::from_secs(60);

/// Returns whether an exchange may reuse a connection without checking that it is open, which is a system call. The
/// exchange [`replaces_stale_connection`]; the connection was made, or last found to be open, at `checked`; `lost` is
/// the time of the last loss of a reused one.
///
/// So each connection is checked once a second at most, and a server whose connections do not last gets few requests
/// twice.
///
/// [`replaces_stale_connection`]: teamwire_core::effect::Exchange::replaces_stale_connection
pub fn trusts_connection(
    replaces_stale_connection: bool,
    checked: Instant,
    lost: Option<Instant>,
    now: Instant,
) -> bool {
    replaces_stale_connection
        && now.saturating_duration_since(checked) < TRUSTED_FOR
        && lost.is_none_or(|lost| now.saturating_duration_since(lost) >= DISTRUSTED_FOR)
}

/// Maps the result of an exchange over a connection that was reused [unchecked](trusts_connection): bytes that had
/// arrived before the request are not a response to it. If they are recognised, the connection counts as lost.
///
/// # Errors
///
/// [`TransportErrorKind::Disconnected`] for the status 408, which servers send before they close an idle connection
/// (RFC 9110, section 15.5.9), and for bytes that are not HTTP; else the given error.
pub fn reject_unsolicited(result: Result<Response, TransportError>) -> Result<Response, TransportError> {
    let lost = |why: &str| {
        let why = format!("the reused connection was not idle: {why}");
        TransportError::new(TransportErrorKind::Disconnected, why).with_sent(true).with_reused(true)
    };
    match result {
        Ok(response) if response.status() == StatusCode::REQUEST_TIMEOUT => Err(lost("it received a 408")),
        Err(error) if error.kind == TransportErrorKind::Protocol && error.head.is_none() => {
            Err(lost(&error.source.to_string()))
        }
        result => result,
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
    fn a_connection_is_trusted_for_a_second_unless_one_was_lost_lately() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        for (checked, lost, now, trusted) in [
            (at(9.0), None, at(9.0), true),
            (at(9.0), None, at(9.9), true),
            (at(9.0), None, at(10.0), false),
            (at(9.0), Some(at(9.0)), at(9.5), false),
            (at(69.0), Some(at(10.0)), at(69.9), false),
            (at(70.0), Some(at(10.0)), at(70.0), true),
            (at(9.5), None, at(9.0), true),
        ] {
            assert_eq!(trusts_connection(true, checked, lost, now), trusted, "{checked:?} {lost:?} {now:?}");
            assert!(!trusts_connection(false, checked, lost, now), "its loss would cost an attempt");
        }
    }

    #[test]
    fn only_unsolicited_bytes_are_a_loss() {
        let response = |status: u16| {
            let response = http::Response::builder().status(status).body(Vec::new());
            Ok::<Response, TransportError>(response.expect("the status is valid"))
        };
        let failed = |kind| Err(TransportError::new(kind, "why").with_sent(true).with_reused(true));
        for lost in [response(408), failed(TransportErrorKind::Protocol)] {
            let error = reject_unsolicited(lost).expect_err("it is a loss");
            assert_eq!(
                (error.kind, error.sent, error.reused, error.received),
                (TransportErrorKind::Disconnected, true, true, 0)
            );
        }
        for status in [200, 404, 503] {
            assert!(reject_unsolicited(response(status)).is_ok_and(|response| response.status() == status));
        }
        let kind = |result: Result<Response, TransportError>| reject_unsolicited(result).expect_err("an error").kind;
        for other in [TransportErrorKind::Timeout, TransportErrorKind::TooLarge, TransportErrorKind::File] {
            assert_eq!(kind(failed(other)), other);
        }
        let in_body = failed(TransportErrorKind::Protocol).map_err(|error| error.with_head(http::Response::new(())));
        assert_eq!(kind(in_body), TransportErrorKind::Protocol);
    }
}
