//! A request description and its answer: what an executor performs, as plain data.

use alloc::{string::String, sync::Arc, vec::Vec};
use core::{fmt, time::Duration};

use http::StatusCode;

use crate::effect::Progress;

/// One request to perform, with everything an executor has to know about it.
///
/// The request carries every header but those of HTTP's framing (`Host`, `Content-Length`, `Connection`), which
/// belong to the HTTP stack. It carries credentials: an executor follows no redirect with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// Method, absolute URI, headers and body.
    pub request: http::Request<Body>,
    /// How long to wait.
    pub timeout: Timeout,
    /// The most bytes of an answer's body to take into memory. A longer answer is a
    /// [`TransportErrorKind::TooLarge`](crate::effect::TransportErrorKind::TooLarge), refused before its body is read if its length is announced.
    pub limit: u64,
    /// Where the body of an answer with status 200 or 206 goes, if not into memory. Every other answer goes into memory.
    pub to_file: Option<FileTarget>,
    /// Who wants to know how much has passed: of the request's body if it has one, else of that of an answer with status
    /// 200 or 206. What a file has already ([`FileTarget::offset`], with 206) counts.
    pub progress: Option<Progress>,
    /// Requires a connection that has served no other exchange: an earlier attempt failed on a connection that was used
    /// again, so the other idle ones of that time are suspect.
    pub fresh: bool,
}

/// What an exchange wants of the body of its answer: see [`Exchange::body_policy`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BodyPolicy {
    /// The most bytes of it to take into memory.
    pub limit: u64,
    /// The file it goes to, if not into memory: behind the first [`offset`](FileTarget::offset) bytes, which stay.
    pub to_file: Option<FileTarget>,
    /// Who wants to know how much of it has arrived. What a file has already counts.
    pub progress: Option<Progress>,
}

impl Exchange {
    pub(crate) const fn new(request: http::Request<Body>, timeout: Timeout, limit: u64) -> Self {
        Self { request, timeout, limit, to_file: None, progress: None, fresh: false }
    }

    /// What this wants of the body of its answer, once [the status is known](BodyPolicy::for_status).
    pub fn body_policy(&self) -> BodyPolicy {
        let is_upload = self.request.body().length() > 0;
        let progress = self.progress.clone().filter(|_| !is_upload);
        BodyPolicy { limit: self.limit, to_file: self.to_file.clone(), progress }
    }
}

impl BodyPolicy {
    /// The same of an answer with this status: only the body of 200 and 206 is what was asked for, and only that of 206
    /// goes on behind what a file has already.
    pub fn for_status(mut self, status: StatusCode) -> Self {
        match (status, &mut self.to_file) {
            (StatusCode::OK, Some(file)) => file.offset = 0,
            (StatusCode::OK | StatusCode::PARTIAL_CONTENT, _) => {}
            _ => (self.to_file, self.progress) = (None, None),
        }
        self
    }
}

/// A file that an answer's body is written to, as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileTarget {
    /// The file, which [`FileTask::Create`](crate::effect::FileTask::Create) has made. It is not opened through a link.
    pub path: String,
    /// How many bytes of it stay, if the status is 206: the body goes behind them. With 200 it goes to the beginning,
    /// and nothing that was in the file stays.
    pub offset: u64,
    /// Maximum length of the file in bytes. A response that would make it longer is a
    /// [`TransportErrorKind::TooLarge`](crate::effect::TransportErrorKind::TooLarge); nothing is written beyond.
    pub limit: u64,
}

impl FileTarget {
    /// To this file, behind its first `offset` bytes, of any length.
    pub fn new(path: impl Into<String>, offset: u64) -> Self {
        Self { path: path.into(), offset, limit: u64::MAX }
    }

    /// Sets the maximum length of the file in bytes.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }
}

/// An answer, with its body if that went into memory.
pub type Response = http::Response<Vec<u8>>;

/// What a request carries.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Arc<Vec<u8>>),
    /// This file, streamed: exactly its first `length` bytes. If it turns out to be shorter, or longer unless it
    /// `may_grow`, the request must not be completed: that is a [`TransportErrorKind::File`](crate::effect::TransportErrorKind::File).
    File {
        /// The file.
        path: String,
        /// How many bytes it had when it was looked at: what `Content-Length` says.
        length: u64,
        /// Allows more bytes behind the first `length`, which are not sent: a log that is written to meanwhile.
        may_grow: bool,
    },
}

impl Body {
    /// The bytes to send that are in memory; empty if there are none.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Empty | Self::File { .. } => &[],
            Self::Bytes(bytes) => bytes,
        }
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        match self {
            Self::File { length, .. } => *length,
            Self::Empty | Self::Bytes(_) => self.as_bytes().len() as u64,
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Arc::new(bytes))
    }
}

/// Messages are private, so only the length is printed.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::File { path, length, .. } => write!(f, "File({path:?}, {length} bytes)"),
        }
    }
}

/// How long an executor waits for an exchange before it reports a
/// [`TransportErrorKind::Timeout`](crate::effect::TransportErrorKind::Timeout).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// From the first look-up to the last byte of the answer.
    Total(Duration),
    /// Without a byte moving either way, however long the whole takes.
    Idle(Duration),
    /// In total until the head of the response is there; from then on without a byte moving, however long the whole takes.
    LongPoll {
        /// Maximum time from the first look-up to the head of the response.
        head: Duration,
        /// Maximum time without a byte moving after that.
        idle: Duration,
    },
}

impl Timeout {
    /// Maximum time that an exchange lasts of which nothing arrives.
    pub const fn max_idle(self) -> Duration {
        match self {
            Self::Total(time) | Self::Idle(time) | Self::LongPoll { head: time, .. } => time,
        }
    }

    /// The same once the head of the response is there: a long poll then ends by inactivity alone.
    pub const fn after_head(self) -> Self {
        match self {
            Self::LongPoll { idle: inactivity, .. } => Self::Idle(inactivity),
            other => other,
        }
    }
}
