//! Requests of bots as JSON.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::{
    server::requests::{Completion, Entry, KeptBody},
    world::CredentialsProblem,
};

/// The head of a request and of its response.
pub(crate) fn request(entry: &Entry) -> Value {
    let completion = entry.completion.as_ref();
    let of = |get: fn(&Completion) -> Value| completion.map_or(Value::Null, get);
    json!({
        "number": entry.number,
        "summary": summary(entry),
        "at": entry.at,
        "method": entry.method.as_str(),
        "path": entry.uri.to_string(),
        "route": entry.route,
        "app_id": entry.app_id,
        "key": entry.key,
        "attempt": entry.attempt,
        "file_name": entry.file_name,
        "is_complete": completion.is_some(),
        "status": of(|it| json!(it.status.map(|status| status.as_u16()))),
        "code": of(|it| json!(it.code)),
        "mid": of(|it| json!(it.mid)),
        "fault": of(|it| json!(it.fault)),
        "delivered": of(|it| json!(it.delivered)),
        "duration_ms": of(|it| json!(u64::try_from(it.duration.as_millis()).unwrap_or(u64::MAX))),
        "request_bytes": of(|it| json!(it.request_body.size())),
        "response_bytes": of(|it| json!(it.response_body.size())),
        "credentials": of(|it| json!(it.credentials.map(credentials_name))),
    })
}

/// Returns facts of a request, besides its path and status: `key 7f3a9c51… · try 2 · fault: cut after`.
fn summary(entry: &Entry) -> String {
    let mut facts = Vec::new();
    if let Some(key) = &entry.key {
        let end = key.char_indices().nth(8).map(|(end, _)| end);
        facts.push(end.map_or_else(|| format!("key {key}"), |end| format!("key {}…", &key[..end])));
    }
    if entry.attempt > 1 {
        facts.push(format!("try {}", entry.attempt));
    }
    facts.extend(entry.file_name.clone());
    if let Some(completion) = &entry.completion {
        facts.extend(completion.fault.map(|fault| format!("fault: {fault}")));
        facts.extend(completion.code.clone());
        facts.extend(completion.credentials.map(|problem| credentials_words(problem).to_owned()));
        let size = match (&entry.file_name, &entry.key) {
            (Some(_), _) => completion.request_body.size(),
            (None, Some(_)) => None,
            (None, None) => completion.response_body.size().filter(|size| *size > 0),
        };
        facts.extend(size.map(size_words));
    }
    facts.join(" · ")
}

/// Returns what a request came with, in place of the right key.
fn credentials_words(problem: CredentialsProblem) -> &'static str {
    match problem {
        CredentialsProblem::Missing => "no credentials",
        CredentialsProblem::UnknownAppId => "an unknown App ID",
        CredentialsProblem::WrongSecret => "a wrong secret",
        CredentialsProblem::Revoked => "a revoked key",
    }
}

fn size_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", (bytes + 500) / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

fn credentials_name(problem: CredentialsProblem) -> &'static str {
    match problem {
        CredentialsProblem::Missing => "missing",
        CredentialsProblem::UnknownAppId => "unknown_app_id",
        CredentialsProblem::WrongSecret => "wrong_secret",
        CredentialsProblem::Revoked => "revoked",
    }
}

pub(crate) fn headers(headers: &HeaderMap) -> Value {
    let pair = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        json!({ "name": name.as_str(), "value": value })
    };
    headers.iter().map(pair).collect()
}

/// Headers that curl sends by itself.
const OF_CURL: [&str; 6] = ["host", "content-length", "user-agent", "accept", "connection", "accept-encoding"];

/// The command that sends the request again, with the credentials as variables of the shell.
pub(crate) fn curl(entry: &Entry) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    // A method may have characters that are special to a shell.
    let method = match entry.method.as_str() {
        word if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) => word.to_owned(),
        other => quoted(other),
    };
    let mut parts = vec![format!(r#"curl -u "$TEAMWIRE_APP_ID:$TEAMWIRE_SECRET" -X {method}"#)];
    for (name, value) in &entry.request_headers {
        if !OF_CURL.contains(&name.as_str()) {
            let header = format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()));
            parts.push(format!("-H {}", quoted(&header)));
        }
    }
    // A part of a body would be another request.
    if let Some(KeptBody::Bytes(bytes, size)) = entry.completion.as_ref().map(|it| &it.request_body)
        && u64::try_from(bytes.len()) == Ok(*size)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        parts.push(format!("--data-raw {}", quoted(text)));
    }
    parts.push(format!(r#""$TEAMWIRE_URL"{}"#, quoted(&entry.uri.to_string())));
    parts.join(" ")
}

/// A body: its text if it is UTF-8, and its size.
pub(crate) fn body(body: &KeptBody) -> Value {
    let text = match body {
        KeptBody::Empty => Some(String::new()),
        KeptBody::Bytes(bytes, size) => {
            let is_cut = u64::try_from(bytes.len()).is_ok_and(|length| length < *size);
            match std::str::from_utf8(bytes) {
                Ok(text) => Some(text.to_owned()),
                // The cut may be within a character.
                Err(error) if is_cut && bytes.len() - error.valid_up_to() < 4 => {
                    Some(String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned())
                }
                Err(_) => None,
            }
        }
        KeptBody::Dropped(_) => None,
    };
    json!({ "text": text, "bytes": body.size(), "is_kept": !matches!(body, KeptBody::Dropped(_)) })
}
