//! Deliberate defects, each of which an invariant has to notice: between the machines and the network, in the
//! clocks, or in the server.

use http::{HeaderValue, Request, Response, StatusCode, header};
use serde_json::{Value, json};

/// The deliberate defect of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Defect {
    /// No defect.
    #[default]
    None,
    /// PUT and PATCH requests lose their idempotency keys.
    KeyOmitted,
    /// Each attempt gets a new idempotency key.
    NewKeyForEachAttempt,
    /// The server replays rejections to repeated keys.
    RejectionRemembered,
    /// An operation is retried although the policy allows one attempt.
    RetriedAgainstPolicy,
    /// The last item of a batch is removed.
    EventLost,
    /// The items of a batch are reversed, but their cursors are not.
    EventsReordered,
    /// A batch returns the cursor of its first item.
    CursorNotAdvanced,
    /// `Retry-After` headers are removed.
    RetryAfterIgnored,
    /// Problem documents lose their codes.
    CodeRemoved,
    /// Problem documents with malformed members lose their codes.
    MalformedProblemCodeRemoved,
    /// The wall clock stands still while the machine is suspended.
    SuspensionHidden,
    /// A rate limit of the server is reported as a failure of the server, so that other requests do not wait.
    RateLimitHidden,
    /// The HTML page of a gateway is treated as the server's rejection.
    GatewayPageTrusted,
}

impl Defect {
    /// All defects.
    pub const ALL: &[Self] = &[
        Self::KeyOmitted,
        Self::NewKeyForEachAttempt,
        Self::RejectionRemembered,
        Self::RetriedAgainstPolicy,
        Self::EventLost,
        Self::EventsReordered,
        Self::CursorNotAdvanced,
        Self::RetryAfterIgnored,
        Self::CodeRemoved,
        Self::MalformedProblemCodeRemoved,
        Self::GatewayPageTrusted,
        Self::SuspensionHidden,
        Self::RateLimitHidden,
    ];

    /// Alters the request with this number on its way to the server.
    pub(super) fn alter_request(self, request: &mut Request<Vec<u8>>, number: usize) {
        let is_change = matches!(request.method().as_str(), "PUT" | "PATCH");
        match self {
            Self::KeyOmitted if is_change => drop(request.headers_mut().remove("idempotency-key")),
            Self::NewKeyForEachAttempt if request.headers().contains_key("idempotency-key") => {
                let key = HeaderValue::try_from(format!("attempt-{number}")).expect("digits are valid in a header");
                request.headers_mut().insert("idempotency-key", key);
            }
            _ => {}
        }
    }

    /// Alters a response on its way to the client, whether a gateway or the server has sent it.
    pub(super) fn alter_reply(self, response: &mut Response<Vec<u8>>) {
        match self {
            Self::RetryAfterIgnored => drop(response.headers_mut().remove(header::RETRY_AFTER)),
            Self::RateLimitHidden if response.status() == StatusCode::TOO_MANY_REQUESTS => {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            }
            Self::MalformedProblemCodeRemoved => edit_json(response.body_mut(), |json| {
                if json["title"].is_array() {
                    json["code"] = Value::Null;
                }
            }),
            Self::GatewayPageTrusted if response.body().starts_with(b"<html>") => {
                let status = response.status().as_u16();
                let code = if status == 403 { "auth" } else { "not_found" };
                *response.body_mut() = json!({ "status": status, "code": code }).to_string().into_bytes();
                let problem = HeaderValue::from_static("application/problem+json");
                response.headers_mut().insert(header::CONTENT_TYPE, problem);
            }
            _ => {}
        }
    }

    /// Alters a response of the server.
    pub(super) fn alter_response(self, response: &mut Response<Vec<u8>>) {
        match self {
            Self::CodeRemoved if !response.status().is_success() => {
                edit_json(response.body_mut(), |json| json["code"] = Value::Null);
            }
            Self::EventLost => edit_items(response.body_mut(), |items| drop(items.pop())),
            Self::EventsReordered => edit_items(response.body_mut(), |items| {
                let data: Vec<Value> = items.iter().rev().map(|item| item["data"].clone()).collect();
                items.iter_mut().zip(data).for_each(|(item, data)| item["data"] = data);
            }),
            Self::CursorNotAdvanced => edit_json(response.body_mut(), |json| {
                if let Some(first) = json["items"].get(0).map(|item| item["cursor"].clone())
                    && json["items"].as_array().is_some_and(|items| items.len() > 1)
                {
                    json["cursor"] = first;
                }
            }),
            _ => {}
        }
    }
}

/// Edits a JSON object in place. Other bodies stay unchanged.
pub(super) fn edit_json(body: &mut Vec<u8>, change: impl FnOnce(&mut Value)) {
    if let Ok(mut json) = serde_json::from_slice::<Value>(body)
        && json.is_object()
    {
        change(&mut json);
        *body = json.to_string().into_bytes();
    }
}

/// Edits the items of a batch in place.
pub(super) fn edit_items(body: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Value>)) {
    edit_json(body, |json| {
        if let Some(items) = json["items"].as_array_mut() {
            change(items);
        }
    });
}
