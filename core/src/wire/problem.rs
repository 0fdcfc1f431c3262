//! How the server says no: `application/problem+json` (RFC 9457) with a `code`, or whatever stands in its way.

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use http::{HeaderMap, StatusCode, header};

use super::{answer::Answer, pieces, promise::content_coding};
use crate::{
    clock::Now,
    error::{Error, ErrorKind, Refusal},
};

/// Maximum number of ids that are kept of a list of those at fault: twice as many as a request can name of one kind.
const MOST_IDS: usize = 2000;
/// Maximum length of a code.
const LONGEST_CODE: usize = 64;

/// The codes of the contract. Decisions depend on no other.
const CODES: [&str; 21] = [
    "auth",
    "close_chat_not_allowed",
    "conflict",
    "cursor_expired",
    "image_load",
    "image_remove",
    "in_progress",
    "invalid_members",
    "invalid_request",
    "lease_expired",
    "leave_chat_not_allowed",
    "method_not_allowed",
    "not_found",
    "payload_too_large",
    "range_not_satisfiable",
    "rate_limited",
    "read_receipts_disabled",
    "server",
    "unsubscribed",
    "unsupported_media_type",
    "update_members_not_allowed",
];

/// The members of a problem of the contract. Each is read by itself: an odd one costs itself only.
struct Problem<'a> {
    code: String,
    title: Option<String>,
    detail: Option<String>,
    request_id: Option<String>,
    invalid_members: Option<&'a [u8]>,
}

impl<'a> Problem<'a> {
    /// Returns `None` for anything else, like the page or the JSON of a gateway.
    fn read(body: &'a [u8]) -> Option<Self> {
        let names = ["code", "title", "detail", "request_id", "invalid_members"];
        let [code, title, detail, request_id, invalid_members] = pieces::members(body, names)?;
        Some(Self {
            code: text(code?).filter(|code| is_code(code))?,
            title: title.and_then(text),
            detail: detail.and_then(text),
            request_id: request_id.and_then(text),
            invalid_members,
        })
    }
}

/// The text of a JSON string, of which some bytes may not be UTF-8.
fn text(json: &[u8]) -> Option<String> {
    serde_json::from_str(&String::from_utf8_lossy(json)).ok()
}

/// Returns `true` for what can be a code of the contract, also one that is to come: lower case with underscores.
fn is_code(code: &str) -> bool {
    (1..=LONGEST_CODE).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// An answer that is no success, degraded in steps: the contract's problem; else what the status alone says, with
/// the body as evidence. A status that the contract has no answer for is an unexpected answer.
pub(super) fn refusal(answer: &Answer<'_>, now: Now) -> Result<Refusal, Error> {
    let status = answer.response().status();
    let retry_after = retry_after(answer.response().headers(), now.utc);
    let from_header = || answer.header("x-request-id").map(|id| answer.data(id));
    if let Some(problem) = Problem::read(answer.response().body()) {
        let Problem { code, title, detail, request_id, invalid_members } = problem;
        let ids = invalid_members.and_then(pieces::items).into_iter().flatten().filter_map(text).take(MOST_IDS);
        return Ok(Refusal {
            kind: kind_of_code(&code),
            status: status.as_u16(),
            // A known one is no credential, even if one has the same characters.
            code: Some(if CODES.contains(&code.as_str()) { code } else { answer.data(code.as_bytes()) }),
            message: detail.or(title).map(|text| answer.prose(text.as_bytes())),
            request_id: request_id.map(|id| answer.data(id.as_bytes())).or_else(from_header),
            retry_after,
            invalid_members: ids.map(|id| answer.data(id.as_bytes())).collect(),
            excerpt: None,
            after_silence: false,
        });
    }
    let unreadable = content_coding(answer.response().headers()).map(|coding| {
        let coding = answer.prose(coding.as_bytes());
        format!("its explanation has the content coding {coding:?}, which was not asked for, and cannot be read")
    });
    let kind = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorKind::Auth,
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited,
        StatusCode::REQUEST_TIMEOUT => ErrorKind::Server,
        status if status.is_server_error() => ErrorKind::Server,
        _ => {
            let reason = unreadable.unwrap_or_else(|| unforeseen(answer));
            return Err(Error::UnexpectedAnswer(Box::new(answer.unexpected(&reason, None))));
        }
    };
    Ok(Refusal {
        kind,
        status: status.as_u16(),
        code: None,
        message: unreadable,
        request_id: from_header(),
        retry_after,
        invalid_members: Vec::new(),
        excerpt: Some(answer.excerpt()).filter(|excerpt| !excerpt.is_empty()),
        after_silence: false,
    })
}

