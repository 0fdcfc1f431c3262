//! Problems (RFC 9457): the responses with status 400 and above.

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::response::{to_bytes, with_body};

/// A part of a request body that violates the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SchemaError {
    pub(crate) pointer: String,
    pub(crate) detail: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Details {
    None,
    InvalidMembers(Vec<String>),
    SchemaErrors(Vec<SchemaError>),
    Allow(String),
    RetryAfter(u64),
    /// The size of a file without the requested range.
    FileSize(u64),
}

/// The reason why a request is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    pub(crate) details: Details,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), details: Details::None }
    }

    fn with(mut self, details: Details) -> Self {
        self.details = details;
        self
    }

    /// 400: malformed JSON, or an invalid path segment, query parameter or header.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
    }

    /// 401: invalid credentials.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "auth", "Unknown App ID, wrong Secret, or revoked key.")
    }

    /// 403: a missing right of the bot.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "auth", detail)
    }

    /// 403: disabled in the organisation's settings.
    pub(crate) fn not_allowed(code: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404: unknown, or not visible to the bot.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("No such {what}."))
    }

    /// 405: the path does not support the method.
    pub(crate) fn method_not_allowed(allowed: &[&str]) -> Self {
        let detail = format!("This path supports {}.", allowed.join(" and "));
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).with(Details::Allow(allowed.join(", ")))
    }

    /// 409: the state of the chat does not allow it.
    pub(crate) fn conflict(detail: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// 413: the body is too large.
    pub(crate) fn too_large(limit: u64) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", format!("The body is larger than {limit} bytes."))
    }

    /// 415: an unsupported media type.
    pub(crate) fn unsupported_media_type(detail: &str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    /// 416: the range is outside of the file.
    pub(crate) fn range_not_satisfiable(size: u64) -> Self {
        let detail = format!("The file has {size} bytes.");
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", detail).with(Details::FileSize(size))
    }

    /// 422: the request violates a rule of the operation.
    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail)
    }

    /// 422: the body violates its schema.
    pub(crate) fn schema_errors(errors: Vec<SchemaError>) -> Self {
        Self::unprocessable("The body violates its schema.").with(Details::SchemaErrors(errors))
    }

    /// 422: unknown or unusable ids of users or groups.
    pub(crate) fn invalid_members(ids: Vec<String>) -> Self {
        let detail = format!("{} ids are unknown or not usable.", ids.len());
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_members", detail).with(Details::InvalidMembers(ids))
    }

    /// 422: the image cannot be an avatar.
    pub(crate) fn invalid_image(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "image_load", detail)
    }

    /// 429: too many requests.
    pub(crate) fn rate_limited(seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests.")
            .with(Details::RetryAfter(seconds))
    }

    pub(crate) fn into_response(self, request_id: &str) -> Response<Vec<u8>> {
        let mut body = json!({
            "type": "about:blank",
            "title": title(self.status),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        });
        let mut extra = None;
        match self.details {
            Details::None => {}
            Details::InvalidMembers(ids) => body["invalid_members"] = json!(ids),
            Details::SchemaErrors(errors) => {
                body["errors"] =
                    errors.into_iter().map(|it| json!({ "pointer": it.pointer, "detail": it.detail })).collect();
            }
            Details::Allow(methods) => extra = Some((header::ALLOW, methods)),
            Details::RetryAfter(seconds) => extra = Some((header::RETRY_AFTER, seconds.to_string())),
            Details::FileSize(size) => extra = Some((header::CONTENT_RANGE, format!("bytes */{size}"))),
        }
        if self.status == StatusCode::UNAUTHORIZED {
            extra = Some((header::WWW_AUTHENTICATE, r#"Basic realm="teamwire", charset="UTF-8""#.into()));
        }
        let mut response = with_body(self.status, "application/problem+json", to_bytes(&body), request_id);
        if let Some((name, value)) = extra
            && let Ok(value) = HeaderValue::try_from(value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Builds a problem with this status and its usual code, as requested by a fault rule.
pub fn problem_response(status: StatusCode, retry_after: Option<u64>, request_id: &str) -> Response<Vec<u8>> {
    let code = match status.as_u16() {
        401 | 403 => "auth",
        404 => "not_found",
        405 => "method_not_allowed",
        409 => "conflict",
        410 => "cursor_expired",
        413 => "payload_too_large",
        415 => "unsupported_media_type",
        416 => "range_not_satisfiable",
        429 => "rate_limited",
        400..=499 => "invalid_request",
        _ => "server",
    };
    let details = retry_after.map_or(Details::None, Details::RetryAfter);
    let problem = Problem::new(status, code, "Injected by a fault rule of the sandbox.").with(details);
    problem.into_response(request_id)
}

/// The reason phrase of the status as in RFC 9110.
fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        _ => status.canonical_reason().unwrap_or("Unknown"),
    }
}
