use alloc::string::{String, ToString};
use core::fmt;

use super::request_id::request_id;
use crate::escaped::Escaped;

/// A response that violates the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnexpectedResponse {
    /// The HTTP status; `None` if it could not be read.
    pub status: Option<u16>,
    /// The reason.
    pub reason: String,
    /// The place in the JSON, such as `items[3].from_user`; `None` if the response is not JSON.
    pub path: Option<String>,
    /// The beginning of the body.
    pub excerpt: String,
    /// The server's request id.
    pub request_id: Option<String>,
    /// `true` if it exceeds the size limit. A smaller page of the same list might not exceed it.
    pub(crate) is_too_large: bool,
    /// `true` if the protocol has read the response, as opposed to an error response that it does not recognise.
    pub(crate) is_read: bool,
}

impl UnexpectedResponse {
    pub(crate) fn new(reason: impl fmt::Display) -> Self {
        Self {
            status: None,
            reason: reason.to_string(),
            path: None,
            excerpt: String::new(),
            request_id: None,
            is_too_large: false,
            is_read: false,
        }
    }

    /// Writes the error, with `after` before the details.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, after: impl fmt::Display) -> fmt::Result {
        f.write_str("unexpected response")?;
        if let Some(status) = self.status {
            write!(f, " with status {status}")?;
        }
        write!(f, "{after}: {}", Escaped(&self.reason))?;
        if let Some(path) = &self.path {
            write!(f, " at `{}`", Escaped(path))?;
        }
        if !self.excerpt.is_empty() {
            write!(f, "; it begins with {:?}", self.excerpt)?;
        }
        request_id(f, self.request_id.as_deref())
    }
}

impl core::error::Error for UnexpectedResponse {}

impl fmt::Display for UnexpectedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}