/// Says what a status means that comes from something else than a server of the contract.
fn unforeseen(answer: &Answer<'_>) -> String {
    let meaning = match answer.response().status() {
        StatusCode::NOT_MODIFIED => {
            "the content has not changed, and nothing was asked about that: a cache is in between"
        }
        status if status.is_redirection() => {
            let to = answer.header(header::LOCATION.as_str()).map_or_else(|| "nowhere".into(), |to| answer.prose(to));
            return format!("a redirect to {to}, which is not followed with credentials");
        }
        StatusCode::PAYLOAD_TOO_LARGE => "the request is larger than the server, or something before it, accepts",
        StatusCode::URI_TOO_LONG => "the URI is longer than the server, or something before it, accepts",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "the header is larger than the server, or something before it, accepts"
        }
        StatusCode::EXPECTATION_FAILED => "something before the server does not support `Expect: 100-continue`",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "something before the server does not accept this type of content",
        StatusCode::MISDIRECTED_REQUEST => "the request has reached a server that is not responsible for this host",
        status => {
            let meaning = status.canonical_reason().unwrap_or("no meaning");
            return format!(
                "the server refused ({meaning}) in a form that the contract does not have (is the base URL right?)"
            );
        }
    };
    format!("{meaning} (in a form that the contract does not have)")
}

/// Whether the same request may well succeed later.
pub(crate) fn is_transient(refusal: &Refusal) -> bool {
    matches!(refusal.status, 408 | 429 | 500 | 502..=504 | 506..=599) || is_in_progress(refusal)
}

/// Returns `true` if the server still works on the first request with the same key.
pub(crate) fn is_in_progress(refusal: &Refusal) -> bool {
    refusal.status == 409 && refusal.code.as_deref() == Some("in_progress")
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

/// How long a `Retry-After` header asks to wait: a number of seconds, or the time until a date. That is measured from the
/// response's own `Date`, if it has one: the server's clock and ours may differ by any amount. A date that has passed asks
/// for no wait; one that is none asks nothing.
fn retry_after(headers: &HeaderMap, utc: DateTime<Utc>) -> Option<Duration> {
    let value = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = value(header::RETRY_AFTER)?;
    if let Some(time) = seconds(asked) {
        return Some(time);
    }
    Some((http_date(asked)? - date(headers).unwrap_or(utc)).to_std().unwrap_or_default())
}

/// A number of seconds, which is the longest time where it is larger than that. HTTP has whole numbers only; some servers
/// write a fraction, or the unit.
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

/// When the server sent a response, by its own clock.
pub(super) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    headers.get(header::DATE)?.to_str().ok().map(str::trim).and_then(http_date)
}

/// A date in any of the three forms that RFC 9110 has a recipient take.
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
    fn retry_after_is_read_in_every_form_that_http_has() {
        let utc = DateTime::parse_from_rfc3339("1994-11-06T08:49:00Z").map(|t| t.to_utc()).expect("a date");
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
    fn a_number_of_seconds_has_any_length() {
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
    fn a_clock_that_is_wrong_does_not_change_how_long_a_server_asks_to_wait() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, "Sun, 06 Nov 1994 08:49:37 GMT".parse().expect("a header value"));
        headers.insert(header::DATE, "Sun, 06 Nov 1994 08:49:00 GMT".parse().expect("a header value"));
        for utc in [DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC] {
            assert_eq!(retry_after(&headers, utc), Some(Duration::from_secs(37)));
        }
    }
}
