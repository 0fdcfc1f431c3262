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
