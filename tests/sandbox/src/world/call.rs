//! Operations of the contract, and calls of them.

use std::{fmt, time::Duration};

use http::{HeaderMap, Method, header};
use serde_json::Value;

use super::{
    contract::query::{Query, Segment},
    ids::digest,
    now::Now,
    outcome::OperationResult,
    state::{
        World,
        idempotency::{Fingerprint, Key},
    },
};

/// The kind of body that an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// No body; one that is sent is ignored.
    None,
    Json,
    Jpeg,
    /// Any bytes, stored by the driver of the world.
    Upload,
}

/// An operation of the contract. Every mutation accepts an `Idempotency-Key`.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// The number of segments of the path, so that a request is compared with few paths.
    pub(crate) segments: usize,
    pub(crate) body: BodyKind,
    pub(crate) run: fn(&mut World, &Call) -> OperationResult,
}

impl Operation {
    /// Returns true if it may change something and therefore accepts an `Idempotency-Key`.
    pub(crate) fn is_mutation(&self) -> bool {
        self.method != "GET"
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A request with valid credentials and a known route.
pub(crate) struct Call {
    pub(crate) operation: &'static Operation,
    pub(crate) now: Now,
    /// The time at which it arrived, from which a long poll measures its wait.
    pub(crate) received_at: Duration,
    /// The time at which its client receives the response.
    pub(crate) respond_at: Duration,
    pub(crate) request_id: String,
    pub(crate) app_id: String,
    /// The bot's `uid`.
    pub(crate) actor: String,
    /// The ids in the path, in order; `None` for one that is not percent-encoded UTF-8.
    pub(crate) ids: Vec<Segment>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    /// The digest of the request's head, for idempotency.
    pub(crate) head_digest: u64,
    /// The body, if it is JSON.
    pub(crate) json: Value,
    /// The body, if it is not JSON.
    pub(crate) bytes: Vec<u8>,
}

impl Call {
    /// An id in the path, which has been checked to be valid.
    pub(crate) fn id(&self, at: usize) -> &str {
        self.ids.get(at).and_then(Option::as_deref).unwrap_or_default()
    }

    /// The scope of the cursors of the requested list: bot, path and filter.
    pub(crate) fn cursor_scope(&self, filter: &str) -> String {
        self.cursor_scope_of(self.operation.path, filter)
    }

    /// The scope of the cursors of the list at this path, for a response with its first page.
    pub(crate) fn cursor_scope_of(&self, path: &str, filter: &str) -> String {
        let mut name = format!("{}\n{path}", self.app_id);
        for id in self.ids.iter().flatten() {
            name.push('\n');
            name.push_str(id);
        }
        name.push('\0');
        name.push_str(filter);
        name
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn key(&self) -> Option<Key> {
        let key = self.headers.get("idempotency-key").filter(|_| self.operation.is_mutation())?;
        Some((self.app_id.clone(), String::from_utf8_lossy(key.as_bytes()).into_owned()))
    }

    pub(crate) fn fingerprint(&self, body: u64) -> Fingerprint {
        Fingerprint { head: self.head_digest, body }
    }
}

/// The digest of a request's head.
pub(crate) fn digest_of_head(method: &Method, path_and_query: &str, headers: &HeaderMap, with_body_names: bool) -> u64 {
    let name = |name| headers.get(name).filter(|_| with_body_names).map_or(&[][..], |value| value.as_bytes());
    digest(&[
        method.as_str().as_bytes(),
        path_and_query.as_bytes(),
        name(header::CONTENT_TYPE),
        name(header::CONTENT_DISPOSITION),
    ])
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The headers are omitted because they contain the Secret.
        f.debug_struct("Call")
            .field("operation", &self.operation)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
