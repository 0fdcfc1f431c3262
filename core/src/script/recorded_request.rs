use alloc::{string::String, vec::Vec};
use core::fmt;

use serde_json::Value;

use crate::{
    effect::{Exchange, Moment},
    escaped::Escaped,
};

/// A request as a [`Script`](super::Script) received it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// When, on the script's clock.
    pub at: Moment,
    /// Method, URI, headers and body: the bytes of the file, if it was one.
    pub request: http::Request<Vec<u8>>,
    /// Set if it required a connection of its own: see [`Exchange::fresh`].
    pub fresh: bool,
}

impl RecordedRequest {
    pub(super) fn new(at: Moment, exchange: &Exchange, body: Vec<u8>) -> Self {
        Self { at, request: exchange.request.clone().map(|_| body), fresh: exchange.fresh }
    }

    /// The path, as it was sent: ids are percent-encoded.
    pub fn path(&self) -> &str {
        self.request.uri().path()
    }

    /// The value of a header; `None` if it has none, or one that is no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The value of a parameter of the query.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.request.uri().query().unwrap_or_default();
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    }

    /// The body; `None` if it is no JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.request.body()).ok()
    }
}

/// Method, path, query and body, in one line.
impl fmt::Display for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.request.method(), self.path())?;
        if let Some(query) = self.request.uri().query() {
            write!(f, "?{query}")?;
        }
        if self.request.body().is_empty() {
            return Ok(());
        }
        write!(f, " {}", Escaped(String::from_utf8_lossy(self.request.body())))
    }
}
