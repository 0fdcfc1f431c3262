//! What an executor reports when there was no whole answer.

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

use crate::{
    config::{Credentials, Kind},
    effect::FileError,
    escaped::Escaped,
};

/// A request that got no answer, or not a whole one, with what is needed to judge whether it may be sent again.
///
/// `Debug` shows the names of the usual headers that had arrived. Other names and all values may be confidential.
#[derive(Clone)]
#[non_exhaustive]
pub struct TransportError {
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// Whether any byte of the request may have left. If `false`, the server cannot have acted on it.
    pub sent: bool,
    /// How many bytes of the answer's body had arrived.
    pub received: u64,
    /// Whether the connection had served an earlier request. Losing such a connection says nothing of the
    /// server: it may just have closed an idle one.
    pub reused: bool,
    /// Status and headers of the answer, if these had arrived: what a transfer needs to go on where it was.
    pub head: Option<Box<http::Response<()>>>,
    /// The HTTP stack's own words.
    pub source: Arc<dyn StdError + Send + Sync>,
}

/// What kept an exchange from its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host has no address.
    Resolve,
    /// No connection to any address of the host, or to the proxy.
    Connect,
    /// The server could not prove its identity, or speaks no TLS. An operation ends with it; a feed waits until the server
    /// has another certificate.
    Tls,
    /// The server demands a client certificate, and executors have none. No retry helps.
    ClientCertificate,
    /// The proxy refused: it wants another user name and password (401, 407), or allows no tunnel to this host (403). No
    /// retry helps, and many lock the account.
    Proxy,
    /// The exchange's [`Timeout`](crate::effect::Timeout) ran out.
    Timeout,
    /// The connection ended or broke before the answer was whole.
    Disconnected,
    /// What arrived is not HTTP. Trying again does not help.
    Protocol,
    /// The answer is larger than the exchange's limit. Trying again does not help.
    TooLarge,
    /// The file to send, or the one to write to, could not be used; or it changed while it was being sent. Trying
    /// again does not help.
    File,
}

impl TransportError {
    /// A fault before the first byte of the request left.
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, sent: false, received: 0, reused: false, head: None, source: Arc::from(source.into()) }
    }

    /// Sets whether any byte of the request may have left.
    pub fn with_sent(mut self, sent: bool) -> Self {
        self.sent = sent;
        self
    }

    /// Sets how many bytes of the answer's body had arrived.
    pub fn with_received(mut self, bytes: u64) -> Self {
        self.received = bytes;
        self
    }

    /// Sets the status and the headers that had arrived.
    pub fn with_head(mut self, head: http::Response<()>) -> Self {
        self.head = Some(Box::new(head));
        self
    }

    /// Returns the same without the credentials, should the cause repeat what a server has sent. A cause that does is
    /// replaced by its text; but what is known of a file stays, which no server has written.
    pub(crate) fn redacted(mut self, credentials: &Credentials) -> Self {
        if self.source.is::<FileError>() {
            return self;
        }
        let mut all = String::new();
        let mut cause: Option<&dyn StdError> = Some(&*self.source);
        while let Some(error) = cause {
            write!(all, "{error} {error:?} ").expect("writing to a string does not fail");
            cause = error.source();
        }
        if credentials.redact(&all, Kind::Data) != all {
            self.source = Arc::from(Box::from(credentials.redact(&self.source.to_string(), Kind::Prose)));
        }
        self
    }

    /// Sets whether the connection had served an earlier request.
    pub fn with_reused(mut self, reused: bool) -> Self {
        self.reused = reused;
        self
    }
}

/// Status of a response, names of the usual headers, and the number of others.
pub(crate) struct Head<'a, T>(pub(crate) &'a http::Response<T>);

/// What a server's own words may be in is not among them.
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
        f.write_str(match self.kind {
            TransportErrorKind::Resolve => "the host name could not be resolved",
            TransportErrorKind::Connect => "no connection could be made",
            TransportErrorKind::Tls => "no trusted TLS connection could be made",
            TransportErrorKind::ClientCertificate => "the server demands a client certificate",
            TransportErrorKind::Proxy => "the proxy refused",
            TransportErrorKind::Timeout => "the time ran out",
            TransportErrorKind::Disconnected => "the connection was lost",
            TransportErrorKind::Protocol => "the answer is not HTTP",
            TransportErrorKind::TooLarge => "the answer is too large",
            TransportErrorKind::File => "the file could not be used",
        })?;
        let cause = Escaped(&self.source).to_string();
        if cause.is_empty() { Ok(()) } else { write!(f, ": {cause}") }
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.source()
    }
}
