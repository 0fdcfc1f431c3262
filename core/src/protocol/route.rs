//! Path and query of a request, encoded so that no id can lead to another route.

use alloc::{format, string::String};
use core::fmt::Write;

use url::{Url, form_urlencoded};

use crate::{
    error::Error,
    model::{Id, ThreadId, checked_id},
};

/// A path below the base URL, and a query.
#[derive(Clone, Debug)]
pub(super) struct Route {
    path: String,
    query: String,
}

impl Route {
    /// Creates a route of fixed segments, such as `chats` or `messages/updates`.
    pub(super) fn new(segments: &str) -> Self {
        Self { path: format!("v1/{segments}"), query: String::new() }
    }

    /// Returns the route of a chat.
    pub(super) fn chat(tid: &ThreadId) -> Result<Self, Error> {
        Self::new("chats").id(tid)
    }

    /// Appends fixed segments.
    pub(super) fn join(mut self, segments: &str) -> Self {
        self.path.push('/');
        self.path.push_str(segments);
        self
    }

    /// Appends an id as one segment, whatever its characters.
    pub(super) fn id<I: Id>(self, id: &I) -> Result<Self, Error> {
        self.segment(I::NAME, id.as_str())
    }

    /// Appends one segment, whatever its characters. `.` and `..` are rejected, as they have a special meaning in URLs.
    pub(super) fn segment(mut self, parameter: &str, text: &str) -> Result<Self, Error> {
        self.path.push('/');
        self.path.push_str(&percent_encoded(checked_id(parameter, text)?));
        Ok(self)
    }

    /// Adds a query parameter.
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.query = form_urlencoded::Serializer::new(self.query).append_pair(name, value).finish();
        self
    }

    /// Returns the complete URI for a base URL, which ends in a slash.
    pub(super) fn uri(&self, base: &Url) -> http::Uri {
        let mut uri = String::with_capacity(base.as_str().len() + self.path.len() + 1 + self.query.len());
        uri.push_str(base.as_str());
        uri.push_str(&self.path);
        if !self.query.is_empty() {
            uri.push('?');
            uri.push_str(&self.query);
        }
        http::Uri::try_from(uri).expect("a URL without fragment, encoded segments and an encoded query are a URI")
    }
}

/// Percent-encodes everything except the unreserved characters of RFC 3986.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => write!(encoded, "%{byte:02X}").expect("writing to a string does not fail"),
        }
    }
    encoded
}
