//! Posts: their files are stored in the sandbox first.

use serde_json::{Map, Value, json};

use super::{
    Shared, attachments,
    connection::{Request, Response},
    form::{self, Field},
    json::{error, translated},
    upstream::{Call, Refused},
};

/// Names of drafts, and those of the contract.
const NAMES: [(&str, &str); 8] = [
    ("replyTo", "reply_to"),
    ("alert", "alert_type"),
    ("sender", "sender_display_name"),
    ("isAlert", "is_alert"),
    ("allowSending", "allow_sending"),
    ("allowMuteNotifications", "allow_mute_notifications"),
    ("user", "recipient"),
    ("symbol", "reaction_type"),
];

/// The kind of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Chat,
    Direct,
}

/// Performs a post.
pub(super) fn post(shared: &Shared, request: &Request, route: &str, kind: Kind) -> Refused<Response> {
    let fields = form::fields(request).ok_or_else(|| error(400, "invalid", "The form is malformed"))?;
    let (text, files): (Vec<_>, Vec<_>) = fields.into_iter().partition(|field| field.file_name.is_none());
    let draft = text.first().and_then(|field| serde_json::from_slice::<Value>(&field.content).ok());
    let draft = draft.ok_or_else(|| error(400, "invalid", "The draft is malformed"))?;
    let stored = files.iter().map(|file| Ok((file.name.clone(), store(shared, file)?))).collect::<Refused<Vec<_>>>()?;
    let mut body = renamed(&draft);
    if let Some(text) = body.remove("text") {
        body.insert(if kind == Kind::Message { "msg" } else { "message" }.to_owned(), text);
    }
    match attachments::drafts(&draft["attachments"], &stored) {
        Value::Array(items) if !items.is_empty() => body.insert("attachments".to_owned(), items.into()),
        _ => body.remove("attachments"),
    };
    if let Some((_, avatar)) = stored.iter().find(|(field, _)| field == "avatar") {
        body.insert("avatar".to_owned(), avatar.as_str().into());
    }
    match kind {
        Kind::Message => None,
        Kind::Chat => body.insert("type".to_owned(), "group".into()),
        Kind::Direct => body.insert("type".to_owned(), "one_to_one".into()),
    };
    let made = Call::new("POST", route).json(&Value::Object(body)).value(shared)?;
    Ok(Response::json(201, &json!({ "data": translated(&made) })))
}

/// Returns the JSON of a request in that of the sandbox, without members that are `null`.
pub(super) fn renamed(draft: &Value) -> Map<String, Value> {
    let members = draft.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    members
        .map(|(name, value)| {
            let known = NAMES.iter().find(|(known, _)| known == name);
            (known.map_or(name.as_str(), |(_, to)| to).to_owned(), value.clone())
        })
        .collect()
}

/// Stores a file, and returns the id of its asset.
fn store(shared: &Shared, file: &Field) -> Refused<String> {
    let name = file.file_name.as_deref().unwrap_or_default();
    let name = name.bytes().fold(String::new(), |name, byte| format!("{name}%{byte:02X}"));
    let media_type = file.media_type.clone().unwrap_or_default();
    let upload = Call::new("POST", "/v1/assets").body(media_type, file.content.clone());
    let asset = upload.header("Content-Disposition", format!("attachment; filename*=UTF-8''{name}")).value(shared)?;
    Ok(asset["id"].as_str().unwrap_or_default().to_owned())
}

/// Sets an avatar.
pub(super) fn avatar(shared: &Shared, request: &Request, route: &str) -> Refused<Response> {
    let fields = form::fields(request).unwrap_or_default();
    let image = fields.into_iter().find(|field| field.name == "avatar");
    let image = image.ok_or_else(|| error(400, "invalid", "The form has no avatar"))?;
    Call::new("PUT", route).body("image/jpeg", image.content).send(shared)?;
    Ok(Response::empty(204))
}
