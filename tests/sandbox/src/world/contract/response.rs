//! Answers: what an operation says before it is an HTTP response.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use super::{
    headers::FileResponse,
    problem::{Problem, to_bytes},
};

/// The header that names a request in the server's logs.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What an operation answers.
#[derive(Debug)]
pub(crate) enum Outcome {
    Json(StatusCode, Value),
    NoContent,
    /// An answer with headers of its own.
    Response(Response<Vec<u8>>),
    File(FileResponse),
    /// Nothing yet: ask again at this time, or when something has changed.
    Wait(Duration),
}

/// What every operation returns.
pub(crate) type OperationResult = Result<Outcome, Problem>;

#[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they answer with a `OperationResult`")]
pub(crate) fn ok(value: Value) -> OperationResult {
    Ok(Outcome::Json(StatusCode::OK, value))
}

#[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they answer with a `OperationResult`")]
pub(crate) fn created(value: Value) -> OperationResult {
    Ok(Outcome::Json(StatusCode::CREATED, value))
}

pub(crate) fn json(status: StatusCode, value: &Value, request_id: &str) -> Response<Vec<u8>> {
    with_body(status, "application/json", to_bytes(value), request_id)
}

pub(crate) fn with_body(status: StatusCode, media_type: &str, bytes: Vec<u8>, request_id: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(bytes);
    *response.status_mut() = status;
    if let Ok(value) = HeaderValue::from_str(media_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    set_request_id(&mut response, request_id);
    response
}

pub(crate) fn no_content(request_id: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    set_request_id(&mut response, request_id);
    response
}

/// Puts the request's own id on an answer.
pub(crate) fn set_request_id<B>(response: &mut Response<B>, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}

/// Percent-encodes a value as RFC 8187 wants it.
pub(crate) fn encode_rfc8187(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
    encoded
}
