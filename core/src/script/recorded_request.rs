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
    /// Time of the request, on the script's clock.
    pub at: Moment,
    /// Method, URI, headers and body, including the content of a file.
    pub request: http::Request<Vec<u8>>,
    /// Set if it required a new connection: see [`Exchange::requires_new_connection`].
    pub requires_new_connection: bool,
}

impl RecordedRequest {
    pub(super) fn new(at: Moment, exchange: &Exchange, body: Vec<u8>) -> Self {
        Self {
            at,
            request: exchange.request.clone().map(|_| body),
            requires_new_connection: exchange.requires_new_connection,
        }
    }

    /// Returns the path as it was sent, with ids percent-encoded.
    pub fn path(&self) -> &str {
        self.request.uri().path()
    }

    /// Returns the value of a header; `None` if it is missing or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// Returns the value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.request.uri().query().unwrap_or_default();
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    }

    /// Returns the body as JSON; `None` if it is not JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.request.body()).ok()
    }
}

/// Shows method, path, query and body on one line.
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
