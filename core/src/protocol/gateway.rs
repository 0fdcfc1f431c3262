//! Error responses that the protocol does not recognise, such as the page of a proxy: their status alone counts.

use alloc::{format, string::String, vec::Vec};

use http::{StatusCode, header};

use super::{
    ResponseReader,
    content::content_coding,
    refusal::{is_transient, is_uncertain},
};
use crate::error::{ApiError, Error, ErrorKind, Meaning};

/// Returns the error of such a response, with an excerpt of the body.
pub(super) fn error(reader: &ResponseReader<'_>) -> Error {
    let unreadable = content_coding(reader.headers()).map(|coding| {
        let coding = reader.prose(coding.as_bytes());
        format!("the body has the content coding {coding:?}, which was not requested, and cannot be decoded")
    });
    let kind = match reader.status() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorKind::Auth,
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited,
        StatusCode::REQUEST_TIMEOUT => ErrorKind::Server,
        status if status.is_server_error() => ErrorKind::Server,
        _ => return reader.unexpected(&unreadable.unwrap_or_else(|| describe_status(reader)), None).into(),
    };
    ApiError {
        kind,
        status: reader.status().as_u16(),
        code: None,
        message: unreadable,
        request_id: reader.request_id(),
        retry_after: reader.retry_after(),
        invalid_members: Vec::new(),
        excerpt: Some(reader.excerpt()).filter(|excerpt| !excerpt.is_empty()),
        previous_outcome_unknown: false,
        not_found: None,
        meaning: Meaning {
            is_transient: is_transient(reader.status()),
            is_uncertain: is_uncertain(reader.status()),
            is_in_progress: false,
            is_login_expired: false,
            is_of_protocol: false,
            signal: None,
        },
        redaction: reader.redaction(),
    }
    .into()
}

/// Describes an error response that the protocol does not recognise.
fn describe_status(reader: &ResponseReader<'_>) -> String {
    let meaning = match reader.status() {
        StatusCode::NOT_MODIFIED => "not modified, although the request was not conditional: probably from a cache",
        status if status.is_redirection() => {
            let to = reader
                .header(header::LOCATION.as_str())
                .filter(|_| !reader.hides_content())
                .map_or_else(|| "an unknown location".into(), |to| reader.prose(to));
            return format!("a redirect to {to}; redirects are not followed, to protect the credentials");
        }
        StatusCode::PAYLOAD_TOO_LARGE => "the request is too large for the server or a proxy",
        StatusCode::URI_TOO_LONG => "the URI is too long for the server or a proxy",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the request headers are too large for the server or a proxy",
        StatusCode::EXPECTATION_FAILED => "a proxy does not support `Expect: 100-continue`",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "a proxy does not accept this content type",
        StatusCode::MISDIRECTED_REQUEST => "the request reached a server that is not responsible for this host",
        status => {
            let meaning = status.canonical_reason().unwrap_or("unknown status");
            return format!("unrecognised error response: {meaning} (is the base URL correct?)");
        }
    };
    format!("unrecognised error response: {meaning}")
}
