//! A request and its response, as plain data.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use http::StatusCode;

use crate::effect::{Body, Progress};

/// One request to perform, with everything an executor needs to know.
///
/// The request has all headers except those of HTTP's framing (`Host`, `Content-Length`, `Connection`), which the HTTP
/// stack adds. It carries credentials, so an executor must not follow redirects.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// Method, absolute URI, headers and body.
    pub request: http::Request<Body>,
    /// The timeout.
    pub timeout: Timeout,
    /// Maximum duration of the whole exchange, if its timeout does not limit that: the time until the deadline of the
    /// operation. When it has passed, the exchange fails like one with [`Timeout::Total`].
    pub max_duration: Option<Duration>,
    /// Maximum length of a response body in memory. A longer one is a [`TransportErrorKind::TooLarge`] error, before
    /// any of it is read if its length is announced.
    ///
    /// [`TransportErrorKind::TooLarge`]: crate::effect::TransportErrorKind::TooLarge
    pub limit: u64,
    /// File for the body of a 200 or 206 response. All other bodies are kept in memory.
    pub to_file: Option<FileTarget>,
    /// Progress observer for the body of a 200 or 206 response. With 206, the bytes already in the file
    /// ([`FileTarget::offset`]) count. The [parts](crate::effect::Part) of the request body have observers of their
    /// own.
    pub progress: Option<Progress>,
    /// Requires a new connection: an earlier attempt failed on a reused one, so other idle connections may be dead,
    /// too.
    pub requires_new_connection: bool,
    /// A loss of a reused connection costs nothing: the request may be repeated, and is, at once and on a new
    /// connection. So a transport may reuse a connection that has just served another exchange without checking first
    /// that it is still open.
    pub replaces_stale_connection: bool,
    /// The caller may do something else before it takes the reply, such as a post for each item of a list. An executor
    /// that makes progress only while the reply is awaited therefore does not count this exchange, like a long poll,
    /// among [`Limits::max_connections`](crate::config::Limits::max_connections).
    pub is_early: bool,
}

/// The handling of a response body: see [`Exchange::body_policy`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BodyPolicy {
    /// Maximum length in memory.
    pub limit: u64,
    /// File to write it to, after its first [`offset`](FileTarget::offset) bytes; `None` to keep it in memory.
    pub to_file: Option<FileTarget>,
    /// Progress observer. Bytes already in the file count.
    pub progress: Option<Progress>,
}

impl Exchange {
    pub(crate) const fn new(request: http::Request<Body>, timeout: Timeout, limit: u64) -> Self {
        Self {
            request,
            timeout,
            max_duration: None,
            limit,
            to_file: None,
            progress: None,
            requires_new_connection: false,
            replaces_stale_connection: false,
            is_early: false,
        }
    }

    /// Returns the maximum duration of the exchange without any response.
    pub fn max_idle(&self) -> Duration {
        let idle = self.timeout.max_idle();
        self.max_duration.map_or(idle, |time| time.min(idle))
    }

    /// Limits the duration of the exchange.
    pub(crate) fn end_within(&mut self, time: Duration) {
        match &mut self.timeout {
            Timeout::Total(total) => *total = time.min(*total),
            Timeout::Idle(_) | Timeout::LongPoll { .. } => self.max_duration = Some(time),
        }
    }

    /// Returns the handling of the response body, to be adapted [to the status](BodyPolicy::for_status).
    pub fn body_policy(&self) -> BodyPolicy {
        BodyPolicy { limit: self.limit, to_file: self.to_file.clone(), progress: self.progress.clone() }
    }
}

impl BodyPolicy {
    /// Adapts the policy to the response status: only the body of 200 or 206 is the requested content, and only that
    /// of 206 is appended to the file.
    pub fn for_status(mut self, status: StatusCode) -> Self {
        match (status, &mut self.to_file) {
            (StatusCode::OK, Some(file)) => file.offset = 0,
            (StatusCode::OK | StatusCode::PARTIAL_CONTENT, _) => {}
            _ => (self.to_file, self.progress) = (None, None),
        }
        self
    }
}

/// A file that a response body is streamed to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileTarget {
    /// Path of the file, which [`FileTask::Create`](crate::effect::FileTask::Create) has created. Symbolic links must
    /// not be followed.
    pub path: String,
    /// Offset at which to write a 206 body; earlier bytes are kept. A 200 body replaces the whole content.
    pub offset: u64,
    /// Maximum length of the file in bytes. Nothing is written beyond it: a longer response is a
    /// [`TransportErrorKind::TooLarge`](crate::effect::TransportErrorKind::TooLarge) error.
    pub limit: u64,
}

impl FileTarget {
    /// Creates a target that appends after the first `offset` bytes of the file, without a maximum length.
    pub fn new(path: impl Into<String>, offset: u64) -> Self {
        Self { path: path.into(), offset, limit: u64::MAX }
    }

    /// Sets the maximum length of the file in bytes.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }
}

/// A response, with its body unless that was written to a file.
pub type Response = http::Response<Vec<u8>>;

/// The timeout of an exchange, after which it fails with
/// [`TransportErrorKind::Timeout`](crate::effect::TransportErrorKind::Timeout).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Maximum time from the DNS lookup to the last byte of the response.
    Total(Duration),
    /// Maximum idle time, without a byte in either direction; the total time is unlimited.
    Idle(Duration),
    /// Total time for the head of the response, then idle time for its body.
    LongPoll {
        /// Maximum time from the DNS lookup to the head of the response.
        head: Duration,
        /// Maximum idle time after that.
        idle: Duration,
    },
}

impl Timeout {
    /// Returns the maximum duration of an exchange without any response.
    pub const fn max_idle(self) -> Duration {
        match self {
            Self::Total(time) | Self::Idle(time) | Self::LongPoll { head: time, .. } => time,
        }
    }

    /// Returns the timeout that applies once the head of the response has arrived: only idle time, for a long poll.
    pub const fn after_head(self) -> Self {
        match self {
            Self::LongPoll { idle, .. } => Self::Idle(idle),
            other => other,
        }
    }
}
