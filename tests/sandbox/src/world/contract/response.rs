//! Builders of HTTP responses.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

/// The header with the id of the request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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

/// Sets the id of the request on a response.
pub(crate) fn set_request_id<B>(response: &mut Response<B>, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}

pub(crate) fn to_bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
