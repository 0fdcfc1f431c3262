//! Error responses: `application/problem+json` (RFC 9457) with a `code`, or an intermediary's.

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::{ops::RangeInclusive, time::Duration};

use chrono::{DateTime, NaiveDateTime, Utc};
use http::{HeaderMap, StatusCode, header};

use super::{
    content::{PROBLEM, content_coding, media_type},
    json::{Decode, Json},
    response::ResponseReader,
};
use crate::{
    effect::{Now, Response},
    error::{ApiError, Error, ErrorKind, Meaning},
};

/// Maximum number of invalid members to keep: twice the number of ids in a list of a request.
const MAX_INVALID_MEMBERS: usize = 2000;
/// Maximum length of a code.
const MAX_CODE_BYTES: usize = 64;

/// The codes of the contract and their statuses. Only these combinations affect decisions.
const CODES: [(&str, &[RangeInclusive<u16>]); 22] = [
    ("auth", &[401..=401, 403..=403]),
    ("close_chat_not_allowed", &[403..=403]),
    ("conflict", &[409..=409]),
    ("cursor_expired", &[410..=410]),
    ("idempotency_mismatch", &[422..=422]),
    ("image_load", &[404..=404, 422..=422]),
    ("image_remove", &[403..=403]),
    ("in_progress", &[409..=409]),
    ("invalid_members", &[422..=422]),
    ("invalid_request", &[400..=400, 422..=422]),
    ("lease_expired", &[409..=409]),
    ("leave_chat_not_allowed", &[403..=403]),
    ("method_not_allowed", &[405..=405]),
    ("not_found", &[404..=404]),
    ("payload_too_large", &[413..=413]),
    ("range_not_satisfiable", &[416..=416]),
    ("rate_limited", &[429..=429]),
    ("read_receipts_disabled", &[403..=403]),
    ("server", &[500..=599]),
    ("unsubscribed", &[410..=410]),
    ("unsupported_media_type", &[415..=415]),
    ("update_members_not_allowed", &[403..=403]),
];

/// Returns the statuses of a code; `None` if it is not in the contract.
fn statuses(code: &str) -> Option<&'static [RangeInclusive<u16>]> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, statuses)| *statuses)
}

/// The members of a problem document of the contract. Each is decoded separately, so a malformed one is only left out.
struct Problem<'a> {
    code: String,
    title: Option<String>,
    detail: Option<String>,
    request_id: Option<String>,
    invalid_members: Option<Json<'a>>,
}

impl<'a> Problem<'a> {
    /// Returns `None` for anything else, such as a gateway's page or JSON: another media type, no code, or a code of
    /// the contract with the wrong status.
    fn read(response: &'a Response) -> Option<Self> {
        if media_type(response.headers()).as_deref() != Some(PROBLEM) {
            return None;
        }
        let names = ["code", "title", "detail", "request_id", "invalid_members"];
        let [code, title, detail, request_id, invalid_members] =
            Json::possibly_truncated(response.body())?.members(names).ok()?;
        let code = code.optional::<String>().filter(|code| is_code(code))?;
        let status = response.status().as_u16();
        if statuses(&code).is_some_and(|all| !all.iter().any(|it| it.contains(&status))) {
            return None;
        }
        Some(Self {
            code,
            title: title.optional(),
            detail: detail.optional(),
            request_id: request_id.optional(),
            invalid_members: invalid_members.value(),
        })
    }
}

/// Returns `true` for a possible code, including those of later versions of the contract: lower case with underscores.
fn is_code(code: &str) -> bool {
    (1..=MAX_CODE_BYTES).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Decodes an error response: as a problem document of the contract or, failing that, by its status alone, with an
/// excerpt of the body. Any other status leads to an [`Error::UnexpectedResponse`].
pub(in crate::protocol) fn api_error(reader: &ResponseReader<'_>, now: Now) -> Result<ApiError, Error> {
    let status = reader.response().status();
    let retry_after = retry_after(reader.response().headers(), now.utc);
    let from_header = || reader.header("x-request-id").map(|id| reader.data(id));
    if let Some(problem) = Problem::read(reader.response()) {
        let Problem { code, title, detail, request_id, invalid_members } = problem;
        let ids = invalid_members.and_then(Json::items).into_iter().flatten();
        let ids = ids.filter_map(|id| String::decode(id).ok()).take(MAX_INVALID_MEMBERS);
        let meaning = meaning(status, Some(&code));
        return Ok(ApiError {
            kind: kind_of_code(&code),
            status: status.as_u16(),
            code: Some(if meaning.has_known_code { code } else { reader.exact(code.as_bytes()) }),
            message: detail.or(title).map(|text| reader.prose(text.as_bytes())),
            request_id: request_id.map(|id| reader.data(id.as_bytes())).or_else(from_header),
            retry_after,
            invalid_members: ids.map(|id| reader.exact(id.as_bytes())).collect(),
            excerpt: None,
            previous_outcome_unknown: false,
            meaning,
            redaction: reader.redaction(),
        });
    }
    let unreadable = content_coding(reader.response().headers()).map(|coding| {
        let coding = reader.prose(coding.as_bytes());
        format!("the body has the content coding {coding:?}, which was not requested, and cannot be decoded")
    });
    let kind = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorKind::Auth,
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited,
        StatusCode::REQUEST_TIMEOUT => ErrorKind::Server,
        status if status.is_server_error() => ErrorKind::Server,
        _ => {
            let reason = unreadable.unwrap_or_else(|| describe_status(reader));
            return Err(Error::UnexpectedResponse(Box::new(reader.unexpected(&reason, None))));
        }
    };
    Ok(ApiError {
        kind,
        status: status.as_u16(),
        code: None,
        message: unreadable,
        request_id: from_header(),
        retry_after,
        invalid_members: Vec::new(),
        excerpt: Some(reader.excerpt()).filter(|excerpt| !excerpt.is_empty()),
        previous_outcome_unknown: false,
        meaning: meaning(status, None),
        redaction: reader.redaction(),
    })
}

