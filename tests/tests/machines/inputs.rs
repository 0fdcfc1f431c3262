//! Random inputs of a machine: every kind of reply, for any ticket, at any time.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
};
use serde_json::json;
use teamwire_core::{
    config::RetryPolicy,
    effect::{TransportError, TransportErrorKind},
    machine::Reply,
};
use teamwire_tests::operations::{Operation, response};

/// One input.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The awaited reply. If the machine sleeps, the time passes first.
    Reply(Canned),
    /// The monotonic clock advances, and the wall clock is adjusted.
    Pass(Duration, i64),
    /// An input without effect.
    Noise(Noise),
}

/// An input without effect.
#[derive(Clone, Debug)]
pub(crate) enum Noise {
    /// The machine is polled again, this number of times.
    Polls(u8),
    /// A second reply to a request.
    Late(Index, Canned),
    /// A reply to another machine's request.
    Strange(Canned),
}

/// A reply, relative to the operation that receives it.
#[derive(Clone, Debug)]
pub(crate) enum Canned {
    /// A response. Without a status, it has that of success.
    Response(Option<u16>, Text, Option<Vec<u8>>),
    /// A transport error.
    Fault(TransportErrorKind, bool, bool, u64),
}

/// The body of a response.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// The valid body.
    Valid,
    /// The valid body, with a further page.
    More(u8),
    /// The valid body, cut.
    Cut(Index),
    /// The valid body, with one changed byte.
    Mangled(Index, u8),
    /// A problem with this code.
    Problem(String),
    /// A proxy's HTML page.
    Html,
    /// Any bytes.
    Bytes(Vec<u8>),
}

impl Canned {
    pub(crate) fn is_in_progress(&self) -> bool {
        matches!(self, Self::Response(Some(409), Text::Problem(code), _) if code == "in_progress")
    }

    pub(crate) fn is_limited(&self) -> bool {
        matches!(self, Self::Response(Some(429), ..))
    }

    pub(crate) fn reply(&self, operation: Operation) -> Reply {
        match self {
            Self::Fault(kind, sent, reused, received) => Reply::Error(
                TransportError::new(*kind, "as the test says")
                    .with_sent(*sent)
                    .with_reused(*reused)
                    .with_received(*received),
            ),
            Self::Response(status, text, retry_after) => {
                let mut response = operation.response();
                if let Some(status) = status {
                    *response.status_mut() = StatusCode::from_u16(*status).expect("it is from 100 to 999");
                }
                *response.body_mut() = text.bytes(operation);
                if matches!(text, Text::Problem(_)) {
                    let problem = HeaderValue::from_static("application/problem+json");
                    response.headers_mut().insert(header::CONTENT_TYPE, problem);
                }
                if let Some(value) = retry_after.as_ref().and_then(|bytes| HeaderValue::from_bytes(bytes).ok()) {
                    response.headers_mut().insert(header::RETRY_AFTER, value);
                }
                Reply::Response(response)
            }
        }
    }
}

impl Text {
    fn bytes(&self, operation: Operation) -> Vec<u8> {
        let mut valid = operation.response().into_body();
        match self {
            Self::Valid => return valid,
            Self::More(cursor) => {
                let mut json = operation.status_and_json().1;
                if json.is_object() {
                    json["next_cursor"] = format!("after {cursor}").into();
                }
                return response(200, &json).into_body();
            }
            Self::Cut(at) => valid.truncate(at.index(valid.len() + 1)),
            Self::Mangled(at, byte) if !valid.is_empty() => {
                let at = at.index(valid.len());
                valid[at] = *byte;
            }
            Self::Mangled(..) => {}
            Self::Problem(code) => return json!({ "code": code, "detail": "no" }).to_string().into_bytes(),
            Self::Html => return b"<html><h1>502 Bad Gateway</h1></html>".to_vec(),
            Self::Bytes(bytes) => return bytes.clone(),
        }
        valid
    }
}

pub(crate) fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let input = prop_oneof![
        6 => canned().prop_map(Input::Reply),
        2 => pass(),
        4 => noise().prop_map(Input::Noise),
    ];
    vec(input, 0..24)
}

