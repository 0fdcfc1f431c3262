//! Actions on a set of feeds.

use std::time::Duration;

use arbitrary::Arbitrary;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use teamwire_core::{
    effect::{Response, TransportError, TransportErrorKind},
    machine::Reply,
    script::sample,
};

/// One action.
#[derive(Arbitrary, Debug)]
pub enum Action {
    /// Inserts a feed with this key, replacing the previous one.
    Insert(FeedKey, FeedKind, Option<Cursor>),
    /// Removes a feed, and inserts it again if true.
    Remove(FeedKey, bool),
    /// Stops a feed.
    Stop(FeedKey),
    /// Stops all feeds.
    StopAll,
    /// Polls the set once.
    Next,
    /// Polls the set until it is idle.
    Drain,
    /// Replies to a pending request.
    Reply(u8, CannedReply),
    /// Delivers a duplicate or late reply to this feed, which may be another one.
    LateReply(u8, FeedKey, CannedReply),
    /// Issues the pending requests again.
    Reissue,
    /// Advances the time, and sets the wall clock forward or back by milliseconds.
    AdvanceTime(Duration, i64),
}

/// The key of a feed in the set. There are few keys, so that actions hit the same feed.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeedKey {
    A,
    B,
    C,
    D,
}

/// The kind of a feed.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum FeedKind {
    AllMessages,
    Messages,
    Reactions,
    Locations,
}

/// A position in a feed.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Cursor(u8);

/// A reply.
#[derive(Arbitrary, Debug)]
pub enum CannedReply {
    /// A lease.
    Lease(Cursor),
    /// A batch of items, and the next cursor.
    Batch(Vec<Item>, Cursor),
    /// An error response.
    Problem(Status, Code, Option<String>),
    /// Success without a body.
    Nothing,
    /// Any response.
    Response(Status, Vec<u8>, Option<Vec<u8>>),
    /// A transport error instead of a response.
    Error(Failure, bool, bool, u64),
}

/// An item of a batch.
#[derive(Arbitrary, Debug)]
pub enum Item {
    Message(Cursor, bool),
    Reaction(Cursor),
    UnknownKind(Cursor, String),
    Raw(String),
}

/// A status; common ones are more frequent than others.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Status {
    /// A common status.
    Common(u8),
    /// Any status.
    Any(u16),
}

/// The code of an error response.
#[derive(Arbitrary, Debug)]
pub enum Code {
    LeaseExpired,
    Unsubscribed,
    CursorExpired,
    NotFound,
    Auth,
    RateLimited,
    Other(String),
}

/// The kind of a transport error.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Failure {
    Resolve,
    Connect,
    Tls,
    Timeout,
    Disconnected,
    Protocol,
    TooLarge,
    File,
}

const COMMON_STATUSES: [u16; 14] = [200, 200, 204, 400, 401, 403, 404, 409, 410, 429, 500, 502, 503, 504];

impl Action {
    /// Returns its size in bytes, including its strings.
    pub fn byte_len(&self) -> usize {
        let (Self::Reply(_, canned) | Self::LateReply(_, _, canned)) = self else { return size_of::<Self>() };
        size_of::<Self>() + canned.body().len()
    }
}

impl Cursor {
    pub(crate) fn text(self) -> String {
        match self.0 {
            // Cursors that no server issues.
            0 => String::new(),
            1 => "c".repeat(1025),
            other => format!("c{}", other % 8),
        }
    }
}

impl Status {
    fn code(self) -> StatusCode {
        let code = match self {
            Self::Common(which) => COMMON_STATUSES[usize::from(which) % COMMON_STATUSES.len()],
            Self::Any(code) => 100 + code % 900,
        };
        StatusCode::from_u16(code).expect("the status is from 100 to 999")
    }
}

impl Code {
    fn text(&self) -> &str {
        match self {
            Self::LeaseExpired => "lease_expired",
            Self::Unsubscribed => "unsubscribed",
            Self::CursorExpired => "cursor_expired",
            Self::NotFound => "not_found",
            Self::Auth => "auth",
            Self::RateLimited => "rate_limited",
            Self::Other(text) => text,
        }
    }
}

impl Item {
    fn json(&self) -> Value {
        let item = |cursor: &Cursor, kind: &str, data| json!({ "cursor": cursor.text(), "kind": kind, "data": data });
        match self {
            Self::Message(cursor, deleted) => {
                let mut message = sample::message("m1", "c1", "hello");
                message["deleted"] = (*deleted).into();
                item(cursor, "message", message)
            }
            Self::Reaction(cursor) => item(cursor, "reaction", sample::reaction("r1", "m1", "c1", "ok")),
            Self::UnknownKind(cursor, kind) => item(cursor, kind, Value::Null),
            Self::Raw(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
        }
    }
}

impl CannedReply {
    pub(crate) fn reply(&self) -> Reply {
        let (status, retry_after) = match self {
            Self::Lease(_) | Self::Batch(..) => (StatusCode::OK, None),
            Self::Nothing => (StatusCode::NO_CONTENT, None),
            Self::Problem(status, _, wait) => (status.code(), wait.as_ref().map(String::as_bytes)),
            Self::Response(status, _, wait) => (status.code(), wait.as_deref()),
            Self::Error(failure, sent, reused, received) => {
                let error = TransportError::new(failure.kind(), "fuzzed error");
                return Reply::Error(error.with_sent(*sent).with_reused(*reused).with_received(*received));
            }
        };
        let mut response = Response::new(self.body());
        *response.status_mut() = status;
        if matches!(self, Self::Problem(..)) {
            let problem = HeaderValue::from_static("application/problem+json");
            response.headers_mut().insert("content-type", problem);
        }
        if let Some(value) = retry_after.and_then(|bytes| HeaderValue::from_bytes(bytes).ok()) {
            response.headers_mut().insert("retry-after", value);
        }
        Reply::Response(response)
    }

    fn body(&self) -> Vec<u8> {
        let json = match self {
            Self::Lease(cursor) => json!({ "id": "s1", "cursor": cursor.text() }),
            Self::Batch(items, cursor) => {
                let items: Vec<Value> = items.iter().map(Item::json).collect();
                json!({ "items": items, "cursor": cursor.text() })
            }
            Self::Problem(_, code, _) => json!({ "code": code.text(), "detail": "no" }),
            Self::Response(_, body, _) => return body.clone(),
            Self::Nothing | Self::Error(..) => return Vec::new(),
        };
        json.to_string().into_bytes()
    }
}

impl Failure {
    fn kind(self) -> TransportErrorKind {
        match self {
            Self::Resolve => TransportErrorKind::Resolve,
            Self::Connect => TransportErrorKind::Connect,
            Self::Tls => TransportErrorKind::Tls,
            Self::Timeout => TransportErrorKind::Timeout,
            Self::Disconnected => TransportErrorKind::Disconnected,
            Self::Protocol => TransportErrorKind::Protocol,
            Self::TooLarge => TransportErrorKind::TooLarge,
            Self::File => TransportErrorKind::File,
        }
    }
}
