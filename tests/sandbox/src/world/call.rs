//! An operation of the contract, and one call of it.

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

/// What body an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// None; one that is sent is ignored.
    None,
    Json,
    Jpeg,
    /// Bytes that are streamed past the world.
    Upload,
}

/// One operation of the contract. Every one that changes something takes an `Idempotency-Key`.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: BodyKind,
    pub(crate) run: fn(&mut World, &Call) -> OperationResult,
}

impl Operation {
    /// Changes something, and therefore takes an `Idempotency-Key`.
    pub(crate) fn is_mutation(&self) -> bool {
        self.method != "GET"
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A request whose route is known and whose key is good.
pub(crate) struct Call {
    pub(crate) operation: &'static Operation,
    pub(crate) now: Now,
    /// When it arrived, which a long poll measures its wait from.
    pub(crate) received_at: Duration,
    /// When its client will hear of the answer.
    pub(crate) respond_at: Duration,
    pub(crate) request_id: String,
    pub(crate) app_id: String,
    /// The bot's own `uid`.
    pub(crate) actor: String,
    /// The ids in the path, in its order. `None`: not percent-encoded UTF-8.
    pub(crate) ids: Vec<Segment>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    /// What tells the head of this request from others, for idempotency.
    pub(crate) head_digest: u64,
    /// The body, if it is JSON.
    pub(crate) json: Value,
    /// The body, if it is bytes.
    pub(crate) bytes: Vec<u8>,
}

impl Call {
    /// An id of the path. That it decodes was seen to before.
    pub(crate) fn id(&self, at: usize) -> &str {
        self.ids.get(at).and_then(Option::as_deref).unwrap_or_default()
    }

    /// What names the list that is asked for, for its cursors: who asks, where, and with which filter.
    pub(crate) fn cursor_scope(&self, filter: &str) -> String {
        let mut name = format!("{}\n{}", self.app_id, self.operation.path);
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

/// What tells the head of a request from others.
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
        // Not the headers: they carry the Secret.
        f.debug_struct("Call")
            .field("operation", &self.operation)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
