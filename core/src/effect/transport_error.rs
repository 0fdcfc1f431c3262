//! The error that an executor reports when no complete response was received.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{
    error::Error as StdError,
    fmt::{self, Write},
};

use http::header;

use super::FileError;
use crate::{
    escaped::Escaped,
    redaction::{Kind, Redaction},
};

/// A failed exchange, with the information needed to decide on a retry.
///
/// `Debug` shows only the names of well-known headers: other names and all values may be confidential.
#[derive(Clone)]
#[non_exhaustive]
pub struct TransportError {
    /// The kind of error.
    pub kind: TransportErrorKind,
    /// Set if any byte of the request may have been sent. Otherwise, the server cannot have acted on it. In errors of
    /// operations, it is not set either if the server refused the request before the response was cut off (401).
    pub sent: bool,
    /// Number of received bytes of the response body.
    pub received: u64,
    /// Set if the connection had served an earlier request. Losing a reused connection is expected: servers close idle
    /// ones.
    pub reused: bool,
    /// Status and headers of the response, if received; needed to resume a transfer.
    pub head: Option<Box<http::Response<()>>>,
    /// The underlying error.
    pub source: Arc<dyn StdError + Send + Sync>,
}

/// The kind of a [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host name could not be resolved.
    Resolve,
    /// No address of the host, or of the proxy, could be connected to.
    Connect,
    /// The TLS handshake or the certificate verification failed. Permanent for an operation; a feed retries until the
    /// server has another certificate.
    Tls,
    /// The server requires a client certificate, which executors do not support. Permanent.
    ClientCertificate,
    /// The proxy rejected the request: it requires other credentials (401, 407) or forbids a tunnel to this host (403).
    /// Permanent; repeated attempts may lock the account.
    Proxy,
    /// The [`Timeout`](crate::effect::Timeout) of the exchange expired.
    Timeout,
    /// The connection was closed or broke before the response was complete.
    Disconnected,
    /// The response is not valid HTTP. Permanent.
    Protocol,
    /// The response is larger than the limit of the exchange. Permanent.
    TooLarge,
    /// The file to send or to write to could not be used, or changed while it was being sent. Permanent.
    File,
}

impl TransportError {
    /// Creates an error that occurred before the first byte of the request was sent.
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, sent: false, received: 0, reused: false, head: None, source: Arc::from(source.into()) }
    }

    /// Sets [`sent`](Self::sent).
    pub fn with_sent(mut self, sent: bool) -> Self {
        self.sent = sent;
        self
    }

    /// Sets the number of [`received`](Self::received) bytes.
    pub fn with_received(mut self, bytes: u64) -> Self {
        self.received = bytes;
        self
    }

    /// Sets the status and headers of the response.
    pub fn with_head(mut self, head: http::Response<()>) -> Self {
        self.head = Some(Box::new(head));
        self
    }

    /// Redacts the credentials, in case the cause repeats data from a server: such a cause is replaced by its text. The
    /// error of a local file is kept, as it contains no such data.
    pub(crate) fn redacted(mut self, redaction: &Redaction) -> Self {
        if self.source.is::<FileError>() {
            return self;
        }
        let mut all = String::new();
        let mut cause: Option<&dyn StdError> = Some(&*self.source);
        while let Some(error) = cause {
            write!(all, "{error} {error:?} ").expect("writing to a string does not fail");
            cause = error.source();
        }
        if redaction.redact(&all, Kind::Data) != all {
            self.source = Arc::from(Box::from(redaction.redact(&self.source.to_string(), Kind::Prose)));
        }
        self
    }

    /// Sets [`reused`](Self::reused).
    pub fn with_reused(mut self, reused: bool) -> Self {
        self.reused = reused;
        self
    }

    /// Writes the error, with `after` before the text of the source.
    pub(crate) fn write(&self, f: &mut fmt::Formatter<'_>, after: impl fmt::Display) -> fmt::Result {
        let statement = match self.kind {
            TransportErrorKind::Resolve => "the host name could not be resolved",
            TransportErrorKind::Connect => "could not connect",
            TransportErrorKind::Tls => "could not establish a trusted TLS connection",
            TransportErrorKind::ClientCertificate => "the server requires a client certificate",
            TransportErrorKind::Proxy => "the proxy rejected the request",
            TransportErrorKind::Timeout => "timed out",
            TransportErrorKind::Disconnected => "the connection was lost",
            TransportErrorKind::Protocol => "the response is not valid HTTP",
            TransportErrorKind::TooLarge => "the response is too large",
            TransportErrorKind::File => "the file could not be used",
        };
        write!(f, "{statement}{after}")?;
        let cause = Escaped(&self.source).to_string();
        if cause.is_empty() { Ok(()) } else { write!(f, ": {cause}") }
    }
}

/// Status of a response, the names of its well-known headers, and the number of others.
pub(crate) struct Head<'a, T>(pub(crate) &'a http::Response<T>);

/// Names of standard headers, which hold nothing confidential.
const USUAL: [http::HeaderName; 24] = [
    header::ACCEPT_RANGES,
    header::AGE,
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::LOCATION,
    header::PROXY_AUTHENTICATE,
    header::RETRY_AFTER,
    header::SERVER,
    header::SET_COOKIE,
    header::TRANSFER_ENCODING,
    header::VARY,
    header::VIA,
    header::WWW_AUTHENTICATE,
    http::HeaderName::from_static("x-request-id"),
];

impl<T> fmt::Debug for Head<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (usual, others): (Vec<_>, Vec<_>) = self.0.headers().keys().partition(|name| USUAL.contains(name));
        f.debug_struct("Head")
            .field("status", &self.0.status().as_u16())
            .field("headers", &usual)
            .field("other_headers", &others.len())
            .finish()
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("sent", &self.sent)
            .field("received", &self.received)
            .field("reused", &self.reused)
            .field("head", &self.head.as_deref().map(Head))
            .field("source", &self.source)
            .finish()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.source()
    }
}
