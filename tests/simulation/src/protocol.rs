//! The meaning of requests and replies according to the contract, decoded independently of the core.

use std::time::Duration;

use http::{Method, Response, header};
use serde_json::Value;
use teamwire_core::{
    effect::{Body, TransportError, TransportErrorKind},
    machine::Reply,
};

/// The kind of a request, for feeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RequestKind {
    Subscribe,
    Poll { subscription: Option<String>, cursor: Option<String> },
    Unsubscribe(String),
    Other,
}

impl RequestKind {
    pub(super) fn of(request: &http::Request<Body>) -> Self {
        let (method, path) = (request.method(), request.uri().path());
        if *method == Method::PUT && path.ends_with("/subscriptions") {
            return Self::Subscribe;
        }
        if *method == Method::GET && path.ends_with("/updates") {
            let query = request.uri().query().unwrap_or_default();
            let get = |name: &str| query.split('&').filter_map(|it| it.split_once('=')).find(|(key, _)| *key == name);
            let subscription = get("subscription").map(|(_, id)| id.to_owned());
            let cursor = get("cursor").map(|(_, cursor)| cursor.to_owned());
            return Self::Poll { subscription, cursor };
        }
        match path.rsplit_once("/subscriptions/") {
            Some((_, id)) if *method == Method::DELETE => Self::Unsubscribe(id.to_owned()),
            _ => Self::Other,
        }
    }
}

/// The meaning of a reply for a feed. Positions are indices into the oracle's log.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    /// A batch with all changes up to this position.
    Batch(usize),
    /// A batch of the maximum size, which may lack changes before this position.
    FullBatch(usize),
    /// The feed's current position.
    Cursor(usize),
    Lease {
        id: String,
        at: usize,
    },
    /// A reply that does not affect the feed.
    Irrelevant,
    LeaseExpired,
    CursorExpired,
    Unsubscribed,
    NotFound,
    Unauthorized,
    /// A transient failure, and the wait that the server asks for.
    TransientFailure(Option<Duration>),
    /// A stale connection was lost before the first byte of the response.
    StaleConnection,
}

/// A reply on its way to the client, and its meaning.
#[derive(Clone, Debug)]
pub(super) struct InterpretedReply {
    pub(super) reply: Reply,
    pub(super) meaning: Meaning,
}

impl InterpretedReply {
    pub(super) fn from_fault(fault: TransportError) -> Self {
        let is_stale = fault.kind == TransportErrorKind::Disconnected && fault.reused && fault.received == 0;
        let meaning = if is_stale { Meaning::StaleConnection } else { Meaning::TransientFailure(None) };
        Self { reply: Reply::Error(fault), meaning }
    }

    /// Interprets a response that conforms to the contract.
    pub(super) fn from_response(kind: &RequestKind, response: Response<Vec<u8>>, position: usize) -> Self {
        let meaning = if response.status().is_success() {
            match kind {
                RequestKind::Subscribe => Meaning::Lease { id: member(response.body(), "id"), at: position },
                RequestKind::Poll { cursor: Some(_), .. } if is_full(response.body()) => Meaning::FullBatch(position),
                RequestKind::Poll { cursor: Some(_), .. } => Meaning::Batch(position),
                RequestKind::Poll { cursor: None, .. } => Meaning::Cursor(position),
                RequestKind::Unsubscribe(_) | RequestKind::Other => Meaning::Irrelevant,
            }
        } else {
            let code = member(response.body(), "code");
            match (response.status().as_u16(), code.as_str()) {
                (401, _) => Meaning::Unauthorized,
                (404, "not_found") => Meaning::NotFound,
                (409, "lease_expired") => Meaning::LeaseExpired,
                (410, "cursor_expired") => Meaning::CursorExpired,
                (410, "unsubscribed") => Meaning::Unsubscribed,
                (429, _) => Meaning::TransientFailure(retry_after(&response)),
                (408 | 500.., _) | (409, "in_progress") => Meaning::TransientFailure(None),
                _ => Meaning::Irrelevant,
            }
        };
        Self { reply: Reply::Response(response), meaning }
    }

    /// Interprets a response that is not the server's, or was altered so that it violates the contract.
    pub(super) fn corrupted(response: Response<Vec<u8>>, retry_after: Option<Duration>) -> Self {
        Self { reply: Reply::Response(response), meaning: Meaning::TransientFailure(retry_after) }
    }
}

/// Maximum number of items of a batch, and minimum length of a batch that has them.
const MAX_ITEMS: usize = 100;
const MIN_FULL_LENGTH: usize = 50 * MAX_ITEMS;

fn is_full(body: &[u8]) -> bool {
    // Most batches are short, and need not be parsed.
    body.len() >= MIN_FULL_LENGTH
        && serde_json::from_slice::<Value>(body)
            .is_ok_and(|json| json["items"].as_array().map(Vec::len) >= Some(MAX_ITEMS))
}

/// Returns the wait in seconds that the server asks for.
fn retry_after(response: &Response<Vec<u8>>) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Returns a string member of a JSON object, or an empty string.
fn member(json: &[u8], field: &str) -> String {
    let json: Value = serde_json::from_slice(json).unwrap_or_default();
    json[field].as_str().unwrap_or_default().to_owned()
}
