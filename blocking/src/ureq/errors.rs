use std::io::{self, ErrorKind};

use teamwire_core::effect::TransportError;
use teamwire_std::client_certificate_error;
use ureq::{Error, Timeout};

use super::request_context::RequestContext;

/// Maps an error of a connection to one of ureq.
pub(super) fn failed(error: io::Error) -> Error {
    // An error of the operating system is a connection that was lost, not a timeout of the exchange.
    if error.kind() == ErrorKind::TimedOut && error.raw_os_error().is_none() {
        return Error::Timeout(Timeout::Global);
    }
    // A server that requires a client certificate rejects the first request, without a response.
    let is_first = RequestContext::with(|context| !context.reused && !context.response_started);
    if let Some(error) = client_certificate_error(&error).filter(|_| is_first) {
        RequestContext::with(|context| context.sent = false);
        return other(error);
    }
    match error.downcast::<TransportError>() {
        Ok(error) => other(error),
        // Not `Error::Io`: ureq takes a reset for the end of a body without a length.
        Err(error) => Error::Other(error.into()),
    }
}

/// Wraps the error of an exchange in one of ureq.
pub(super) fn other(error: TransportError) -> Error {
    Error::Other(error.into())
}
