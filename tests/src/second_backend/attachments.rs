//! Attachments in the form of the sandbox, and in that of the example protocol.

use serde_json::{Map, Value};

use super::json::translated;

/// A name of the contract, and that of the example protocol.
type Names = (&'static str, &'static str);

/// The kinds that both have: their names, and those of their members.
const KINDS: [(&str, &str, &[Names]); 7] = [
    ("calendar", "event", &[("description", "notes"), ("location", "place")]),
    ("location", "place", &[("lat", "latitude"), ("lon", "longitude"), ("postal_code", "postalCode")]),
    ("gallery", "pictures", &[("images", "files")]),
    ("sound", "sound", &[("asset", "file"), ("duration_ms", "millis")]),
    ("video", "video", &[("asset", "file"), ("duration_ms", "millis")]),
    ("file", "file", &[("asset", "file")]),
    ("poll", "poll", &[("multiple_choice", "isMultipleChoice")]),
];

/// Translates the attachments of a message of the sandbox. Those of other kinds remain as they are.
pub(super) fn received(list: &Value) -> Value {
    let items = list.as_array().into_iter().flatten();
    items
        .map(|item| {
            let Some((_, kind, names)) = KINDS.iter().find(|(kind, ..)| item["kind"] == *kind) else {
                return item.clone();
            };
            let rename = |name: &str| names.iter().find(|(from, _)| *from == name).map(|(_, to)| *to);
            members(item, kind, rename, |value| if value.get("size").is_some() { file(value) } else { files(value) })
        })
        .collect()
}

fn files(value: &Value) -> Value {
    match value.as_array() {
        Some(items) if items.iter().all(Value::is_object) => items.iter().map(file).collect(),
        _ => translated(value),
    }
}

fn file(asset: &Value) -> Value {
    serde_json::json!({
        "fileId": asset["id"], "name": asset["file_name"], "mediaType": asset["media_type"], "size": asset["size"],
    })
}

/// Translates the attachments of a draft, whose files are `stored`: the names of their fields, and their assets.
pub(super) fn drafts(list: &Value, stored: &[(String, String)]) -> Value {
    let items = list.as_array().into_iter().flatten();
    items
        .map(|item| {
            let known = KINDS.iter().find(|(_, kind, _)| item["kind"] == *kind);
            let Some((kind, _, names)) = known else { return item.clone() };
            let rename = |name: &str| names.iter().find(|(_, to)| *to == name).map(|(from, _)| *from);
            members(item, kind, rename, |value| assets(value, stored))
        })
        .collect()
}

/// Replaces the names of fields by the ids of their assets, and brings times into the form of the contract.
fn assets(value: &Value, stored: &[(String, String)]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| assets(item, stored)).collect(),
        Value::String(text) => match stored.iter().find(|(field, _)| field == text) {
            Some((_, asset)) => asset.as_str().into(),
            None => text.as_str().into(),
        },
        other => other.clone(),
    }
}

/// Returns the object with renamed members, without those that are `null`.
fn members<'a>(
    object: &'a Value,
    kind: &str,
    rename: impl Fn(&'a str) -> Option<&'a str>,
    value: impl Fn(&Value) -> Value,
) -> Value {
    let mut members = Map::new();
    for (name, member) in object.as_object().into_iter().flatten().filter(|(_, member)| !member.is_null()) {
        let is_time = matches!(name.as_str(), "start" | "end");
        let member = if is_time { with_millis(member) } else { value(member) };
        members.insert(rename(name).unwrap_or(name).to_owned(), member);
    }
    members.insert("kind".to_owned(), kind.into());
    Value::Object(members)
}

/// Returns a time with three digits of milliseconds.
fn with_millis(time: &Value) -> Value {
    let time = time.as_str().and_then(|time| time.parse::<chrono::DateTime<chrono::Utc>>().ok());
    time.map_or(Value::Null, |time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true).into())
}
