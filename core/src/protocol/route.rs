//! Where a request goes: path and query, encoded so that no id can reach another route.

use alloc::{format, string::String};
use core::fmt::Write;

use url::{Url, form_urlencoded};

use crate::{
    error::Error,
    model::{Id, ThreadId, checked_id},
};

/// A path below the contract's base path, and a query.
#[derive(Clone, Debug)]
pub(super) struct Route {
    path: String,
    query: String,
}

impl Route {
    /// The route of these fixed segments: `chats`, `messages/updates`.
    pub(super) fn new(segments: &str) -> Self {
        Self { path: format!("v1/{segments}"), query: String::new() }
    }

    /// Returns the route of a chat.
    pub(super) fn chat(tid: &ThreadId) -> Result<Self, Error> {
        Self::new("chats").id(tid)
    }

    /// Goes on with fixed segments.
    pub(super) fn join(mut self, segments: &str) -> Self {
        self.path.push('/');
        self.path.push_str(segments);
        self
    }

    /// Goes on with an id, as one segment whatever is in it.
    pub(super) fn id<I: Id>(self, id: &I) -> Result<Self, Error> {
        self.segment(I::NAME, id.as_str())
    }

    /// Goes on with one segment, whatever is in it. `.` and `..` are none: URLs have other uses for them.
    pub(super) fn segment(mut self, what: &str, text: &str) -> Result<Self, Error> {
        self.path.push('/');
        self.path.push_str(&percent_encoded(checked_id(what, text)?));
        Ok(self)
    }

    /// Adds a parameter to the query.
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.query = form_urlencoded::Serializer::new(self.query).append_pair(name, value).finish();
        self
    }

    /// The whole URI, below the backend's base URL (which ends in a slash).
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

/// The text with everything but RFC 3986's unreserved characters percent-encoded.
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
