use alloc::string::{String, ToString};
use core::fmt;

use super::request_id::request_id;
use crate::escaped::Escaped;

/// An answer that is not what the wire contract promises.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnexpectedResponse {
    /// The HTTP status; `None` if not even that could be read.
    pub status: Option<u16>,
    /// What was wrong.
    pub reason: String,
    /// Where in the JSON, as in `items[3].from_user`; `None` if it is not JSON at all.
    pub path: Option<String>,
    /// The first bytes of the body.
    pub excerpt: String,
    /// What the server's log calls this request.
    pub request_id: Option<String>,
    /// Set if it is larger than it may be: a part of it may be small enough.
    pub(crate) is_too_large: bool,
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
        }
    }
}

impl core::error::Error for UnexpectedResponse {}

impl fmt::Display for UnexpectedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unexpected answer")?;
        if let Some(status) = self.status {
            write!(f, " with status {status}")?;
        }
        write!(f, ": {}", Escaped(&self.reason))?;
        if let Some(path) = &self.path {
            write!(f, " at `{}`", Escaped(path))?;
        }
        if !self.excerpt.is_empty() {
            write!(f, "; it begins {:?}", self.excerpt)?;
        }
        request_id(f, self.request_id.as_deref())
    }
}
