use http::{HeaderMap, HeaderName, header};
use teamwire_core::effect::{TransportError, TransportErrorKind};

/// Headers that delimit a request, which only a transport adds: a second value would make its end ambiguous.
const FRAMING: [HeaderName; 3] = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT];

/// Checks that the headers of a request leave its framing to the transport. Returns whether they have a host.
///
/// # Errors
///
/// `Protocol` if they have one of the framing, or several hosts.
pub fn check_request_headers(headers: &HeaderMap) -> Result<bool, TransportError> {
    let refused = |why| Err(TransportError::new(TransportErrorKind::Protocol, why));
    let mut hosts = 0;
    for (name, _) in headers {
        if FRAMING.contains(name) {
            return refused(format!("the request cannot be sent: its header `{name}` is set by the transport"));
        }
        hosts += u8::from(*name == header::HOST);
        if hosts > 1 {
            return refused("the request cannot be sent: it has several `host` headers".to_owned());
        }
    }
    Ok(hosts > 0)
}
