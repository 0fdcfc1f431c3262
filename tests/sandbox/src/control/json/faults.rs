//! Faults as JSON.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::server::{
    Shared,
    faults::{ArmedRule, Fault},
    rules::CloseMode,
};

/// The armed rules, and when connections are closed.
pub(crate) fn faults(shared: &Shared) -> Value {
    let items: Vec<_> = shared.rules.list().iter().map(armed_rule).collect();
    json!({ "items": items, "closing": closing(shared) })
}

pub(crate) fn closing(shared: &Shared) -> Value {
    let view = |(every, mode)| json!({ "every": every, "announced": mode == CloseMode::Announced });
    shared.rules.closing().map_or(Value::Null, view)
}

/// An armed rule.
fn armed_rule(rule: &ArmedRule) -> Value {
    let mut json = parameters(&rule.fault);
    json.insert("summary".to_owned(), json!(summary(rule, &json)));
    json.insert("id".to_owned(), json!(rule.id));
    json.insert("has_condition".to_owned(), json!(rule.has_condition));
    json.insert("after".to_owned(), json!(rule.skip));
    json.insert("times".to_owned(), json!(rule.times));
    for (name, value) in [("method", &rule.method), ("path", &rule.path), ("under", &rule.under)] {
        json.insert(name.to_owned(), json!(value));
    }
    Value::Object(json)
}

/// Returns a rule in words: `cut after · POST …/messages · 1 left`.
fn summary(rule: &ArmedRule, parameters: &Map<String, Value>) -> String {
    let kind = parameters["kind"].as_str().unwrap_or_default().replace('_', " ");
    let status = parameters.get("status").map(|status| format!(" {status}")).unwrap_or_default();
    let path = rule.path.as_ref().or(rule.under.as_ref());
    let path = path.map(|path| path.strip_prefix("/v1/chats/*/").map_or(path.clone(), |rest| format!("…/{rest}")));
    let requests = [rule.method.clone(), path].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let requests = if requests.is_empty() { "any request".to_owned() } else { requests };
    let after = if rule.skip > 0 { format!(" · after {}", rule.skip) } else { String::new() };
    let times = rule.times.map_or_else(|| "always".to_owned(), |times| format!("{times} left"));
    format!("{kind}{status} · {requests}{after} · {times}")
}

fn parameters(fault: &Fault) -> Map<String, Value> {
    let millis = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let bytes = |kind: &str, bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => json!({ "kind": kind, "text": text }),
        Err(_) => json!({ "kind": kind, "base64": STANDARD.encode(bytes) }),
    };
    let json = match fault {
        Fault::Delay(delay) => json!({ "kind": "delay", "ms": millis(delay) }),
        Fault::Slow(delay) => json!({ "kind": "slow", "ms": millis(delay) }),
        Fault::Status { status, retry_after } => {
            json!({ "kind": "status", "status": status.as_u16(), "retry_after": retry_after })
        }
        Fault::Response { status, headers, body } => {
            let mut json = bytes("response", body);
            json["status"] = json!(status.as_u16());
            let media_type = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            json["content_type"] = json!(media_type.map(|(_, value)| value));
            json
        }
        Fault::Raw(sent) => bytes("raw", sent),
        Fault::RawThenHang(sent) => bytes("raw_then_hang", sent),
        Fault::CutBefore => json!({ "kind": "cut_before" }),
        Fault::CutRequest { after_bytes } => json!({ "kind": "cut_request", "after_bytes": after_bytes }),
        Fault::CutAfter => json!({ "kind": "cut_after" }),
        Fault::CutBody { after_bytes } => json!({ "kind": "cut_body", "after_bytes": after_bytes }),
        Fault::NoResponse => json!({ "kind": "no_response" }),
        Fault::NoResponseAfter => json!({ "kind": "no_response_after" }),
    };
    match json {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
