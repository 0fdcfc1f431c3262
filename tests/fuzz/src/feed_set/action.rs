//! What can happen to a set of feeds.

use std::time::Duration;

use arbitrary::Arbitrary;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use teamwire_core::{Fault, FaultKind, Reply, Response, script::sample};

/// One thing that happens.
#[derive(Arbitrary, Debug)]
pub enum Action {
    /// A feed is added under this key, in place of the one that had it.
    Insert(FeedKey, FeedKind, Option<Cursor>),
    /// A feed is taken out, and taken back in if so.
    Remove(FeedKey, bool),
    /// A feed is stopped.
    Stop(FeedKey),
    /// All are stopped.
    StopAll,
    /// The set is asked for what is next.
    Next,
    /// The set is asked until it has nothing more to do now.
    Drain,
    /// A request gets its reply.
    Reply(u8, CannedReply),
    /// A reply comes again, or after its feed was stopped or has ended; to this feed, which may be another one.
    LateReply(u8, FeedKey, CannedReply),
    /// What was handed out is handed out again.
    Reissue,
    /// Time passes, and the wall clock is set forward or back by so many milliseconds.
    AdvanceTime(Duration, i64),
}

/// The name of a feed in the set. A few are enough to meet again.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeedKey {
    A,
    B,
    C,
    D,
}

/// What a feed is about.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum FeedKind {
    AllMessages,
    Messages,
    Reactions,
    Locations,
}

/// A point in a feed.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Cursor(u8);

/// A reply.
#[derive(Arbitrary, Debug)]
pub enum CannedReply {
    /// A subscription.
    Lease(Cursor),
    /// What has happened, and where to go on.
    Batch(Vec<Item>, Cursor),
    /// A refusal.
    Problem(Status, Code, Option<String>),
    /// Success without a body.
    Nothing,
    /// A response of any kind.
    Response(Status, Vec<u8>, Option<Vec<u8>>),
    /// No response.
    Fault(Failure, bool, bool, u64),
}

/// Something that has happened.
#[derive(Arbitrary, Debug)]
pub enum Item {
    Message(Cursor, bool),
    Reaction(Cursor),
    UnknownKind(Cursor, String),
    Raw(String),
}

/// A status, the usual ones more often than others.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Status {
    /// One of the usual ones.
    Common(u8),
    /// Any.
    Any(u16),
}

/// The code of a refusal.
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

/// What kept a request from its response.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Failure {
    Resolve,
    Connect,
    Tls,
    Timeout,
    Lost,
    Protocol,
    TooLarge,
    File,
}

const COMMON_STATUSES: [u16; 14] = [200, 200, 204, 400, 401, 403, 404, 409, 410, 429, 500, 502, 503, 504];

impl Action {
    /// How many bytes of texts it has, and some for itself.
    pub fn byte_len(&self) -> usize {
        let (Self::Reply(_, canned) | Self::LateReply(_, _, canned)) = self else { return size_of::<Self>() };
        size_of::<Self>() + canned.body().len()
    }
}

impl Cursor {
    pub(crate) fn text(self) -> String {
        match self.0 {
            // One that no server can have given.
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
        StatusCode::from_u16(code).expect("it is from 100 to 999")
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
            Self::Fault(failure, sent, reused, received) => {
                let fault = Fault::new(failure.kind(), "as the input says");
                return Reply::Fault(fault.sent(*sent).reused(*reused).received(*received));
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
            Self::Nothing | Self::Fault(..) => return Vec::new(),
        };
        json.to_string().into_bytes()
    }
}

impl Failure {
    fn kind(self) -> FaultKind {
        match self {
            Self::Resolve => FaultKind::Resolve,
            Self::Connect => FaultKind::Connect,
            Self::Tls => FaultKind::Tls,
            Self::Timeout => FaultKind::Timeout,
            Self::Lost => FaultKind::Lost,
            Self::Protocol => FaultKind::Protocol,
            Self::TooLarge => FaultKind::TooLarge,
            Self::File => FaultKind::File,
        }
    }
}
