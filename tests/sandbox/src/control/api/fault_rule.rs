//! Reads fault rules.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;
use serde_json::Value;

use crate::{
    server::faults::{Fault, Rule},
    world::contract::{
        json_object::{self, JsonObject},
        problem::Problem,
    },
};

const KINDS: [&str; 12] = [
    "delay",
    "slow",
    "cut_after",
    "cut_body",
    "no_response_after",
    "status",
    "response",
    "cut_before",
    "cut_request",
    "no_response",
    "raw",
    "raw_then_hang",
];

/// The maximum delay in milliseconds: one day.
const MAX_DELAY_MS: u64 = 86_400_000;

/// Reads a rule.
pub(super) fn read(body: &Value) -> Result<Rule, Problem> {
    json_object::read(body, |object| {
        object.require(&["kind"]);
        let fault = object.one_of("kind", &KINDS).and_then(|kind| fault(object, kind));
        let (method, path) = (object.string("method", 1..=16), object.string("path", 1..=1024));
        let (under, after) = (object.string("under", 1..=1024), number(object, "after", u64::from(u32::MAX)));
        let (times, always) = (number(object, "times", u64::from(u32::MAX)), object.boolean("always"));
        if times.is_some() && always == Some(true) {
            object.error("times", "cannot be combined with always");
        }
        let mut rule = Rule::new(fault?);
        rule = match (method, path) {
            (Some(method), Some(path)) => rule.on(&method, &path),
            (Some(method), None) => rule.method(&method),
            (None, Some(path)) => rule.path(&path),
            (None, None) => rule,
        };
        rule = under.into_iter().fold(rule, |rule, prefix| rule.under(&prefix));
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        rule = after.into_iter().fold(rule, |rule, count| rule.after(small(count)));
        rule = times.into_iter().fold(rule, |rule, count| rule.times(small(count)));
        Some(if always == Some(true) { rule.always() } else { rule })
    })
}

fn number(object: &mut JsonObject<'_>, name: &'static str, max: u64) -> Option<u64> {
    let number = object.integer(name)?;
    if number > max {
        object.error(name, format!("must be at most {max}"));
    }
    Some(number)
}

fn fault(object: &mut JsonObject<'_>, kind: &str) -> Option<Fault> {
    let delay = |object: &mut JsonObject<'_>| {
        object.require(&["ms"]);
        number(object, "ms", MAX_DELAY_MS).map(Duration::from_millis)
    };
    let after_bytes = |object: &mut JsonObject<'_>| object.integer("after_bytes").unwrap_or(0);
    Some(match kind {
        "delay" => Fault::Delay(delay(object)?),
        "slow" => Fault::Slow(delay(object)?),
        "status" => {
            let status = status(object, 400..=599)?;
            Fault::Status { status, retry_after: number(object, "retry_after", MAX_DELAY_MS) }
        }
        "response" => {
            let status = status(object, 200..=599)?;
            let media_type = object.string("content_type", 1..=256).unwrap_or_else(|| "application/json".to_owned());
            Fault::response(status.as_u16(), &media_type, bytes(object).unwrap_or_default())
        }
        "raw" => Fault::Raw(required_bytes(object)?),
        "raw_then_hang" => Fault::RawThenHang(required_bytes(object)?),
        "cut_before" => Fault::CutBefore,
        "cut_request" => Fault::CutRequest { after_bytes: after_bytes(object) },
        "cut_after" => Fault::CutAfter,
        "cut_body" => Fault::CutBody { after_bytes: after_bytes(object) },
        "no_response" => Fault::NoResponse,
        _ => Fault::NoResponseAfter,
    })
}

fn status(object: &mut JsonObject<'_>, limits: std::ops::RangeInclusive<u64>) -> Option<StatusCode> {
    object.require(&["status"]);
    let number = object.integer("status")?;
    let status = limits.contains(&number).then(|| StatusCode::from_u16(u16::try_from(number).ok()?).ok()).flatten();
    if status.is_none() {
        object.error("status", format!("must be a status in {limits:?}"));
    }
    status
}

fn required_bytes(object: &mut JsonObject<'_>) -> Option<Vec<u8>> {
    let bytes = bytes(object);
    if bytes.is_none() {
        object.error_here("needs text or base64");
    }
    bytes
}

/// The bytes to send, given as text or in Base64.
fn bytes(object: &mut JsonObject<'_>) -> Option<Vec<u8>> {
    if let Some(text) = object.string("text", 0..=1_000_000) {
        return Some(text.into_bytes());
    }
    let decoded = STANDARD.decode(object.string("base64", 0..=1_000_000)?).ok();
    if decoded.is_none() {
        object.error("base64", "must be Base64");
    }
    decoded
}
