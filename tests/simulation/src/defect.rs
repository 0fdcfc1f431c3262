//! Defects on purpose, to see that a promise notices each. They stand between the machines and the network, or in the server.

use http::{HeaderValue, Request, Response, StatusCode, header};
use serde_json::{Value, json};

/// What is broken in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Defect {
    /// Nothing.
    #[default]
    None,
    /// PUT and PATCH are sent without their keys.
    KeyOmitted,
    /// Each attempt has a key of its own.
    NewKeyForEachAttempt,
    /// The server remembers refusals under their keys.
    RejectionRemembered,
    /// An operation that is to be tried once is tried again.
    RetriedAgainstPolicy,
    /// The last event of a batch is lost.
    EventLost,
    /// The events of a batch come in another order, with the cursors as they were.
    EventsReordered,
    /// A poll that brought an event is repeated where it was.
    CursorNotAdvanced,
    /// `Retry-After` is not seen.
    RetryAfterIgnored,
    /// A problem document loses its code.
    CodeRemoved,
    /// A problem document with odd members loses its code.
    MalformedProblemCodeRemoved,
    /// The wall clock stands still while the machine is suspended.
    SuspensionHidden,
    /// A rate limit of the server is reported as a failure of the server, so that other requests do not wait.
    RateLimitHidden,
    /// The page of a gateway is taken for the server's refusal.
    GatewayPageTrusted,
}

impl Defect {
    /// All that are some.
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

    /// Changes a request on its way out: the one with this number.
    pub(super) fn alter_request(self, request: &mut Request<Vec<u8>>, number: usize) {
        let is_change = matches!(request.method().as_str(), "PUT" | "PATCH");
        match self {
            Self::KeyOmitted if is_change => drop(request.headers_mut().remove("idempotency-key")),
            Self::NewKeyForEachAttempt if request.headers().contains_key("idempotency-key") => {
                let key = HeaderValue::try_from(format!("attempt-{number}")).expect("digits can be in a header");
                request.headers_mut().insert("idempotency-key", key);
            }
            _ => {}
        }
    }

    /// Changes what the client hears, whoever has responded.
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

    /// Changes a response of the server.
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

/// Changes JSON in place; what is none stays.
pub(super) fn edit_json(body: &mut Vec<u8>, change: impl FnOnce(&mut Value)) {
    if let Ok(mut json) = serde_json::from_slice::<Value>(body)
        && json.is_object()
    {
        change(&mut json);
        *body = json.to_string().into_bytes();
    }
}

/// Changes the events of a batch in place.
pub(super) fn edit_items(body: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Value>)) {
    edit_json(body, |json| {
        if let Some(items) = json["items"].as_array_mut() {
            change(items);
        }
    });
}