fn pass() -> impl Strategy<Value = Input> {
    let time = prop_oneof![
        6 => (0_u64..200_000).prop_map(Duration::from_millis),
        1 => any::<u64>().prop_map(Duration::from_nanos),
        1 => Just(Duration::MAX),
    ];
    let jump = prop_oneof![4 => Just(0), 2 => -200_000_i64..200_000, 1 => any::<i64>()];
    (time, jump).prop_map(|(time, jump)| Input::Pass(time, jump))
}

fn noise() -> impl Strategy<Value = Noise> {
    prop_oneof![
        (1_u8..4).prop_map(Noise::Polls),
        (any::<Index>(), canned()).prop_map(|(which, reply)| Noise::Late(which, reply)),
        canned().prop_map(Noise::Strange),
    ]
}

fn canned() -> impl Strategy<Value = Canned> {
    let status = prop_oneof![
        4 => Just(None),
        5 => select(vec![408, 409, 429, 500, 502, 503, 504]).prop_map(Some),
        2 => select(vec![200, 201, 204, 206, 301, 304, 400, 401, 403, 404, 410, 422]).prop_map(Some),
        1 => (100_u16..1000).prop_map(Some),
    ];
    let response = (status, text(), option::weighted(0.4, retry_after()));
    prop_oneof![3 => response.prop_map(|(status, text, wait)| Canned::Response(status, text, wait)), 2 => fault()]
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        4 => Just(Text::Valid),
        3 => (0_u8..4).prop_map(Text::More),
        1 => any::<Index>().prop_map(Text::Cut),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Text::Mangled(at, byte)),
        3 => code().prop_map(Text::Problem),
        1 => Just(Text::Html),
        1 => vec(any::<u8>(), 0..40).prop_map(Text::Bytes),
    ]
}

fn code() -> impl Strategy<Value = String> {
    let known = ["in_progress", "conflict", "server", "rate_limited", "not_found", "auth", "invalid_members"];
    prop_oneof![4 => select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn retry_after() -> impl Strategy<Value = Vec<u8>> {
    let dates = ["Thu, 01 Jan 2026 00:00:30 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"];
    let others = ["-1", "+5", "1.5", "", " 7 ", "18446744073709551615", "18446744073709551616", "Thursday, 01-Jan-26"];
    prop_oneof![
        (0_u64..100).prop_map(|seconds| seconds.to_string().into_bytes()),
        select(dates.to_vec()).prop_map(|date| date.as_bytes().to_vec()),
        select(others.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        vec(any::<u8>(), 0..12),
    ]
}

fn fault() -> impl Strategy<Value = Canned> {
    let kinds = vec![
        TransportErrorKind::Resolve,
        TransportErrorKind::Connect,
        TransportErrorKind::Tls,
        TransportErrorKind::Timeout,
        TransportErrorKind::Disconnected,
        TransportErrorKind::Disconnected,
        TransportErrorKind::Disconnected,
        TransportErrorKind::Protocol,
        TransportErrorKind::TooLarge,
    ];
    let received = prop_oneof![Just(0), 1_u64..9, any::<u64>()];
    (select(kinds), any::<bool>(), any::<bool>(), received)
        .prop_map(|(kind, sent, reused, received)| Canned::Fault(kind, sent, reused, received))
}

/// Any retry policy.
pub(crate) fn policies() -> impl Strategy<Value = RetryPolicy> {
    let wait = || prop_oneof![3 => (0_u64..40_000).prop_map(Duration::from_millis), 1 => Just(Duration::MAX)];
    let limit = prop_oneof![3 => Just(None), 1 => wait().prop_map(Some)];
    (0_u32..5, wait(), wait(), wait(), limit).prop_map(
        |(max_retries, initial_backoff, max_backoff, max_retry_after, give_up_after)| RetryPolicy {
            max_retries,
            initial_backoff,
            max_backoff,
            max_retry_after,
            give_up_after,
        },
    )
}