/// Describes an error response that is not one of the contract.
fn describe_status(reader: &ResponseReader<'_>) -> String {
    let meaning = match reader.response().status() {
        StatusCode::NOT_MODIFIED => "not modified, although the request was not conditional: probably from a cache",
        status if status.is_redirection() => {
            let to = reader
                .header(header::LOCATION.as_str())
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

/// Returns the consequences of an error response with this status and, in a problem document, this code.
fn meaning(status: StatusCode, code: Option<&str>) -> Meaning {
    let status = status.as_u16();
    let is_in_progress = status == 409 && code == Some("in_progress");
    let statuses = code.and_then(statuses);
    Meaning {
        is_transient: matches!(status, 408 | 429 | 500 | 502..=504 | 506..=599) || is_in_progress,
        is_in_progress,
        has_known_code: statuses.is_some(),
        is_of_contract: statuses.is_some_and(|all| all.iter().any(|it| it.contains(&status))),
    }
}

fn kind_of_code(code: &str) -> ErrorKind {
    match code {
        "auth" => ErrorKind::Auth,
        "not_found" => ErrorKind::NotFound,
        "invalid_members" => ErrorKind::InvalidMembers,
        "update_members_not_allowed" => ErrorKind::UpdateMembersNotAllowed,
        "leave_chat_not_allowed" => ErrorKind::LeaveChatNotAllowed,
        "close_chat_not_allowed" => ErrorKind::CloseChatNotAllowed,
        "read_receipts_disabled" => ErrorKind::ReadReceiptsDisabled,
        "image_load" => ErrorKind::ImageLoad,
        "image_remove" => ErrorKind::ImageRemove,
        "rate_limited" => ErrorKind::RateLimited,
        _ => ErrorKind::Server,
    }
}

/// Returns the wait of a `Retry-After` header: a number of seconds, or the time until a date. The latter is relative
/// to the `Date` of the response, if present, as the clocks may differ. Zero for a date in the past; `None` for an
/// invalid value.
fn retry_after(headers: &HeaderMap, utc: DateTime<Utc>) -> Option<Duration> {
    let value = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let text = value(header::RETRY_AFTER)?;
    if let Some(time) = seconds(text) {
        return Some(time);
    }
    Some((http_date(text)? - date(headers).unwrap_or(utc)).to_std().unwrap_or_default())
}

/// Parses a number of seconds, saturating at the maximum. HTTP has only integers, but some servers send a fraction or
/// a unit.
fn seconds(text: &str) -> Option<Duration> {
    let number = text.strip_suffix(['s', 'S']).unwrap_or(text).trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let nanos = fraction.bytes().chain(core::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    Some(whole.parse().map_or(Duration::MAX, |seconds| Duration::new(seconds, nanos)))
}

/// Returns the time of a response by the server's clock.
pub(in crate::protocol) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    headers.get(header::DATE)?.to_str().ok().map(str::trim).and_then(http_date)
}

/// Parses a date in any of the three formats that RFC 9110 requires recipients to accept.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).map(|date| date.with_timezone(&Utc)).ok().or_else(|| {
        ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|date| date.and_utc())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_parsed_in_every_form() {
        let utc = DateTime::parse_from_rfc3339("1994-11-06T08:49:00Z").map(|t| t.to_utc()).expect("the date is valid");
        for (value, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("30s", Some(30)),
            ("30 s", Some(30)),
            ("00000000000000000000007", Some(7)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(37)),
            ("Sun Nov  6 08:49:37 1994", Some(37)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-5", None),
            ("+5", None),
            ("1e3", None),
            ("1.2.3", None),
            (".5", None),
            ("s", None),
            ("soon", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, value.parse().expect("a header value"));
            assert_eq!(retry_after(&headers, utc), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn seconds_have_any_number_of_digits() {
        for (value, time) in [
            ("1.5", Duration::from_millis(1_500)),
            ("0.25s", Duration::from_millis(250)),
            ("1.", Duration::from_secs(1)),
            ("2.0000000009", Duration::from_secs(2)),
            ("18446744073709551615", Duration::from_secs(u64::MAX)),
            ("18446744073709551616", Duration::MAX),
            ("99999999999999999999.5", Duration::MAX),
        ] {
            assert_eq!(seconds(value), Some(time), "{value}");
        }
    }

    #[test]
    fn a_wrong_clock_does_not_change_the_wait() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, "Sun, 06 Nov 1994 08:49:37 GMT".parse().expect("a header value"));
        headers.insert(header::DATE, "Sun, 06 Nov 1994 08:49:00 GMT".parse().expect("a header value"));
        for utc in [DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC] {
            assert_eq!(retry_after(&headers, utc), Some(Duration::from_secs(37)));
        }
    }
}
