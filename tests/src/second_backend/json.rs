//! The JSON of the sandbox in that of the example protocol.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};

use super::{attachments, connection::Response, reply::Reply};

/// Names of the contract that are not only written in another way.
const NAMES: [(&str, &str); 13] = [
    ("uid", "userId"),
    ("gid", "groupId"),
    ("tid", "chatId"),
    ("mid", "messageId"),
    ("from_user", "user"),
    ("msg", "text"),
    ("alert_type", "alert"),
    ("deleted", "isDeleted"),
    ("sender_display_name", "sender"),
    ("link_preview", "link"),
    ("reaction_type", "symbol"),
    ("type", "kind"),
    ("reply_to", "replyTo"),
];

/// Translates a value of the sandbox.
pub(super) fn translated(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(translated).collect(),
        Value::Object(members) => object(members),
        other => other.clone(),
    }
}

fn object(members: &Map<String, Value>) -> Value {
    let mut translated_members = Map::new();
    for (name, value) in members {
        let (name, value) = match name.as_str() {
            "timestamp" => ("sentAt".to_owned(), time(value)),
            "attachments" => (name.clone(), attachments::received(value)),
            "type" => ("kind".to_owned(), if value == "one_to_one" { "direct".into() } else { value.clone() }),
            _ => (renamed(name), translated(value)),
        };
        translated_members.insert(name, value);
    }
    if members.get("is_alert") == Some(&Value::Bool(true)) && members.get("alert_type") == Some(&Value::Null) {
        translated_members.insert("alert".to_owned(), "alert".into());
    }
    Value::Object(translated_members)
}

fn renamed(name: &str) -> String {
    if let Some((_, renamed)) = NAMES.iter().find(|(known, _)| *known == name) {
        return (*renamed).to_owned();
    }
    let mut words = name.split('_');
    let mut renamed = words.next().unwrap_or_default().to_owned();
    for word in words {
        renamed.extend(word.chars().next().map(|first| first.to_ascii_uppercase()));
        renamed.extend(word.chars().skip(1));
    }
    renamed
}

/// Translates a time in milliseconds.
pub(super) fn time(millis: &Value) -> Value {
    let time = millis.as_i64().and_then(DateTime::from_timestamp_millis);
    time.map_or(Value::Null, |time| time.to_rfc3339_opts(SecondsFormat::Millis, true).into())
}

/// Returns an error response.
pub(super) fn error(status: u16, id: &str, text: &str) -> Response {
    Response::json(status, &json!({ "error": { "id": id, "text": text } }))
}

/// Translates an error response of the sandbox.
pub(super) fn refusal(reply: &Reply) -> Response {
    let problem: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    let id = match (problem["code"].as_str().unwrap_or_default(), reply.status) {
        ("auth", 401) => "sessionExpired",
        ("auth", _) => "forbidden",
        ("not_found", _) => "notFound",
        ("invalid_members", _) => "invalidMembers",
        ("update_members_not_allowed", _) => "membersLocked",
        ("leave_chat_not_allowed", _) => "leavingLocked",
        ("close_chat_not_allowed", _) => "closingLocked",
        ("read_receipts_disabled", _) => "receiptsDisabled",
        ("image_load", _) => "noImage",
        ("image_remove", _) => "imageLocked",
        ("rate_limited", _) => "tooManyRequests",
        ("conflict", _) => "conflict",
        ("server", _) => "failed",
        _ => "invalid",
    };
    let error = json!({ "id": id, "text": problem["detail"], "ids": problem["invalid_members"].as_array() });
    let error: Map<_, _> =
        error.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).map(owned).collect();
    let response = Response::json(reply.status, &json!({ "error": error }));
    let passed_on = ["retry-after", "x-request-id"].into_iter();
    passed_on.fold(response, |response, name| match reply.headers.get(name) {
        Some(value) => response.with_header(name, value),
        None => response,
    })
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}
